"""The experiment ``iv``: current against the voltage of one electrode, or of two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import IvRun
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import start_point
from hgx_lab.experiments._tones import silent_tones
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats
from hgx_lab.units import format_quantity

__all__ = ["IV"]


def _grid(run: IvRun) -> tuple[Floats, Floats]:
    """Voltages of the sweep and of the electrode it is measured against (one value where there is none)."""
    sweep = np.linspace(*run.sweep.span, run.sweep.steps)
    if run.both_ways:
        sweep = np.concatenate([sweep, sweep[::-1]])
    against = np.array([np.nan]) if run.against is None else np.linspace(*run.against.span, run.against.steps)
    return sweep, against


def _index(run: IvRun, name: str) -> int:
    names = [e.name for e in run.electrodes]
    if name not in names:
        raise ExperimentError(f"There is no electrode {name!r} to sweep.", remedy=f"Take one of {', '.join(names)}.")
    return names.index(name)


def _declare(run: IvRun) -> Declaration:
    sweep, against = _grid(run)
    row = (
        Column("against", unit="V", description="Voltage of the second electrode; NaN where there is none."),
        Column("volts", (sweep.size,), unit="V", dims=("step",), description="Voltage of the swept electrode."),
        Column("current", (sweep.size,), unit="A", dims=("step",), description="Mean current."),
        Column("current_std", (sweep.size,), unit="A", dims=("step",), description="Its standard deviation."),
        Column("overload", (sweep.size,), dtype="uint8", dims=("step",), description="1 where the input clipped."),
    )
    labels = (Coordinate("step", list(range(sweep.size))), Coordinate("electrode", [e.name for e in run.electrodes]))
    names = [run.sweep.electrode] + ([] if run.against is None else [run.against.electrode])
    header = {"swept": names, "sweeps": int(against.size)}
    return Declaration((TableSpec("sweeps", row, "sweep"),), labels, header)


def _plateaus(run: IvRun, lab: Laboratory) -> Iterator[Plateau]:
    sweep, against = _grid(run)
    swept = _index(run, run.sweep.electrode)
    for second in against:
        for volts in sweep:
            dc = start_point(run)
            dc[swept] = volts
            if run.against is not None:
                dc[_index(run, run.against.electrode)] = second
            yield Plateau(dc, np.zeros(1), lab.samples(run.timing.settle), run.timing.periods)


def _measure(run: IvRun, lab: Laboratory) -> MeasurementResult:
    tones = silent_tones(run)
    response = lab.known_response()
    sweep, against = _grid(run)
    readings = lab.measure(tones, response, _plateaus(run, lab))
    extremes: list[float] = []
    for number, second in enumerate(against):
        row = [next(readings) for _ in sweep]
        current = np.array([r.window.mean[0] for r in row])
        lab.session.writer.append(
            "sweeps",
            against=second,
            volts=sweep,
            current=current,
            current_std=np.array([r.window.mean_std[0] for r in row]),
            overload=np.array([r.overload for r in row], dtype=np.uint8),
        )
        lab.session.writer.flush()
        extremes += [float(current.min()), float(current.max())]
        lab.audience.progress(number + 1, against.size, f"{format_quantity(current.max(), 'A', digits=3)} at most")
    readings.close()
    low, high = (format_quantity(v, "A", digits=4) for v in (min(extremes), max(extremes)))
    return MeasurementResult(
        f"The current runs from {low} to {high}.", {"lowest_current": min(extremes), "highest_current": max(extremes)}
    )


def _forecast(run: IvRun) -> Forecast:
    sweep, against = _grid(run)
    low, high = start_point(run), start_point(run)
    for part in (run.sweep, run.against):
        if part is not None:
            index = _index(run, part.electrode)
            low[index], high[index] = min(part.span), max(part.span)
    step = abs(run.sweep.span[1] - run.sweep.span[0]) / (run.sweep.steps - 1)
    each = step / run.timing.slope + run.timing.settle + run.timing.periods * run.tones.period
    count = sweep.size * against.size
    return Forecast(
        count * each,
        against.size,
        tuple(low.tolist()),
        tuple(high.tolist()),
        f"{count} voltages of {each * 1e3:.3g} ms",
    )


IV = Measurement("iv", _declare, _measure, _forecast)
