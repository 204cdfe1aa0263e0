"""What a run would do, worked out without touching anything."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from hgx_lab.config import TrainRun
from hgx_lab.config.bench import Noise, SimulatedBench
from hgx_lab.config.record import MeasuredCalibration
from hgx_lab.experiments._calibration import calibration_tones
from hgx_lab.experiments._learning import make_box, make_task
from hgx_lab.experiments._recorder import tables_of
from hgx_lab.experiments._tones import plan_tones
from hgx_lab.learning import Task
from hgx_lab.records import TableSpec
from hgx_lab.signals import Certificate, Floats, TonePlan, certify

__all__ = ["DryRun", "ElectrodeForecast", "ToneForecast", "dry_run"]

#: Bytes of a checkpoint and the index around it: seven controls with Adam's moments take about this.
_CHECKPOINT_BYTES = 2500


@dataclass(frozen=True, slots=True)
class ToneForecast:
    """A tone and the error it will have; ``gradient_std`` in A/V for one case, ``amplitude`` peak in V."""

    electrode: str
    frequency_hz: float
    bin: int | None
    amplitude: float
    gradient_std: float


@dataclass(frozen=True, slots=True)
class ElectrodeForecast:
    """Extremes an electrode will see, DC and tone together, in V, with its limits; slew in V/s."""

    electrode: str
    role: str
    lowest: float
    highest: float
    limits: tuple[float, float]
    slew: float
    slew_limit: float


@dataclass(frozen=True, slots=True, eq=False)
class DryRun:
    """The forecast of a training.

    ``iteration_seconds`` is the length of one iteration, ``duration_seconds`` that of all iterations the budget
    allows, calibration and validation included; ``window_seconds`` the integration time of a case; ``error_bars``
    says where those of the derivatives come from.
    """

    tones: tuple[ToneForecast, ...]
    electrodes: tuple[ElectrodeForecast, ...]
    certificate: Certificate | None
    period_samples: int
    rate_hz: float
    window_seconds: float
    iteration_seconds: float
    duty: float
    iterations: int
    duration_seconds: float
    record_bytes: int
    error_bars: str


def dry_run(run: TrainRun) -> DryRun:
    """Plan a training as it would be run, and forecast voltages, errors, duration and size of the record."""
    task = make_task(run)
    tones = plan_tones(run)
    if isinstance(run.calibration, MeasuredCalibration):
        calibration_tones(run, tones)  # refused here, not at the bench
    rate_hz = run.bench.rate
    window = run.timing.periods * tones.period_samples / rate_hz
    density = _noise_density(run, tones.frequencies_hz)
    std = np.sqrt(density / window) / tones.amplitudes
    bins = tones.plan.bins if isinstance(tones.plan, TonePlan) else (None,) * tones.plan.count
    slope = _mean_slope_seconds(run, task)
    iteration = len(task.training) * (slope + run.timing.settle + window)
    if run.timing.update == "wait" or run.timing.playback == "ramped":
        iteration += run.bench.lead + run.bench.block
    if run.timing.playback == "ramped":
        iteration += 2 * _rest_travel(run, task) / run.timing.slope
    calibration = run.calibration.duration if isinstance(run.calibration, MeasuredCalibration) else 0.0
    check = run.validation
    validation = 0.0
    if check is not None:
        cases = len(task.training) + (0 if task.test is None else len(task.test))
        each = slope + check.settle + check.periods * tones.period_samples / rate_hz
        validation = check.repeats * cases * each
    duration = calibration + run.stop.iterations * iteration + validation
    if run.stop.duration is not None:
        duration = min(duration, run.stop.duration + validation)
    return DryRun(
        tones=tuple(
            ToneForecast(run.electrodes[e].name, float(f), b, float(a), float(s))
            for e, f, b, a, s in zip(tones.electrodes, tones.frequencies_hz, bins, tones.amplitudes, std, strict=True)
        ),
        electrodes=_electrodes(run, task, dict(zip(tones.electrodes, tones.frequencies_hz, strict=True))),
        certificate=certify(tones.plan) if isinstance(tones.plan, TonePlan) else None,
        period_samples=tones.period_samples,
        rate_hz=rate_hz,
        window_seconds=window,
        iteration_seconds=iteration,
        duty=len(task.training) * window / iteration,
        iterations=run.stop.iterations,
        duration_seconds=duration,
        record_bytes=_record_bytes(run, task, duration),
        error_bars=tones.error_bar_method(run, run.timing.periods),
    )


def _noise_density(run: TrainRun, frequencies_hz: Floats) -> Floats:
    """One-sided density at the tones, A^2/Hz: of the simulated bench, or the published level."""
    noise = run.bench.noise if isinstance(run.bench, SimulatedBench) else Noise()
    noise = noise or Noise(flicker=0.0, white=0.0)
    return noise.flicker * (1e3 / frequencies_hz) ** noise.exponent + noise.white


def _mean_slope_seconds(run: TrainRun, task: Task) -> float:
    """Mean time of the slopes between cases, the controls standing still."""
    inputs = task.training.inputs
    travel = np.max(np.abs(np.diff(inputs, axis=0, append=inputs[:1])), axis=1)
    return float(np.mean(travel)) / run.timing.slope


def _rest_travel(run: TrainRun, task: Task) -> float:
    """Largest way of any electrode between rest and where it can be, V."""
    extremes = _electrodes(run, task, {})
    return max(max(e.highest - r.rest, r.rest - e.lowest) for e, r in zip(extremes, run.electrodes, strict=True))


def _electrodes(run: TrainRun, task: Task, tone_hz: dict[int, float]) -> tuple[ElectrodeForecast, ...]:
    box = make_box(run)
    controls = iter(zip(box.lower, box.upper, strict=True))
    cases = task.training.inputs if task.test is None else np.vstack([task.training.inputs, task.test.inputs])
    forecasts: list[ElectrodeForecast] = []
    for index, electrode in enumerate(run.electrodes):
        peak = run.tone_amplitude(electrode)
        if electrode.role == "control":
            low, high = next(controls)
        elif electrode.name in task.input_names:
            column = cases[:, task.input_names.index(electrode.name)]
            low, high = column.min(), column.max()
        else:
            low = high = electrode.rest if electrode.value is None else electrode.value
        forecasts.append(
            ElectrodeForecast(
                electrode.name,
                electrode.role,
                float(min(low, electrode.rest)) - peak,
                float(max(high, electrode.rest)) + peak,
                electrode.limits,
                run.timing.slope + 2 * np.pi * float(tone_hz.get(index, 0.0)) * peak,
                run.slew_limit(electrode),
            )
        )
    return tuple(forecasts)


def _record_bytes(run: TrainRun, task: Task, duration: float) -> int:
    tables = {spec.name: _row_bytes(spec) for spec in tables_of(run, task)}
    windows = run.stop.iterations * len(task.training)
    checks = 0 if run.validation is None else run.validation.repeats
    size = windows * (tables["segments"] + tables["readings"]) + checks * tables["validation"]
    size += run.stop.iterations * (tables["iterations"] + _CHECKPOINT_BYTES)
    if run.record.raw:
        size += ceil(duration * run.bench.rate) * 4
    return size


def _row_bytes(spec: TableSpec) -> int:
    return sum(np.dtype(c.dtype).itemsize * prod(c.shape) for c in spec.columns)
