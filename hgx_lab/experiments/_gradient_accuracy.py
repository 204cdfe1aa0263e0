"""The experiment ``gradient-accuracy``: all derivatives from one record against one electrode at a time."""

from __future__ import annotations

import numpy as np

from hgx_lab.config import GradientAccuracyRun
from hgx_lab.experiments._gradient_windows import GradientWindows
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._tone_grid import tone_grid
from hgx_lab.experiments._tones import RunTones
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats
from hgx_lab.signals.agreement import r_squared, root_mean_square

__all__ = ["GRADIENT_ACCURACY"]

#: Of the random device points.
_PURPOSE = 0x6ACC

_COLUMNS = {
    "multi": "Derivatives from one record with all tones.",
    "multi_std": "Their standard deviations.",
    "single": "Derivatives measured one electrode at a time.",
    "single_std": "Their standard deviations.",
    "low_pass_multi": "As multi, by the low-pass chain on the same samples; NaN where none was asked for.",
    "low_pass_single": "As single, by the low-pass chain on the same samples.",
    "finite_difference": "Derivatives from DC steps of the amplitude to both sides; NaN where not measured.",
    "finite_difference_std": "Their standard deviations.",
    "exact": "Exact derivatives of a simulated device; NaN on a real bench.",
}

#: Which pairs of columns are compared, by the name of the result; the first one is the reference.
_PAIRS = {
    "": ("single", "multi"),
    "_low_pass": ("low_pass_single", "low_pass_multi"),
    "_exact": ("exact", "multi"),
    "_finite_difference": ("finite_difference", "multi"),
}


def _tones(run: GradientAccuracyRun) -> RunTones:
    return tone_grid(run, lowest=run.lowest, spacing=run.spacing, window=run.window)


def _declare(run: GradientAccuracyRun) -> Declaration:
    tones = _tones(run)
    names = [run.electrodes[i].name for i in tones.electrodes]
    measured = [
        Column(name, (len(names),), unit="A/V", dims=("tone",), description=text) for name, text in _COLUMNS.items()
    ]
    row = (
        Column("volts", (len(run.electrodes),), unit="V", dims=("electrode",), description="Voltages of the setting."),
        *measured,
        Column("overload", dtype="uint8", description="1 where the input clipped in any of the windows."),
    )
    labels = (
        Coordinate("electrode", [e.name for e in run.electrodes]),
        Coordinate("tone", names),
        Coordinate("frequency", tones.frequencies_hz, "Hz", ("tone",)),
        Coordinate("amplitude", tones.amplitudes, "V", ("tone",)),
    )
    header = {"spacing": run.spacing, "window": run.window, "low_pass": run.low_pass}
    header |= {"error_bars": tones.error_bar_method(run, 1)}
    return Declaration((TableSpec("settings", row, "setting"),), labels, header)


def _setting(windows: GradientWindows, tones: RunTones, *, differences: bool) -> dict[str, Floats]:
    """Measure the columns of one setting."""
    peaks = tones.amplitudes
    multi, multi_std, low_pass_multi = windows.derivatives()
    alone = np.array([windows.derivatives() for _ in peaks])  # (K, 3, K): only the diagonal was measured
    single, single_std, low_pass_single = np.diagonal(alone, axis1=0, axis2=2)
    steps = np.full((2, len(peaks)), np.nan)
    if differences:
        steps = np.array([windows.finite_difference(float(peak)) for peak in peaks]).T
    return {
        "multi": multi,
        "multi_std": multi_std,
        "single": single,
        "single_std": single_std,
        "low_pass_multi": low_pass_multi,
        "low_pass_single": low_pass_single,
        "finite_difference": steps[0],
        "finite_difference_std": steps[1],
    }


def _measure(run: GradientAccuracyRun, lab: Laboratory) -> MeasurementResult:
    tones = _tones(run)
    response = lab.response(tones)
    volts = random_points(run, run.points, purpose=_PURPOSE)
    exact = exact_derivatives(run, volts)[:, list(tones.electrodes)]
    windows = GradientWindows(run, lab, tones, response, volts)
    rows: list[dict[str, Floats]] = []
    for number, dc in enumerate(volts):
        windows.overload = False
        row = _setting(windows, tones, differences=number < (run.finite_differences or 0))
        row["exact"] = exact[number]
        rows.append(row)
        lab.session.writer.append("settings", volts=dc, overload=int(windows.overload), **row)
        lab.session.writer.flush()
        if number % 10 == 9 or number == len(volts) - 1:
            lab.audience.progress(number + 1, len(volts), f"R^2 {_compare(rows, 'single', 'multi')[0]:.5f}")
    windows.close()
    names = [run.electrodes[i].name for i in tones.electrodes]
    return _result(rows, names)


def _compare(rows: list[dict[str, Floats]], reference: str, other: str) -> tuple[float, float]:
    x, y = (np.array([row[name] for row in rows]) for name in (reference, other))
    return r_squared(x, y), root_mean_square(x, y)


def _by_electrode(rows: list[dict[str, Floats]], reference: str, other: str) -> list[float]:
    x, y = (np.array([row[name] for row in rows]) for name in (reference, other))
    return [r_squared(x[:, k], y[:, k]) for k in range(x.shape[1])]


def _result(rows: list[dict[str, Floats]], names: list[str]) -> MeasurementResult:
    """Coefficients of determination and differences of all pairs of columns that were measured."""
    figures: dict[str, float] = {}
    for suffix, pair in _PAIRS.items():
        share, difference = _compare(rows, *pair)
        if np.isfinite(difference):
            figures |= {f"r_squared{suffix}": share, f"rms_difference{suffix}": difference}
            by_electrode = _by_electrode(rows, *pair)
            figures[f"median_r_squared{suffix}"] = float(np.median(by_electrode))
            if not suffix:
                figures |= {f"r_squared_of_{name}": r for name, r in zip(names, by_electrode, strict=True)}
    figures = {name: value for name, value in figures.items() if np.isfinite(value)}
    text = f"R^2 {figures.get('r_squared', float('nan')):.5f} between all electrodes at once and one at a time"
    if "r_squared_low_pass" in figures:
        median = figures.get("median_r_squared_low_pass", float("nan"))
        text += f"; {figures['r_squared_low_pass']:.3f} with the low-pass chain, {median:.3f} for a middling electrode"
    return MeasurementResult(f"{text}.", figures)


def _forecast(run: GradientAccuracyRun) -> Forecast:
    count = len(_tones(run).electrodes)
    windows = run.points * (1 + count) + 2 * count * min(run.points, run.finite_differences or 0)
    longest = max((e.limits[1] - e.limits[0] for e in run.electrodes if e.role != "fixed"), default=0.0)
    seconds = windows * (run.window + run.timing.settle) + run.points * longest / run.timing.slope
    return Forecast(
        seconds,
        run.points,
        tuple(e.limits[0] for e in run.electrodes),
        tuple(e.limits[1] for e in run.electrodes),
        f"{windows} windows of {run.window * 1e3:.3g} ms at {run.points} settings",
    )


GRADIENT_ACCURACY = Measurement("gradient-accuracy", _declare, _measure, _forecast)
