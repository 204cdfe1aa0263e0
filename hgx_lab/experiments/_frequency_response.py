"""The experiment ``frequency-response``: one tone at a time, through the spectrum, at several device points."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import FrequencyResponseRun
from hgx_lab.experiments._laboratory import Declaration, Laboratory
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._response_analysis import TOLERANCE, Sweeps
from hgx_lab.experiments._single_tones import OneAtATime, even_bins
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.experiments._truth import exact_derivatives
from hgx_lab.records import Column, Coordinate, TableSpec
from hgx_lab.signals import ChainResponse, Complex, Floats, TonePlan
from hgx_lab.units import format_quantity

__all__ = ["FREQUENCY_RESPONSE"]

#: Of the random device points.
_PURPOSE = 0xF4E9


def _toned(run: FrequencyResponseRun) -> list[int]:
    names = [e.name for e in run.toned_electrodes()]
    return [i for i, e in enumerate(run.electrodes) if e.name in names]


def _declare(run: FrequencyResponseRun) -> Declaration:
    frequencies = np.array(even_bins(run)) / run.tones.period
    steps = (frequencies.size,)

    def measured(name: str, description: str) -> Column:
        return Column(name, steps, unit="A/V", dims=("frequency",), description=description)

    responses = (
        Column("point", dtype="int32", description="Device point."),
        Column("tone", dtype="int32", description="Which of the electrodes with tones."),
        Column("volts", (len(run.electrodes),), unit="V", dims=("electrode",), description="Voltages."),
        measured("raw", "In-phase part as read, before the chain's response is taken out."),
        measured("raw_quadrature", "Quadrature as read."),
        measured("derivative", "In-phase part behind the chain's response."),
        measured("quadrature", "Quadrature behind the chain's response: 2 pi f C for a stray capacitance C."),
        measured("derivative_std", "Standard deviation of derivative, and of quadrature."),
        Column("exact", unit="A/V", description="Exact derivative of a simulated device; NaN on a real one."),
        Column("overload", steps, "uint8", dims=("frequency",), description="1 where the input clipped."),
    )
    deviations = (
        Column("frequency", unit="Hz"),
        Column("raw", description="Deviation of raw from the derivative at low frequencies, relative, without noise."),
        Column("corrected", description="The same of derivative."),
        Column("exact", description="The same of derivative from the exact one; NaN on a real bench."),
        Column("noise", description="Standard deviation of derivative, relative."),
        Column("raw_phase", unit="deg", description="Phase of raw against the derivative's sign, over all rows."),
        Column("phase", unit="deg", description="The same of derivative."),
    )
    strays = (
        Column("capacitance", unit="F", description="Stray capacitance from the electrode to the output."),
        Column("capacitance_std", unit="F", description="Its standard deviation."),
    )
    labels = (
        Coordinate("frequency", frequencies, "Hz"),
        Coordinate("electrode", [e.name for e in run.electrodes]),
        Coordinate("tone_electrode", [e.name for e in run.toned_electrodes()]),
    )
    tables = (
        TableSpec("responses", responses, "row"),
        TableSpec("deviations", deviations, "step"),
        TableSpec("strays", strays, "tone_electrode"),
    )
    return Declaration(tables, labels, {"tolerance": TOLERANCE, "trusted_hz": run.tones.highest_frequency})


def _measure(run: FrequencyResponseRun, lab: Laboratory) -> MeasurementResult:
    response = lab.response(plan_tones(run))
    points = random_points(run, run.points, purpose=_PURPOSE)
    exact = exact_derivatives(run, points)
    plan = TonePlan("manual", run.bench.rate, round(run.tones.period * run.bench.rate), even_bins(run), run.tones.mains)
    frequencies = plan.frequencies_hz
    lab.session.writer.event("chain", None, "Response taken out.", **_chain(response))
    sweeps = Sweeps(frequencies, run.tones.highest_frequency)
    toned = _toned(run)
    for tone, electrode in enumerate(toned):
        tones = _tones(run, plan, electrode)
        with closing(lab.measure(tones, response, _plateaus(run, lab, tones, points))) as readings:
            for number, volts in enumerate(points):
                row = [next(readings) for _ in frequencies]
                z: Complex = np.array([r.window.phasor[0, k] for k, r in enumerate(row)]) / tones.amplitudes[0]
                chain = response(frequencies)
                std = np.array([r.window.phasor_std[0, k] for k, r in enumerate(row)]) / tones.amplitudes
                lab.session.writer.append(
                    "responses",
                    point=number,
                    tone=tone,
                    volts=volts,
                    raw=z.real,
                    raw_quadrature=z.imag,
                    derivative=(z / chain).real,
                    quadrature=(z / chain).imag,
                    derivative_std=std / np.abs(chain),
                    exact=exact[number, electrode],
                    overload=np.array([r.overload for r in row], dtype=np.uint8),
                )
                lab.session.writer.flush()
                sweeps.add(tone, z, z / chain, std / np.abs(chain), float(exact[number, electrode]))
                done = tone * len(points) + number + 1
                lab.audience.progress(done, len(toned) * len(points), run.electrodes[electrode].name)
    return _conclude(lab, sweeps)


def _chain(response: ChainResponse) -> dict[str, float]:
    found = {"delay_seconds": response.delay_seconds}
    return found if response.pole_hz is None else {**found, "pole_hz": response.pole_hz}


def _tones(run: FrequencyResponseRun, plan: TonePlan, electrode: int) -> OneAtATime:
    peak = run.tone_amplitude(run.electrodes[electrode])
    amplitudes = np.full(plan.count, peak)
    return OneAtATime(plan, plan.period_samples, (electrode,) * plan.count, amplitudes, run.tones.drift)


def _plateaus(run: FrequencyResponseRun, lab: Laboratory, tones: RunTones, points: Floats) -> Iterator[Plateau]:
    for volts in points:
        for alone in np.diag(tones.amplitudes):
            yield Plateau(volts, alone, lab.samples(run.timing.settle), run.timing.periods)


def _conclude(lab: Laboratory, sweeps: Sweeps) -> MeasurementResult:
    found = sweeps.deviations()
    for step in range(sweeps.frequencies_hz.size):
        lab.session.writer.append("deviations", **{name: float(values[step]) for name, values in found.items()})
    capacitance, capacitance_std = sweeps.capacitances(found["corrected"])
    for value, std in zip(capacitance, capacitance_std, strict=True):
        lab.session.writer.append("strays", capacitance=value, capacitance_std=std)
    lab.session.writer.flush()
    limits = {"raw": sweeps.fails(found["raw"]), "corrected": sweeps.fails(found["corrected"])}
    as_read, corrected = (
        "nowhere" if f is None else f"from {format_quantity(f, 'Hz', digits=3)} on" for f in limits.values()
    )
    figures = {f"{name}_fails_hz": f for name, f in limits.items() if f is not None}
    share = f"{TOLERANCE:.0%}"
    return MeasurementResult(
        f"As read, derivatives are more than {share} off {as_read}; with the chain taken out, {corrected}.", figures
    )


def _forecast(run: FrequencyResponseRun) -> Forecast:
    steps, toned = len(even_bins(run)), len(_toned(run))
    points = random_points(run, run.points, purpose=_PURPOSE)
    peaks = np.array([run.tone_amplitude(e) for e in run.electrodes])
    each = run.timing.settle + run.timing.periods * run.tones.period
    count = steps * toned * len(points)
    return Forecast(
        count * each,
        toned * len(points),
        tuple((points - peaks).min(axis=0).tolist()),
        tuple((points + peaks).max(axis=0).tolist()),
        f"{steps} frequencies on each of {toned} electrodes at {len(points)} points",
    )


FREQUENCY_RESPONSE = Measurement("frequency-response", _declare, _measure, _forecast)
