"""A million samples on a thousand pixels: the lowest and the highest of each pixel, so that no spike is lost."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["envelope", "thinned", "thinned_on_a_log_axis"]

Floats = NDArray[np.float64]


def envelope(values: Floats, columns: int) -> tuple[NDArray[np.intp], Floats]:
    """Thin values to a lowest and a highest one for each column.

    Parameters
    ----------
    values:
        Equally spaced samples, (n,).
    columns:
        How many columns of pixels there are for them.

    Returns
    -------
    positions, values:
        Indices of the first sample of each column, twice, and the extremes; the samples themselves where they are
        no more than twice the columns.
    """
    if columns < 1 or values.size <= 2 * columns:
        return np.arange(values.size), values
    width = -(-values.size // columns)
    whole = values.size // width
    body = values[: whole * width].reshape(whole, width)
    ends = np.empty((whole, 2))
    body.min(axis=1, out=ends[:, 0])
    body.max(axis=1, out=ends[:, 1])
    positions = np.repeat(np.arange(whole) * width, 2)
    rest = values[whole * width :]
    if rest.size:
        ends = np.vstack((ends, (rest.min(), rest.max())))
        positions = np.append(positions, (whole * width, whole * width))
    return positions, ends.ravel()


def thinned(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """Thin a curve, (n,) each, to a lowest and a highest value for each column; NaN only where all are."""
    if columns < 1 or y.size <= 2 * columns:
        return x, y
    return _extremes(x, y, np.arange(0, y.size, -(-y.size // columns)))


def thinned_on_a_log_axis(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """Thin a curve with rising x above 0, (n,) each, to a lowest and a highest value for each column of a log axis."""
    if x.size <= 2 * columns:
        return x, y
    return _extremes(x, y, np.unique(np.searchsorted(x, np.geomspace(x[0], x[-1], columns)[:-1])))


def _extremes(x: Floats, y: Floats, starts: NDArray[np.intp]) -> tuple[Floats, Floats]:
    ends = np.column_stack((np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)))
    return np.repeat(x[starts], 2), ends.ravel()
