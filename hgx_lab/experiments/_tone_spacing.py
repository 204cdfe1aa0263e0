"""The experiment ``tone-spacing``: error of a derivative against the spacing of the tones, measured and expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import ToneSpacingRun
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import start_point
from hgx_lab.experiments._raw_window import measure_raw
from hgx_lab.experiments._spacing_theory import Lines, SpacingTheory
from hgx_lab.experiments._tone_grid import grid_bins, tone_grid
from hgx_lab.experiments._tones import RunTones
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import ChainResponse, Complex, Floats
from hgx_lab.signals.lowpass_chain import lowpass_phasors

__all__ = ["TONE_SPACING"]

#: Of the random beginnings of the windows.
_PURPOSE = 0x57A6

_DERIVATIVES = {
    "derivative": "Mean derivative by whole periods: what the errors are counted from.",
    "exact": "Exact derivative of a simulated device; NaN on a real bench.",
}
_ERRORS = {
    "measured": "Mean squared error with whole periods.",
    "expected": "What the noise alone must make of it, S(f)/(T a^2).",
    "low_pass_measured": "Mean squared error with the low-pass chain.",
    "low_pass_expected": "What noise, leakage and the start of the filter must make of it.",
    "low_pass_alone": "The same for one electrode at a time.",
    "low_pass_weak": "The same for random signs, every other line 20 times as strong as its own.",
    "low_pass_equal": "The same for random signs, every line equally strong.",
}


def _tones(run: ToneSpacingRun, spacing: float) -> RunTones:
    return tone_grid(run, lowest=run.lowest, spacing=spacing, window=run.window)


def _declare(run: ToneSpacingRun) -> Declaration:
    every = [_tones(run, spacing) for spacing in run.spacings]
    names = [run.electrodes[i].name for i in every[0].electrodes]
    kinds = [("frequency", "Hz", "Frequency of the tone."), ("density", "A^2/Hz", "Noise density there, one-sided.")]
    kinds.append(("neighbours", "", "Root mean square of the lines next to its own, over its own."))
    kinds += [(name, "A/V", text) for name, text in _DERIVATIVES.items()]
    kinds += [(name, "A^2/V^2", text) for name, text in _ERRORS.items()]
    columns = [Column(name, (len(names),), unit=unit, dims=("tone",), description=text) for name, unit, text in kinds]
    row = (Column("spacing", unit="Hz", description="Spacing of neighbouring tones."), *columns)
    labels = (Coordinate("tone", names), Coordinate("amplitude", every[0].amplitudes, "V", ("tone",)))
    header = {"window": run.window, "low_pass": run.low_pass, "repeats": run.repeats}
    return Declaration((TableSpec("spacings", row, "spacing"),), labels, header)


@dataclass(frozen=True, slots=True, eq=False)
class _Windows:
    """All windows at one spacing: phasors by whole periods and by the low-pass chain, (repeats, K)."""

    coherent: Complex
    low_pass: Complex
    density: Floats  # (K,)

    @property
    def lines(self) -> Lines:
        """What the tones are, with the scatter of single windows averaged out."""
        return Lines(self.coherent.mean(axis=0), self.density)


def _plateaus(run: ToneSpacingRun, lab: Laboratory, tones: RunTones) -> Iterator[Plateau]:
    """One plateau with a window each; they begin at phases of the base period that are spread evenly over it."""
    rng = np.random.default_rng([run.seed, _PURPOSE])
    period = tones.period_samples
    begins = np.floor((np.arange(run.repeats) + rng.uniform(size=run.repeats)) / run.repeats * period).astype(np.int64)
    dc = start_point(run)
    yield Plateau(dc, tones.amplitudes, lab.samples(run.timing.settle), 1)
    for gap in np.diff(begins).tolist():
        yield Plateau(dc, tones.amplitudes, gap, 1)


def _windows(run: ToneSpacingRun, lab: Laboratory, tones: RunTones, response: ChainResponse) -> _Windows:
    bins = grid_bins(tones, lab.rate_hz)
    readings = measure_raw(lab, tones, response, _plateaus(run, lab, tones))
    coherent, chain, variance = [], [], []
    for raw in readings:
        window = raw.reading.window
        coherent.append(window.phasor[0])
        variance.append(window.phasor_std[0] ** 2)
        phasors = lowpass_phasors(
            raw.current[:1], raw.start, bins, tones.period_samples, rate_hz=lab.rate_hz, cutoff_hz=run.low_pass
        )
        chain.append(phasors[0])
    seconds = tones.period_samples / lab.rate_hz
    return _Windows(np.array(coherent), np.array(chain), np.mean(variance, axis=0) * seconds)


def _row(run: ToneSpacingRun, lab: Laboratory, tones: RunTones, response: ChainResponse) -> dict[str, Floats]:
    """Measure at one spacing."""
    windows = _windows(run, lab, tones, response)
    scale = tones.amplitudes * response(tones.frequencies_hz)
    theory = SpacingTheory.of(run, tones, scale)
    found, by_chain = (z / scale for z in (windows.coherent, windows.low_pass))
    derivative = found.real.mean(axis=0)
    # The mean of n windows lies nearer to them than the truth does.
    unbiased = run.repeats / (run.repeats - 1)
    lines = np.abs(windows.lines.phasors)
    return {
        "frequency": tones.frequencies_hz,
        "density": windows.density,
        "neighbours": _neighbours(lines),
        "derivative": derivative,
        "exact": exact_derivatives(run, start_point(run)[None])[0, list(tones.electrodes)],
        "measured": unbiased * np.mean((found.real - derivative) ** 2, axis=0),
        "low_pass_measured": np.mean((by_chain.real - derivative) ** 2, axis=0),
        **theory.errors(windows.lines),
    }


def _neighbours(lines: Floats) -> Floats:
    """Root mean square of the one or two lines beside each, over its own."""
    power = np.concatenate([[np.nan], lines**2, [np.nan]])
    return np.sqrt(np.nanmean([power[:-2], power[2:]], axis=0)) / lines if lines.size > 1 else np.full(1, np.nan)


def _measure(run: ToneSpacingRun, lab: Laboratory) -> MeasurementResult:
    response = lab.response(_tones(run, max(run.spacings)))
    ratios: dict[str, list[Floats]] = {"": [], "_low_pass": []}
    for number, spacing in enumerate(run.spacings):
        row = _row(run, lab, _tones(run, spacing), response)
        ratios[""].append(row["measured"] / row["expected"])
        ratios["_low_pass"].append(row["low_pass_measured"] / row["low_pass_expected"])
        lab.session.writer.append("spacings", spacing=spacing, **row)
        lab.session.writer.flush()
        coherent, chain = (float(np.mean(found[-1])) for found in ratios.values())
        text = f"{coherent:.3f} of the expected error, {chain:.3f} with the low-pass chain"
        lab.audience.progress(number + 1, len(run.spacings), text)
    return _result({name: np.array(found) for name, found in ratios.items()})


def _result(ratios: dict[str, Floats]) -> MeasurementResult:
    figures: dict[str, float] = {}
    for name, ratio in ratios.items():  # (spacings, K)
        figures[f"worst_deviation{name}"] = float(np.abs(ratio.mean(axis=1) - 1).max())
        figures[f"worst_deviation_of_an_electrode{name}"] = float(np.abs(ratio - 1).max())
    worst = [100 * figures[f"worst_deviation{name}"] for name in ratios]
    text = "The error is within {:.1f} % of the theory at every spacing, with the low-pass chain within {:.1f} %."
    return MeasurementResult(text.format(*worst), figures)


def _forecast(run: ToneSpacingRun) -> Forecast:
    every = [_tones(run, spacing) for spacing in run.spacings]
    volts, peaks = start_point(run), np.zeros(len(run.electrodes))
    peaks[list(every[0].electrodes)] = every[0].amplitudes
    each = run.repeats * run.window + run.window + run.timing.settle
    return Forecast(
        len(every) * each,
        len(every),
        tuple((volts - peaks).tolist()),
        tuple((volts + peaks).tolist()),
        f"{run.repeats} windows of {run.window * 1e3:.3g} ms at {len(every)} spacings",
    )


TONE_SPACING = Measurement("tone-spacing", _declare, _measure, _forecast)
