"""Place a set of distinct sums on the free bins of a band so that its largest bin is as small as can be found."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from hgx_lab.signals.plans._constructions import CyclicSet
from hgx_lab.signals.plans._products import Bins

__all__ = ["place", "smallest_shifts"]

Free = NDArray[np.bool_]


def place(
    count: int,
    free: Free,
    families: Iterable[CyclicSet],
    accept: Callable[[Bins], bool],
    *,
    windows: int,
    shifts: int,
) -> Bins | None:
    """Return the best found set of ``count`` free bins, ascending; None when nothing fits.

    Of every family and multiplier the shortest stretches of the circle that hold ``count`` residues are tried, each
    at the smallest shift that keeps it free of second and third order and that ``accept`` takes.

    Parameters
    ----------
    count:
        Number of tones, at least 2.
    free:
        ``free[m]`` says whether bin m may be used; its length bounds the largest bin.
    families:
        Sets with at least ``count`` residues.
    accept:
        Last word on a set of bins (folding, private lines of third order).
    windows:
        Stretches tried of each family; a number and not a time, so that a plan doesn't depend on the machine.
    shifts:
        Shifts offered to ``accept`` for each stretch.
    """
    best: Bins | None = None
    limit = len(free)
    for family in families:
        for stretch in _shortest_stretches(family, count, windows):
            if int(stretch[-1]) + 1 >= limit:
                break  # they only get longer
            for shift in smallest_shifts(stretch, free, limit, shifts):
                bins = stretch + shift
                if accept(bins):
                    best, limit = bins, int(bins[-1])
                    break
    return best


def _shortest_stretches(family: CyclicSet, count: int, windows: int) -> list[Bins]:
    """Return the shortest stretches of ``count`` residues over all multipliers, from 0, ascending in length."""
    v, size = family.modulus, len(family.residues)
    residues = np.asarray(family.residues, dtype=np.int64)
    units = family.units()
    lengths = np.empty((len(units), size), dtype=np.int64)
    rows = max(1, 400_000 // size)  # bounds the memory of the sort
    for start in range(0, len(units), rows):
        circle = np.sort(units[start : start + rows, None] * residues % v, axis=1)
        ends = np.concatenate([circle[:, count - 1 :], circle[:, : count - 1] + v], axis=1)
        lengths[start : start + rows] = ends - circle
    order = np.argsort(lengths, axis=None, kind="stable")[:windows]
    stretches: list[Bins] = []
    for unit_index, first in zip(*np.unravel_index(order, lengths.shape), strict=True):
        circle = np.sort(units[unit_index] * residues % v)
        stretch = np.concatenate([circle, circle + v])[first : first + count]
        stretches.append(stretch - stretch[0])
    return stretches


def smallest_shifts(stretch: Bins, free: Free, limit: int, most: int) -> list[int]:
    """Shifts s, ascending, at which ``stretch + s`` is free of second and third order and lies on free bins.

    ``stretch`` (ascending from 0, distinct sums of two) keeps a + b - c = d away at any shift; a + b = c needs
    s = c - a - b, and a + b + c = d needs 2 s = d - a - b - c. From s > stretch[-1] on neither can be.
    When there are more than ``most`` such shifts, an even choice of them that begins with the smallest is returned.
    All bins stay below ``limit``.
    """
    length = int(stretch[-1])
    first_free, last_blocked = int(np.argmax(free)), int(np.flatnonzero(~free)[-1]) if not free.all() else 0
    room = min(limit - length, max(first_free, last_blocked) + 2 * length + 2)
    if room <= 1:
        return []
    bad = np.zeros(room, dtype=np.bool_)
    bad[0] = True
    pair_sums = np.zeros(2 * length + 1, dtype=np.bool_)
    pair_sums[(stretch[:, None] + stretch[None, :]).ravel()] = True
    triple_sums = np.zeros(length + 1, dtype=np.bool_)
    for a in stretch:
        bad |= ~free[a : a + room]
        reach = min(int(a) + 1, room)
        bad[:reach] |= pair_sums[a - reach + 1 : a + 1][::-1]
        triple_sums[a:] |= pair_sums[: length + 1 - a]
    good: list[int] = []
    for shift in np.flatnonzero(~bad).tolist():
        above = stretch - 2 * shift
        if not triple_sums[above[above >= 0]].any():
            good.append(shift)
            if most == 1:
                break
    if len(good) > most:
        good = [good[i] for i in np.linspace(0, len(good) - 1, most).astype(int).tolist()]
    return good
