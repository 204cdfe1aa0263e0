"""Exact search for the smallest second- and third-order-free set of bins."""

from __future__ import annotations

from itertools import count as count_from
from types import MappingProxyType

__all__ = ["OPTIMAL_HESSIAN_BINS", "exact_hessian_bins", "smallest_hessian_bins"]

# Lengths of the shortest Golomb rulers: r further marks and x itself need at least this room below x.
_GOLOMB = (0, 0, 1, 3, 6, 11, 17, 25, 34, 44, 55)

#: Sets with the smallest possible largest bin, found by :func:`smallest_hessian_bins`, which proves them.
OPTIMAL_HESSIAN_BINS = MappingProxyType(
    {
        2: (2, 3),
        3: (4, 6, 7),
        4: (5, 9, 11, 12),
        5: (7, 11, 16, 17, 19),
        6: (4, 10, 17, 26, 28, 29),
        7: (7, 8, 18, 31, 35, 37, 40),
        8: (13, 18, 29, 38, 46, 50, 52, 53),
        9: (9, 15, 23, 34, 50, 60, 62, 63, 67),
        10: (8, 14, 29, 48, 53, 71, 73, 80, 83, 84),
    }
)


def smallest_hessian_bins(count: int) -> tuple[int, ...]:
    """Set of ``count`` positive bins, second- and third-order free, whose largest bin is the smallest possible.

    Free means, with a, b, c, d bins of the set, equal ones allowed: no a + b = c (hence no a - b = c), no
    a + b + c = d, and no a + b - c = d except with {a, b} = {c, d}, the compression terms f_i + f_k - f_k that
    every nonlinear device has. It follows that all lines 2 f_i, f_i + f_j and f_i - f_j differ from one another
    and from the tones: each pair of equal ones would be such a relation. Folding isn't considered: the base period
    must have more than four times as many samples as the largest bin.

    The time grows tenfold with each tone: 0.1 s for 7, a few minutes for 10.
    """
    for largest in count_from(max(count, 1)):
        bins, _ = exact_hessian_bins(count, largest, (1 << (largest + 1)) - 2)
        if bins:
            return bins
    raise ArithmeticError("the integers ended")


def exact_hessian_bins(
    count: int, largest: int, allowed: int, *, max_nodes: int | None = None
) -> tuple[tuple[int, ...] | None, int]:
    """Free set of ``count`` of the ``allowed`` bins (bit m for bin m) with ``largest`` as its largest, and nodes used.

    Depth first, from the largest bin down. Sets of integers are bit masks, so that all differences of a new bin to
    the others are one shift. The set is None when there is none, or when ``max_nodes`` partial sets were used up.
    """
    nodes = 0
    lowest = (allowed & -allowed).bit_length() - 1

    def extend(tones: int, gaps: int, pair_sums: int, below: int, left: int) -> int:
        nonlocal nodes
        if left == 0:
            return tones
        for m in range(below - 1, max(_GOLOMB[min(left, 10)], lowest - 1), -1):
            if not allowed >> m & 1 or gaps >> m & 1:
                continue
            if max_nodes is not None and nodes >= max_nodes:
                return 0
            new_tones = tones | 1 << m
            new_gaps = (tones >> m) & ~1
            if new_gaps & (gaps | new_tones):  # a - b = c - d, or a - b = c
                continue
            new_sums = pair_sums | tones << m | 1 << 2 * m
            if (gaps | new_gaps) & new_sums:  # d - c = a + b
                continue
            nodes += 1
            found = extend(new_tones, gaps | new_gaps, new_sums, m, left - 1)
            if found:
                return found
        return 0

    if not allowed >> largest & 1:
        return None, 0
    found = extend(1 << largest, 0, 1 << 2 * largest, largest, count - 1)
    return tuple(m for m in range(largest + 1) if found >> m & 1) or None, nodes
