"""How well two measurements of the same quantities agree."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hgx_lab.signals.types import Floats

__all__ = ["r_squared", "root_mean_square"]


def r_squared(reference: ArrayLike, values: ArrayLike) -> float:
    """Coefficient of determination ``1 - sum (values - reference)^2 / sum (reference - mean)^2``.

    Of the values themselves, not of a line fitted to them: a wrong factor counts as disagreement, and the result may
    be negative. Pairs with a NaN are left out; NaN where there are fewer than two, or the reference doesn't vary.
    """
    x, y = _pairs(reference, values)
    spread = float(np.sum((x - x.mean()) ** 2)) if x.size > 1 else 0.0
    return 1.0 - float(np.sum((y - x) ** 2)) / spread if spread > 0.0 else float("nan")


def root_mean_square(reference: ArrayLike, values: ArrayLike) -> float:
    """Root of the mean squared difference; pairs with a NaN are left out, NaN where there is none."""
    x, y = _pairs(reference, values)
    return float(np.sqrt(np.mean((y - x) ** 2))) if x.size else float("nan")


def _pairs(reference: ArrayLike, values: ArrayLike) -> tuple[Floats, Floats]:
    x, y = (np.asarray(a, dtype=np.float64).ravel() for a in (reference, values))
    known = np.isfinite(x) & np.isfinite(y)
    return x[known], y[known]
