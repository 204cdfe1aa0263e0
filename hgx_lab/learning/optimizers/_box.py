"""The box the controls live in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, as_frozen, as_vector

__all__ = ["Box"]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """Bounds of the controls, (K,) each, in V.

    Where tones ride on the controls, the bounds are the electrodes' limits less the tones' peak: the guard,
    not the optimizer, is what protects the device, and a box as wide as the limits would have it refuse.
    """

    lower: Floats
    upper: Floats

    def __post_init__(self) -> None:
        lower = as_frozen(as_vector(self.lower, "Box.lower"))
        upper = as_frozen(as_vector(self.upper, "Box.upper", lower.size))
        for k in np.flatnonzero(lower >= upper):
            raise LearningError(f"Control {k} has no room: its bounds are {lower[k]:g} V and {upper[k]:g} V.")
        object.__setattr__(self, "lower", lower)
        object.__setattr__(self, "upper", upper)

    @property
    def size(self) -> int:
        """Number of controls."""
        return self.lower.size

    def project(self, controls: Floats) -> Floats:
        """The nearest point of the box."""
        return np.clip(controls, self.lower, self.upper)

    def blocked(self, controls: Floats, direction: Floats) -> NDArray[np.bool_]:
        """Which controls stand on a bound that ``direction`` points out of, (K,)."""
        return ((controls >= self.upper) & (direction > 0)) | ((controls <= self.lower) & (direction < 0))
