"""A waveform in volts, made ready for a converter of 16 bit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import InvalidSamples, RangeError
from hgx_drivers.waveform_generator._frequency import nearest_multiple
from hgx_drivers.waveform_generator._interface import ArbitraryWaveform
from hgx_drivers.waveform_generator._levels import Model

__all__ = ["QuantisedWaveform", "quantise"]

_FULL_SCALE = 32767


@dataclass(frozen=True, slots=True, eq=False)
class QuantisedWaveform:
    """Code +-32767 is offset +- amplitude; ``codes`` has shape (n,)."""

    codes: NDArray[np.int16]
    rate_hz: float
    amplitude_volts: float
    offset_volts: float


def quantise(name: str, waveform: ArbitraryWaveform, model: Model) -> QuantisedWaveform:
    """Spread the samples over the whole converter; the largest error is amplitude / 65534.

    Raises
    ------
    InvalidSamples, RangeError
    """
    volts = waveform.volts
    if volts.ndim != 1 or volts.dtype != np.float64 or not np.all(np.isfinite(volts)):
        raise InvalidSamples(f"{name}: a waveform is finite float64 of shape (n,), not {volts.dtype} {volts.shape}.")
    if not model.arbitrary_points:
        raise RangeError(f"{name}: {model.name} can't play a waveform sample by sample.")
    if not model.minimum_points <= volts.size <= model.arbitrary_points:
        raise RangeError(
            f"{name}: {model.name} plays {model.minimum_points} to {model.arbitrary_points} samples, not {volts.size}."
        )
    if not (math.isfinite(waveform.rate_hz) and 0 < waveform.rate_hz <= model.arbitrary_rate_hz):
        raise RangeError(
            f"{name}: {model.name} plays at most {model.arbitrary_rate_hz:g} samples/s, not {waveform.rate_hz:g}."
        )
    nearest = nearest_multiple(waveform.rate_hz, model.frequency_step_hz)
    if nearest != waveform.rate_hz:
        raise RangeError(
            f"{name}: {model.name} can't play exactly {waveform.rate_hz!r} samples/s; the nearest is {nearest!r}."
        )
    lowest, highest = float(volts.min()), float(volts.max())
    if lowest == highest:
        raise RangeError(f"{name}: all samples are {lowest:g} V.", remedy="Use the offset of a sine for a voltage.")
    amplitude, offset = (highest - lowest) / 2, (highest + lowest) / 2
    codes = np.rint((volts - offset) / amplitude * _FULL_SCALE).astype("<i2")
    return QuantisedWaveform(codes, waveform.rate_hz, amplitude, offset)
