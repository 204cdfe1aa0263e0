"""The experiment ``convergence``: error of derivatives and of the gradient's direction against integration time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Plateau
from hgx_lab.config import ConvergenceRun
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._nested import block_means, cosine_to, mean_cosine, scatter_square
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats, derivatives
from hgx_lab.units import format_quantity

__all__ = ["CONVERGENCE"]

#: Of the random device points.
_PURPOSE = 0xC047
#: Cosine of a direction that is good enough to follow.
_GOOD = 0.95

_OF_THE_ELECTRODES = ("error", "bound", "exact_error")
_OF_THE_POINTS = ("cosine", "exact_cosine")


def _blocks(run: ConvergenceRun) -> NDArray[np.int64]:
    """Windows in a block: powers of two, so that blocks nest; the longest is as long as asked for, or less."""
    if run.longest < 2 * run.tones.period:
        raise ExperimentError(
            f"Between a base period of {run.tones.period:g} s and {run.longest:g} s there is nothing to average.",
            remedy="Lengthen longest, or shorten tones.period.",
        )
    doublings = int(np.log2(run.longest / run.tones.period * (1 + 1e-9)))
    return np.left_shift(1, np.arange(doublings + 1, dtype=np.int64))


def _windows(run: ConvergenceRun) -> int:
    """Windows at each point: two blocks of the longest time, whose difference tells their error."""
    return 2 * int(_blocks(run)[-1])


def _declare(run: ConvergenceRun) -> Declaration:
    times, tones = _blocks(run) * run.tones.period, len(run.toned_electrodes())

    def each(name: str, description: str) -> Column:
        return Column(name, (times.size, tones), unit="A/V", dims=("duration", "tone"), description=description)

    points = (
        Column("volts", (len(run.electrodes),), unit="V", dims=("electrode",), description="Voltages."),
        Column("derivative", (tones,), unit="A/V", dims=("tone",), description="Mean of the whole series."),
        Column("exact", (tones,), unit="A/V", dims=("tone",), description="Exact derivative; NaN on a real bench."),
        each("error", "Standard deviation of a derivative, from the scatter of the blocks."),
        each("bound", "sqrt(S/T)/a, from the error bars of the windows."),
        each("exact_error", "Root mean square distance from the exact derivative; NaN on a real bench."),
        Column("cosine", (times.size,), dims=("duration",), description="Mean cosine to the true gradient."),
        Column("exact_cosine", (times.size,), dims=("duration",), description="Mean cosine to the exact gradient."),
        Column("overload", dtype="int32", description="Windows that clipped."),
    )
    summary = (
        *(Column(name, unit="A/V", description="Root mean square over points.") for name in _OF_THE_ELECTRODES),
        *(Column(name, description="Mean over points.") for name in _OF_THE_POINTS),
        Column("error_std", unit="A/V", description="Standard deviation of error."),
    )
    labels = (
        Coordinate("duration", times, "s"),
        Coordinate("electrode", [e.name for e in run.electrodes]),
        Coordinate("tone", [e.name for e in run.toned_electrodes()]),
    )
    tables = (TableSpec("points", points, "point"), TableSpec("summary", summary, "duration"))
    return Declaration(tables, labels, {"good_cosine": _GOOD, "error_bars": plan_tones(run).error_bar_method(run, 1)})


def _plateaus(run: ConvergenceRun, lab: Laboratory, tones: RunTones, points: Floats) -> Iterator[Plateau]:
    for volts in points:
        for number in range(_windows(run)):
            yield Plateau(volts, tones.amplitudes, 0 if number else lab.samples(run.timing.settle), 1)


def _measure(run: ConvergenceRun, lab: Laboratory) -> MeasurementResult:
    tones = plan_tones(run)
    response = lab.response(tones)
    points = random_points(run, run.points, purpose=_PURPOSE)
    exact = exact_derivatives(run, points)[:, list(tones.electrodes)]
    rows: list[dict[str, Floats]] = []
    with closing(lab.measure(tones, response, _plateaus(run, lab, tones, points))) as readings:
        for number, volts in enumerate(points):
            series, std = np.empty((2, _windows(run), len(tones.electrodes)))
            overload = 0
            for window in range(len(series)):
                reading = next(readings)
                phasor, spread = reading.window.phasor, reading.window.phasor_std
                one = derivatives(phasor, spread, tones.frequencies_hz, tones.amplitudes, response, rate_hz=lab.rate_hz)
                series[window], std[window] = one.value[0], one.std[0]
                overload += reading.overload
            rows.append(_row(run, series, std, exact[number]))
            lab.session.writer.append(
                "points",
                volts=volts,
                derivative=series.mean(axis=0),
                exact=exact[number],
                overload=overload,
                **rows[-1],
            )
            lab.session.writer.flush()
            last = format_quantity(float(np.sqrt(np.mean(rows[-1]["error"][-1] ** 2))), "A/V", digits=2)
            lab.audience.progress(number + 1, len(points), f"{last} after {run.longest:g} s")
    return _conclude(run, lab, rows)


def _row(run: ConvergenceRun, series: Floats, std: Floats, exact: Floats) -> dict[str, Floats]:
    """Errors (durations, K) and cosines (durations,) of a series of windows (n, K) at one point."""
    sizes = [int(m) for m in _blocks(run)]
    means = [block_means(series, m) for m in sizes]
    return {
        "error": np.sqrt([scatter_square(b) for b in means]),
        "bound": np.sqrt([np.mean(std**2, axis=0) / m for m in sizes]),
        "exact_error": np.sqrt([np.mean((b - exact) ** 2, axis=0) for b in means]),
        "cosine": np.array([mean_cosine(b, m, series) for b, m in zip(means, sizes, strict=True)]),
        "exact_cosine": np.array([cosine_to(b, exact) for b in means]),
    }


def _conclude(run: ConvergenceRun, lab: Laboratory, rows: list[dict[str, Floats]]) -> MeasurementResult:
    table = {name: np.sqrt(np.mean([r[name] ** 2 for r in rows], axis=(0, 2))) for name in _OF_THE_ELECTRODES}
    for name in _OF_THE_POINTS:
        values = np.array([r[name] for r in rows])
        known = ~np.isnan(values[:, 0])
        table[name] = values[known].mean(axis=0) if known.any() else np.full(values.shape[1], np.nan)
    sizes = _blocks(run)
    freedom = len(rows) * rows[0]["error"].shape[1] * (_windows(run) / sizes - 1)
    table["error_std"] = table["error"] / np.sqrt(2 * freedom)
    for step in range(sizes.size):
        lab.session.writer.append("summary", **{name: float(values[step]) for name, values in table.items()})
    lab.session.writer.flush()
    times = sizes * run.tones.period
    # Each time's logarithm scatters by 1/sqrt(2 freedom); the longest, of few blocks, counts least.
    slope = float(np.polyfit(np.log(times), np.log(table["error"]), 1, w=np.sqrt(freedom))[0])
    ratio = float(np.sqrt(np.average((table["error"] / table["bound"]) ** 2, weights=freedom)))
    figures = {"exponent": slope, "error_over_bound": ratio}
    text = f"The error falls as T^{slope:.3f} and is {ratio:.3g} times sqrt(S/T)/a; "
    good = np.flatnonzero(table["cosine"] >= _GOOD)
    if not good.size:
        return MeasurementResult(text + f"no direction reaches a cosine of {_GOOD}.", figures)
    figures["good_direction_seconds"] = float(times[good[0]])
    when = format_quantity(figures["good_direction_seconds"], "s", digits=3)
    return MeasurementResult(text + f"the direction has a cosine of {_GOOD} after {when}.", figures)


def _forecast(run: ConvergenceRun) -> Forecast:
    plan_tones(run)
    points = random_points(run, run.points, purpose=_PURPOSE)
    peaks = np.array([run.tone_amplitude(e) for e in run.electrodes])
    return Forecast(
        len(points) * (run.timing.settle + _windows(run) * run.tones.period),
        len(points),
        tuple((points - peaks).min(axis=0).tolist()),
        tuple((points + peaks).max(axis=0).tolist()),
        f"{_windows(run)} windows of {run.tones.period:g} s at each of {len(points)} points",
    )


CONVERGENCE = Measurement("convergence", _declare, _measure, _forecast)
