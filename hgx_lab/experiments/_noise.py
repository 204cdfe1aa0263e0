"""The experiment ``noise``: spectral density of the output current at rest, and a 1/f law fitted to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import NoiseRun
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import random_points, start_point
from hgx_lab.experiments._raw_window import RawReading, measure_raw
from hgx_lab.experiments._spectrum import LEVEL_HZ, PowerLaw, Welch, clear_of_mains, fit_power_law
from hgx_lab.experiments._tones import RunTones
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats, TonePlan
from hgx_lab.units import format_quantity

__all__ = ["NOISE"]

#: Of the random device points.
_PURPOSE = 0x0015E
#: Segments of the spectrum without which it has no error bars to speak of.
_FEWEST_SEGMENTS = 4


def _half_segment(run: NoiseRun) -> int:
    """Samples of half a segment of the spectrum: half the inverse of the width of its lines."""
    return max(3, round(run.bench.rate / run.resolution / 2))


def _halves(run: NoiseRun) -> int:
    """How many half segments are recorded at each point."""
    return round(run.duration * run.bench.rate / _half_segment(run))


def _points(run: NoiseRun) -> Floats:
    return np.concatenate([start_point(run)[None], random_points(run, run.points - 1, purpose=_PURPOSE, room=0.0)])


def _check(run: NoiseRun) -> None:
    low, high = run.fit
    if not run.resolution <= low < high <= run.bench.rate / 2:
        raise ExperimentError(
            f"A 1/f law can't be fitted from {low:g} to {high:g} Hz to lines of {run.resolution:g} Hz up to "
            f"{run.bench.rate / 2:g} Hz.",
            remedy="Give fit two frequencies between the resolution and half the rate, the lower one first.",
        )
    if _halves(run) - 1 < _FEWEST_SEGMENTS:
        least = (_FEWEST_SEGMENTS + 1) * _half_segment(run) / run.bench.rate
        raise ExperimentError(
            f"A recording of {run.duration:g} s is too short for lines of {run.resolution:g} Hz.",
            remedy=f"Record at least {least:g} s, or make the resolution coarser.",
        )


def _declare(run: NoiseRun) -> Declaration:
    _check(run)
    frequencies = Welch(2 * _half_segment(run), run.bench.rate).frequencies_hz
    lines = frequencies.size
    row = (
        Column("volts", (len(run.electrodes),), unit="V", dims=("electrode",), description="Voltages held."),
        Column("mean", unit="A", description="Mean current."),
        Column("density", (lines,), unit="A^2/Hz", dims=("frequency",), description="One-sided spectral density."),
        Column("density_std_relative", description="Standard deviation of a line over its value."),
        Column("used", (lines,), dtype="uint8", dims=("frequency",), description="1 where the fit used the line."),
        Column("level", unit="A^2/Hz", description="Density of the 1/f law at 1 kHz."),
        Column("level_std", unit="A^2/Hz", description="Its standard deviation."),
        Column("exponent", description="Exponent of the 1/f law."),
        Column("exponent_std", description="Its standard deviation."),
        Column("overload", dtype="uint8", description="1 where the input clipped."),
    )
    labels = (
        Coordinate("frequency", frequencies, "Hz"),
        Coordinate("electrode", [e.name for e in run.electrodes]),
    )
    header = {"level_at_hz": LEVEL_HZ, "fit_hz": list(run.fit), "mains_hz": run.tones.mains}
    return Declaration((TableSpec("spectra", row, "point"),), labels, header)


def _plateaus(run: NoiseRun, lab: Laboratory) -> Iterator[Plateau]:
    for volts in _points(run):
        for number in range(_halves(run)):
            yield Plateau(volts, np.zeros(1), 0 if number else lab.samples(run.timing.settle), 1)


def _measure(run: NoiseRun, lab: Laboratory) -> MeasurementResult:
    half = _half_segment(run)
    # The windows stand side by side: each is half a segment, and its one tone is silent.
    tones = RunTones(TonePlan("manual", run.bench.rate, half, (1,), None), half, (0,), np.zeros(1), drift=False)
    points, total = _points(run), len(_points(run)) * _halves(run)
    laws: list[PowerLaw] = []
    with closing(measure_raw(lab, tones, lab.known_response(), _plateaus(run, lab))) as readings:
        for number, volts in enumerate(points):
            welch = Welch(2 * half, run.bench.rate)
            means: list[float] = []
            overload = False
            for count in range(_halves(run)):
                raw: RawReading = next(readings)
                welch.add(raw.current[0])
                means.append(float(raw.reading.window.mean[0]))
                overload |= raw.reading.overload
                done = number * _halves(run) + count + 1
                lab.audience.progress(done, total, f"{format_quantity(float(np.mean(means)), 'A', digits=3)} mean")
            laws.append(_append(run, lab, welch, volts, float(np.mean(means)), overload=overload))
    return _result(laws)


def _append(run: NoiseRun, lab: Laboratory, welch: Welch, volts: Floats, mean: float, *, overload: bool) -> PowerLaw:
    # As far as the converter's pole is known, the current is that of the device.
    density = welch.density / np.abs(lab.known_response()(welch.frequencies_hz)) ** 2
    band = (welch.frequencies_hz >= run.fit[0]) & (welch.frequencies_hz <= run.fit[1])
    law = fit_power_law(welch, density, band & clear_of_mains(welch.frequencies_hz, run.tones.mains))
    lab.session.writer.append(
        "spectra",
        volts=volts,
        mean=mean,
        density=density,
        density_std_relative=welch.relative_std,
        used=law.used.astype(np.uint8),
        level=law.level,
        level_std=law.level_std,
        exponent=law.exponent,
        exponent_std=law.exponent_std,
        overload=int(overload),
    )
    lab.session.writer.flush()
    return law


def _result(laws: list[PowerLaw]) -> MeasurementResult:
    level, exponent = float(np.median([w.level for w in laws])), float(np.median([w.exponent for w in laws]))
    text = f"The noise is {level * 1e18:.3g} nA^2/Hz at 1 kHz and falls as 1/f^{exponent:.3f}"
    where = "." if len(laws) == 1 else f" (medians of {len(laws)} points)."
    return MeasurementResult(text + where, {"level": level, "exponent": exponent})


def _forecast(run: NoiseRun) -> Forecast:
    _check(run)
    points = _points(run)
    segment = 2 * _half_segment(run) / run.bench.rate
    return Forecast(
        len(points) * (run.timing.settle + _halves(run) * segment / 2),
        len(points),
        tuple(points.min(axis=0).tolist()),
        tuple(points.max(axis=0).tolist()),
        f"{_halves(run) - 1} spectra of {segment:.3g} s at each of {len(points)} points",
    )


NOISE = Measurement("noise", _declare, _measure, _forecast)
