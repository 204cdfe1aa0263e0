"""A digital-to-analogue or analogue-to-digital converter as a rounding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError

__all__ = ["Converter"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Converter:
    """A uniform converter of ``bits`` bits between ``minimum_volts`` and ``maximum_volts``.

    Codes are two's complement about the middle of the range: the top code is one step short of the maximum.
    """

    bits: int = 16
    minimum_volts: float = -10.0
    maximum_volts: float = 10.0

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= 32:
            raise RangeError(f"A converter of {self.bits} bits can't be simulated; 1 to 32 can.")
        if not self.minimum_volts < self.maximum_volts:
            raise RangeError(f"The converter range {self.minimum_volts} V to {self.maximum_volts} V is empty.")

    @property
    def step_volts(self) -> float:
        """Volts per code."""
        return (self.maximum_volts - self.minimum_volts) / 2**self.bits

    def round_into(self, volts: Floats, out: Floats) -> None:
        """Write into ``out`` (any shape) the nearest level of every voltage; beyond the range, the last level."""
        step = self.step_volts
        middle = 0.5 * (self.minimum_volts + self.maximum_volts)
        half = 2.0 ** (self.bits - 1)
        np.subtract(volts, middle, out=out)
        np.divide(out, step, out=out)
        np.rint(out, out=out)
        np.maximum(out, -half, out=out)
        np.minimum(out, half - 1.0, out=out)
        np.multiply(out, step, out=out)
        if middle:
            np.add(out, middle, out=out)
