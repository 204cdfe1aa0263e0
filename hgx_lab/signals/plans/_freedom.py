"""Quick tests of a set of bins, folding included: the last word while a plan is searched."""

from __future__ import annotations

import numpy as np

from hgx_lab.signals.plans._products import Bins, fold, second_order_lines

__all__ = ["has_private_correction", "is_hessian", "is_second_order_free"]


def is_second_order_free(bins: Bins, period_samples: int) -> bool:
    """Whether no harmonic, sum or difference falls on a tone."""
    return not np.isin(second_order_lines(bins, period_samples), bins).any()


def is_hessian(bins: Bins, period_samples: int) -> bool:
    """Whether all K^2 lines of second order are distinct and off the tones, DC and Nyquist.

    That also says that no product of third order falls on a tone, but for the compression terms: a + b + c = d (signs
    and multiples of N free) moves to a + b = d - c, two equal lines, or a line at DC or Nyquist.
    """
    lines = second_order_lines(bins, period_samples)
    taken = np.concatenate([lines, bins])
    return len(np.unique(taken)) == len(taken) and bool(np.all((lines > 0) & (2 * lines < period_samples)))


def has_private_correction(bins: Bins, period_samples: int) -> bool:
    """Whether every 3 f_k and 2 f_j + f_k is alone in its bin among all tones and products up to third order."""
    n, count = period_samples, len(bins)
    i, j, k = (axis.ravel() for axis in np.indices((count, count, count)))
    ordered = (i <= j) & (j <= k)
    triples = bins[i[ordered]] + bins[j[ordered]] + bins[k[ordered]]
    correction = ~((i[ordered] < j[ordered]) & (j[ordered] < k[ordered]))
    mixed = (i <= j) & (k != i) & (k != j)
    lines = fold(triples, n)
    wanted = lines[correction]
    others = np.concatenate([fold(bins[i[mixed]] + bins[j[mixed]] - bins[k[mixed]], n), bins])
    others = np.concatenate([others, second_order_lines(bins, n), lines[~correction]])
    if len(np.unique(wanted)) != len(wanted) or not np.all((wanted > 0) & (2 * wanted < n)):
        return False
    return not np.isin(wanted, others).any()
