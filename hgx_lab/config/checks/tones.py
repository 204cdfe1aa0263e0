"""Checks of the tones: below Nyquist, on the grid of the base period, one for each electrode that needs one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from hgx_lab.config.bench import CardBench
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding
from hgx_lab.config.tones import Tones
from hgx_lab.units import format_quantity

__all__ = ["CHECKS"]

# How far from a whole number of samples or periods still counts as one: decimal fractions aren't exact in binary.
_TOLERANCE: Final = 1e-6


def _hertz(value: float) -> str:
    return format_quantity(value, "Hz", digits=9)


def _band(tones: Tones) -> Iterator[Finding]:
    low, high = tones.band
    if low >= high:
        message = f"the band is empty: {_hertz(low)} isn't below {_hertz(high)}."
        hint = f"Write [{_hertz(high)}, {_hertz(low)}]." if low > high else ""
        yield Finding(("tones", "band"), message, suggestion=hint)


def _below_nyquist(bench: CardBench, tones: Tones) -> Iterator[Finding]:
    nyquist = bench.rate / 2
    message = "is not below half the sampling rate of " + _hertz(bench.rate) + "."
    if tones.plan != "manual" and tones.band[1] >= nyquist:
        text = _hertz(tones.band[1])
        yield Finding(("tones", "band", 1), f"{text} {message}", f"below {_hertz(nyquist)}", or_at=(("bench", "rate"),))
    for index, frequency in enumerate(tones.frequencies or ()):
        if frequency >= nyquist:
            text = _hertz(frequency)
            yield Finding(("tones", "frequencies", index), f"{text} {message}", f"below {_hertz(nyquist)}")


def _whole_period(bench: CardBench, tones: Tones) -> Iterator[Finding]:
    samples = tones.period * bench.rate
    below, above = math.floor(samples), math.ceil(samples)
    if abs(samples - round(samples)) <= _TOLERANCE * max(1.0, samples) and round(samples) >= 4:
        return
    near = [format_quantity(max(4, n) / bench.rate, "s", digits=12) for n in sorted({below, above})]
    period = format_quantity(tones.period, "s", digits=12)
    message = f"{period} are {samples:.6g} samples, and must be a whole number of at least 4."
    suggestion = f"Write {' or '.join(dict.fromkeys(near))}."
    yield Finding(("tones", "period"), message, suggestion=suggestion, or_at=(("bench", "rate"),))


def _frequencies(electrodes: tuple[Electrode, ...], tones: Tones) -> Iterator[Finding]:
    if tones.plan != "manual":
        if tones.frequencies is not None:
            message = f"the plan {tones.plan} chooses the frequencies itself."
            yield Finding(("tones", "frequencies"), message, suggestion="Write plan: manual.", at_key=True)
        return
    if tones.frequencies is None:
        yield Finding(("tones", "frequencies"), "a manual plan needs its frequencies.")
        return
    count = sum(tones.amplitude_on(electrode) > 0 for electrode in electrodes)
    if len(tones.frequencies) != count:
        message = f"{len(tones.frequencies)} frequencies for {count} electrodes with a tone."
        yield Finding(("tones", "frequencies"), message, f"{count} frequencies")
    for index, frequency in enumerate(tones.frequencies):
        path = ("tones", "frequencies", index)
        if frequency in tones.frequencies[:index]:
            yield Finding(path, f"{_hertz(frequency)} is there already.")
        periods = frequency * tones.period
        off_grid = abs(periods - round(periods)) > _TOLERANCE * max(1.0, periods)
        if (off_grid and not tones.bridge) or periods < 0.5:
            tuned = _hertz(max(1, round(periods)) / tones.period)
            message = f"{_hertz(frequency)} has {periods:.6g} periods in a base period, and must have a whole number."
            yield Finding(path, message, suggestion=f"Write {tuned}, or bridge: true.")


def _enough_bins(electrodes: tuple[Electrode, ...], tones: Tones) -> Iterator[Finding]:
    low, high = tones.band
    count = sum(tones.amplitude_on(electrode) > 0 for electrode in electrodes)
    if tones.plan == "manual" or low >= high:
        return
    bins = max(0, math.floor(high * tones.period + 1e-9) - math.ceil(low * tones.period - 1e-9) + 1)
    if bins < count:
        period = format_quantity(tones.period, "s", digits=9)
        message = f"a base period of {period} has {bins} frequencies in the band, and {count} tones are needed."
        hint = "Widen the band, or lengthen the period."
        yield Finding(("tones", "band"), message, suggestion=hint, or_at=(("tones", "period"),))


CHECKS: Final = (_band, _below_nyquist, _whole_period, _frequencies, _enough_bins)
