"""Arrays in and out of the package: checked once, float64, C-contiguous."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_lab.errors import LearningError

__all__ = ["Floats", "Integers", "as_frozen", "as_vector", "same_length"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def as_vector(values: ArrayLike, name: str, length: int | None = None) -> Floats:
    """A finite float64 vector, of ``length`` if one is given; :class:`LearningError` says what is wrong."""
    vector = np.ascontiguousarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise LearningError(f"{name} must be a vector; its shape is {vector.shape}.")
    if length is not None and vector.size != length:
        raise LearningError(f"{name} has {vector.size} values where {length} are needed.")
    if not np.isfinite(vector).all():
        where = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise LearningError(f"{name}[{where}] is {vector[where]}, not a finite number.")
    return vector


def as_frozen(values: ArrayLike) -> Floats:
    """A private, read-only float64 copy."""
    copy = np.array(values, dtype=np.float64, order="C")
    copy.setflags(write=False)
    return copy


def same_length(outputs: Floats, targets: Floats) -> tuple[Floats, Floats]:
    """Outputs and targets as vectors over the same, at least two, cases."""
    outputs = as_vector(outputs, "outputs")
    targets = as_vector(targets, "targets", outputs.size)
    if outputs.size < 2:
        raise LearningError(f"A loss needs at least two cases; there is {outputs.size}.")
    return outputs, targets
