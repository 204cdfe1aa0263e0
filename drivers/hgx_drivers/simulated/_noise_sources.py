"""Running noise sources, and the stream that hands out their sum.

Every source draws in pieces of a fixed length from its own sub-stream of the seed. So the samples don't depend on
how the stream is cut into blocks, and switching one source off leaves the others as they were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from hgx_drivers.simulated._flicker_design import design_flicker_filter

__all__ = ["FlickerSource", "HumSource", "NoiseStream", "Source", "WhiteSource", "substream"]

Floats = NDArray[np.float64]

_PIECE = 4096
#: Fixed for ever: a record made with one version must be made again by the next.
_STREAM_KEYS = {"flicker": 1, "white": 2, "hum": 3, "telegraph": 4}


def substream(seed: int, name: str, channel: int, era: int, *place: int) -> np.random.Generator:
    """The random generator of one noise source of one input channel in one era, independent of all others.

    An era ends where the sampling rate changes; ``place`` tells sources of one kind apart where there are several.
    """
    key = (_STREAM_KEYS[name], channel, era, *place)
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))


class Source(Protocol):
    """Something that makes the current noise of one channel piece by piece."""

    def fill(self, out: Floats) -> None:
        """Write the next piece, in amperes; all pieces of a source have the same length."""
        ...


class NoiseStream:
    """The sum of some sources of one channel, handed out in stretches of any length."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._piece = np.zeros(_PIECE)
        self._scratch = np.zeros(_PIECE)
        self._used = _PIECE

    def add_to(self, samples: Floats) -> None:
        """Add the next samples to ``samples``, shape (n,), in place."""
        done, wanted = 0, samples.shape[0]
        while self._sources and done < wanted:
            if self._used == _PIECE:
                self._refill()
            width = min(wanted - done, _PIECE - self._used)
            part = samples[done : done + width]
            np.add(part, self._piece[self._used : self._used + width], out=part)
            self._used += width
            done += width

    def peek(self) -> float:
        """The next sample, which stays in the stream."""
        if not self._sources:
            return 0.0
        if self._used == _PIECE:
            self._refill()
        return float(self._piece[self._used])

    def _refill(self) -> None:
        self._piece.fill(0.0)
        for source in self._sources:
            source.fill(self._scratch)
            np.add(self._piece, self._scratch, out=self._piece)
        self._used = 0


class WhiteSource:
    """Independent normals of standard deviation ``deviation`` amperes."""

    def __init__(self, deviation: float, generator: np.random.Generator) -> None:
        self._deviation = deviation
        self._generator = generator

    def fill(self, out: Floats) -> None:
        """Write the next piece."""
        self._generator.standard_normal(out=out)
        np.multiply(out, self._deviation, out=out)


class FlickerSource:
    """White noise through a filter with a power-law spectrum, stationary from the first sample."""

    def __init__(
        self,
        rate_hz: float,
        density_at_1_khz: float,
        exponent: float,
        lowest_hz: float,
        generator: np.random.Generator,
    ) -> None:
        shape = design_flicker_filter(rate_hz, lowest_hz, exponent)
        self._scale = math.sqrt(density_at_1_khz)
        self._sections = shape.sections()
        factor = shape.stationary_factor()
        self._state = np.zeros((len(factor), 2))
        self._state[:, 0] = factor @ generator.standard_normal(len(factor))
        self._generator = generator

    def fill(self, out: Floats) -> None:
        """Write the next piece."""
        self._generator.standard_normal(out=out)
        filtered, self._state = signal.sosfilt(self._sections, out, zi=self._state)
        np.multiply(filtered, self._scale, out=out)


class HumSource:
    """Harmonics of a wandering frequency.

    The frequency is constant within a piece; the phase runs on from piece to piece, in turns modulo 1.
    """

    def __init__(
        self,
        rate_hz: float,
        frequency_hz: float,
        amplitudes: Sequence[float],
        wander_hz: float,
        wander_seconds: float,
        generator: np.random.Generator,
    ) -> None:
        self._rate_hz = rate_hz
        self._frequency_hz = frequency_hz
        self._amplitudes = tuple(amplitudes)
        self._wander_hz = wander_hz
        self._generator = generator
        self._turns = generator.random(len(self._amplitudes))
        self._memory = math.exp(-_PIECE / rate_hz / wander_seconds)
        self._deviation = wander_hz * generator.standard_normal()
        self._index = np.arange(_PIECE, dtype=np.float64)

    def fill(self, out: Floats) -> None:
        """Write the next piece."""
        out.fill(0.0)
        step = (self._frequency_hz + self._deviation) / self._rate_hz
        for k, amplitude in enumerate(self._amplitudes):
            angle = self._index * (2.0 * np.pi * (k + 1) * step)
            np.add(angle, 2.0 * np.pi * self._turns[k], out=angle)
            np.sin(angle, out=angle)
            np.multiply(angle, amplitude, out=angle)
            np.add(out, angle, out=out)
            self._turns[k] = (self._turns[k] + (k + 1) * step * _PIECE) % 1.0
        fresh = math.sqrt(1.0 - self._memory**2) * self._wander_hz
        self._deviation = self._memory * self._deviation + fresh * self._generator.standard_normal()
