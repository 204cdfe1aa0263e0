"""The experiment ``amplitude``: error of derivatives against the amplitude of the tones, bias and noise apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import AmplitudeRun
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._amplitude_analysis import Extrapolation, extrapolate, law
from hgx_lab.experiments._bounds import check_tones_fit
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import Floats, derivatives
from hgx_lab.units import format_quantity

__all__ = ["AMPLITUDE"]

#: Of the random device points.
_PURPOSE = 0xA3B1


def _amplitudes(run: AmplitudeRun) -> Floats:
    """The amplitudes in rising order, each once."""
    amplitudes = np.unique(np.array(run.amplitudes, dtype=np.float64))
    if amplitudes.size < 2:
        raise ExperimentError("A single amplitude has no small-amplitude limit.", remedy="Give two or more.")
    check_tones_fit(run, run.tones.highest_frequency, float(amplitudes[-1]))
    return amplitudes


def _points(run: AmplitudeRun) -> Floats:
    # A generator's tone needs its room at every amplitude: the card adds what is missing, or takes it away.
    given = [run.tone_room(e) for e in run.electrodes if run.tone_room(e) > run.tone_amplitude(e)]
    return random_points(run, run.points, purpose=_PURPOSE, room=max([float(_amplitudes(run)[-1]), *given]))


def _declare(run: AmplitudeRun) -> Declaration:
    amplitudes, tones = _amplitudes(run), len(run.toned_electrodes())
    per_amplitude = {"shape": (amplitudes.size, tones), "dims": ("amplitude", "tone")}

    def each(name: str, description: str, unit: str = "A/V") -> Column:
        return Column(name, (tones,), unit=unit, dims=("tone",), description=description)

    points = (
        Column("volts", (len(run.electrodes),), unit="V", dims=("electrode",), description="Voltages."),
        Column("derivative", **per_amplitude, unit="A/V", description="Mean over the repeats."),
        Column("scatter", **per_amplitude, unit="A/V", description="Standard deviation of the repeats."),
        Column("derivative_std", **per_amplitude, unit="A/V", description="Error bar of a single window."),
        each("limit", "Derivative in the limit of small amplitudes."),
        each("limit_std", "Its standard deviation."),
        each("third", "Third derivative f''' that biases by a^2/8 f'''.", "A/V^3"),
        each("third_std", "Its standard deviation.", "A/V^3"),
        each("exact", "Exact derivative of a simulated device; NaN on a real one."),
        Column("overload", (amplitudes.size,), "int32", dims=("amplitude",), description="Windows that clipped."),
    )
    errors = (
        Column("total", unit="A/V", description="Error of a single window against the limit, root mean square."),
        Column("bias", unit="A/V", description="Its part that doesn't scatter."),
        Column("noise", unit="A/V", description="Its part that scatters."),
        Column("exact", unit="A/V", description="Error against the exact derivative; NaN on a real bench."),
    )
    laws = (
        Column("noise", unit="A", description="sqrt(S/T): the noise is this over the amplitude."),
        Column("third", unit="A/V^3", description="f''': the bias is this times a^2/8."),
        Column("best_amplitude", unit="V", description="Where the two together are least; NaN where no bias shows."),
    )
    labels = (
        Coordinate("amplitude", amplitudes, "V"),
        Coordinate("electrode", [e.name for e in run.electrodes]),
        Coordinate("tone", [e.name for e in run.toned_electrodes()]),
    )
    tables = (TableSpec("points", points, "point"), TableSpec("errors", errors, "amplitude"), TableSpec("laws", laws))
    method = plan_tones(run).error_bar_method(run, run.timing.periods)
    return Declaration(tables, labels, {"window_seconds": run.timing.periods * run.tones.period, "error_bars": method})


def _plateaus(run: AmplitudeRun, lab: Laboratory, tones: RunTones) -> Iterator[Plateau]:
    for volts in _points(run):
        for amplitude in _amplitudes(run):
            for repeat in range(run.repeats):
                settle = 0 if repeat else lab.samples(run.timing.settle)
                yield Plateau(volts, np.full(len(tones.electrodes), amplitude), settle, run.timing.periods)


def _measure(run: AmplitudeRun, lab: Laboratory) -> MeasurementResult:
    tones = plan_tones(run)
    response = lab.response(tones)
    points, amplitudes = _points(run), _amplitudes(run)
    exact = exact_derivatives(run, points)[:, list(tones.electrodes)]
    shape = (len(points), amplitudes.size, run.repeats, len(tones.electrodes))
    values, stds = np.empty(shape), np.empty(shape)
    fits: list[Extrapolation] = []
    with closing(lab.measure(tones, response, _plateaus(run, lab, tones))) as readings:
        for number, volts in enumerate(points):
            overload = np.zeros(amplitudes.size, dtype=np.int32)
            for i, amplitude in enumerate(amplitudes):
                for repeat in range(run.repeats):
                    reading = next(readings)
                    window = reading.window
                    peaks = np.full(shape[-1], amplitude)
                    one = derivatives(
                        window.phasor, window.phasor_std, tones.frequencies_hz, peaks, response, rate_hz=lab.rate_hz
                    )
                    values[number, i, repeat], stds[number, i, repeat] = one.value[0], one.std[0]
                    overload[i] += reading.overload
            mean = values[number].mean(axis=1)
            std = np.sqrt(np.mean(stds[number] ** 2, axis=1))
            fit = extrapolate(amplitudes, mean, std / np.sqrt(run.repeats))
            fits.append(fit)
            lab.session.writer.append(
                "points",
                volts=volts,
                derivative=mean,
                scatter=values[number].std(axis=1, ddof=1),
                derivative_std=std,
                limit=fit.limit,
                limit_std=fit.limit_std,
                third=fit.third,
                third_std=fit.third_std,
                exact=exact[number],
                overload=overload,
            )
            lab.session.writer.flush()
            lab.audience.progress(number + 1, len(points), f"{int(overload.sum())} windows clipped")
    return _conclude(lab, amplitudes, values, stds, fits, exact)


def _conclude(
    lab: Laboratory, amplitudes: Floats, values: Floats, stds: Floats, fits: list[Extrapolation], exact: Floats
) -> MeasurementResult:
    bias = np.mean([f.bias_square for f in fits], axis=(0, 2))
    noise = np.mean(values.var(axis=2, ddof=1), axis=(0, 2))
    against_exact = np.sqrt(np.mean((values - exact[:, None, None]) ** 2, axis=(0, 2, 3)))
    total = np.sqrt(np.maximum(bias + noise, 0.0))
    for i in range(amplitudes.size):
        lab.session.writer.append(
            "errors",
            total=total[i],
            bias=np.sqrt(max(bias[i], 0.0)),
            noise=np.sqrt(noise[i]),
            exact=against_exact[i],
        )
    std = np.sqrt(np.mean(stds**2, axis=2))
    found = law(amplitudes, std, np.array([f.third for f in fits]), np.array([f.third_std for f in fits]))
    best = found.best_amplitude
    lab.session.writer.append(
        "laws", noise=found.noise, third=found.third, best_amplitude=np.nan if best is None else best
    )
    lab.session.writer.flush()
    least = int(np.argmin(total))
    figures = {"least_error_amplitude": float(amplitudes[least]), "least_error": float(total[least])}
    text = f"The error is least at {format_quantity(amplitudes[least], 'V', digits=3)}: "
    text += f"{format_quantity(total[least], 'A/V', digits=3)} rms; "
    if best is None:
        return MeasurementResult(
            text + "no bias shows, so larger amplitudes may be better still, if the device bears them.", figures
        )
    text += f"by noise and third derivative the best amplitude is {format_quantity(best, 'V', digits=3)}."
    return MeasurementResult(text, {**figures, "best_amplitude": best, "third": found.third})


def _forecast(run: AmplitudeRun) -> Forecast:
    plan_tones(run)
    points, amplitudes = _points(run), _amplitudes(run)
    toned = np.array([run.tone_amplitude(e) > 0 for e in run.electrodes])
    reach = np.where(toned, amplitudes[-1], 0.0)
    window = run.timing.periods * run.tones.period
    return Forecast(
        len(points) * amplitudes.size * (run.timing.settle + run.repeats * window),
        len(points),
        tuple((points - reach).min(axis=0).tolist()),
        tuple((points + reach).max(axis=0).tolist()),
        f"{run.repeats} windows of {window:.3g} s at each of {amplitudes.size} amplitudes and {len(points)} points",
    )


AMPLITUDE = Measurement("amplitude", _declare, _measure, _forecast)
