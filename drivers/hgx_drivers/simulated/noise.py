"""Noise of the bench as a run file describes it: white, 1/f, fluctuators, mains hum; referred to the device current."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated._noise_sources import FlickerSource, HumSource, Source, WhiteSource, substream
from hgx_drivers.simulated._telegraph_source import TelegraphSource

__all__ = ["Flicker", "Hum", "Telegraph", "White"]


@dataclass(frozen=True, slots=True)
class White:
    """White noise of one-sided density ``density`` (A^2/Hz) up to half the sampling rate."""

    density: float = 3.3e-28

    def __post_init__(self) -> None:
        if not (math.isfinite(self.density) and self.density >= 0.0):
            raise RangeError(f"A white noise density of {self.density} A^2/Hz isn't a density.")

    def source(self, rate_hz: float, seed: int, channel: int, era: int = 0) -> Source:
        """The running source at a sampling rate."""
        return WhiteSource(math.sqrt(self.density * 0.5 * rate_hz), substream(seed, "white", channel, era))


@dataclass(frozen=True, slots=True)
class Flicker:
    """1/f noise of one-sided density ``density_at_1_khz * (1 kHz/f)**exponent`` (A^2/Hz) above ``lowest_hz``.

    With ``doubling_amperes`` I2 the density grows with the device current as 1 + (I/I2)^2: noise of the conductance,
    whose density goes as I^2 (Hooge, Phys. Lett. A 29, 139 (1969)), on top of a floor. None: no growth.
    """

    density_at_1_khz: float = 1e-23
    exponent: float = 1.0
    lowest_hz: float = 0.01
    doubling_amperes: float | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.density_at_1_khz) and self.density_at_1_khz >= 0.0):
            raise RangeError(f"A 1/f noise density of {self.density_at_1_khz} A^2/Hz isn't a density.")
        if not 0.5 <= self.exponent <= 1.5:
            raise RangeError(f"A 1/f exponent of {self.exponent} can't be made; 0.5 to 1.5 can.")
        if not self.lowest_hz > 0.0:
            raise RangeError(f"1/f noise from {self.lowest_hz} Hz has no end; give a frequency above 0 Hz.")
        if self.doubling_amperes is not None and not self.doubling_amperes > 0.0:
            raise RangeError(f"1/f noise can't double at {self.doubling_amperes} A; give a positive current or none.")

    def source(self, rate_hz: float, seed: int, channel: int, era: int = 0) -> Source:
        """The running source at a sampling rate, stationary from its first sample."""
        if self.lowest_hz > 0.01 * rate_hz:
            raise RangeError(
                f"1/f noise from {self.lowest_hz} Hz can't be made at {rate_hz} samples/s.",
                remedy="Let it begin at a hundredth of the rate or lower.",
            )
        return FlickerSource(
            rate_hz,
            self.density_at_1_khz,
            self.exponent,
            self.lowest_hz,
            substream(seed, "flicker", channel, era),
        )

    def growth(self, amperes: NDArray[np.float64]) -> NDArray[np.float64]:
        """Factor on the amplitude of the noise at device currents of any shape."""
        if self.doubling_amperes is None:
            return np.ones_like(amperes)
        return np.sqrt(1.0 + np.square(amperes / self.doubling_amperes))


@dataclass(frozen=True, slots=True)
class Telegraph:
    """A two-level fluctuator: the current jumps between two levels ``amplitude_amperes`` apart.

    It goes up ``up_hz`` times a second of being down, and down ``down_hz`` times a second of being up. The levels lie
    about a mean of zero. With r = up + down the one-sided density is 4 A^2 up down / (r (r^2 + (2 pi f)^2)) (Machlup,
    J. Appl. Phys. 25, 341 (1954)).
    """

    amplitude_amperes: float = 0.1e-9
    up_hz: float = 1.0
    down_hz: float = 1.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.amplitude_amperes):
            raise RangeError(f"A fluctuator of {self.amplitude_amperes} A isn't possible.")
        if not (0.0 < self.up_hz < math.inf and 0.0 < self.down_hz < math.inf):
            raise RangeError(f"A fluctuator can't jump {self.up_hz} and {self.down_hz} times a second.")

    def source(self, rate_hz: float, seed: int, channel: int, era: int = 0, place: int = 0) -> Source:
        """The running source at a sampling rate, stationary from its first sample; ``place``: which of several."""
        generator = substream(seed, "telegraph", channel, era, place)
        return TelegraphSource(rate_hz, self.amplitude_amperes, self.up_hz, self.down_hz, generator)


@dataclass(frozen=True, slots=True)
class Hum:
    """Mains pick-up: harmonics of a mains frequency that wanders slowly about its nominal value.

    ``amplitudes_amperes`` are peak values of the fundamental, the second harmonic and so on. The frequency's
    deviation is a stationary Ornstein-Uhlenbeck process of standard deviation ``wander_hz``.
    """

    frequency_hz: float = 50.0
    amplitudes_amperes: tuple[float, ...] = (0.05e-9, 0.02e-9, 0.02e-9)
    wander_hz: float = 0.02
    wander_seconds: float = 10.0

    def __post_init__(self) -> None:
        if not (self.frequency_hz > 0.0 and self.wander_hz >= 0.0 and self.wander_seconds > 0.0):
            raise RangeError(
                f"Mains of {self.frequency_hz} Hz wandering by {self.wander_hz} Hz in {self.wander_seconds} s "
                "can't be simulated; give positive numbers."
            )

    def source(self, rate_hz: float, seed: int, channel: int, era: int = 0) -> Source:
        """The running source at a sampling rate."""
        return HumSource(
            rate_hz,
            self.frequency_hz,
            self.amplitudes_amperes,
            self.wander_hz,
            self.wander_seconds,
            substream(seed, "hum", channel, era),
        )
