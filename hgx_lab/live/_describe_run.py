"""From a validated run to its description."""

from __future__ import annotations

from pathlib import Path

from hgx_lab.config import RunFile, SavedCalibration, SimulatedBench, TrainRun
from hgx_lab.errors import HgxError
from hgx_lab.experiments import make_task, plan_tones
from hgx_lab.learning import CaseSet, Task
from hgx_lab.live._describe import CaseInfo, ElectrodeInfo, RunDescription

__all__ = ["describe"]


def describe(run: RunFile, record: Path, *, text: str = "") -> RunDescription:
    """Describe a run as its run file has it; ``text`` is the run file as it was written.

    Experiments that plan tones of their own are described with those of their run file, without any where that
    plan can't exist.
    """
    bench = run.bench
    frequencies = _frequencies(run)
    task = make_task(run) if isinstance(run, TrainRun) else None
    learns = isinstance(run, TrainRun)
    clip = bench.amplifier.clip
    low, high = bench.input_converter.range
    volts = min(-low, high, *(() if clip is None else (clip,)))
    # Currents that a calibration may have corrected don't tell by themselves what the converter saw; events do.
    corrected = isinstance(run.calibration, SavedCalibration)
    return RunDescription(
        name=run.name,
        experiment=str(getattr(run, "experiment", "train")),
        record=str(record),
        run_file=text or run.to_yaml(),
        rate_hz=bench.rate,
        electrodes=tuple(
            ElectrodeInfo(
                e.name,
                e.role,
                *e.limits,
                e.rest,
                frequencies.get(i),
                run.tone_amplitude(e) if i in frequencies else 0.0,
            )
            for i, e in enumerate(run.electrodes)
        ),
        controls=tuple(e.name for e in run.electrodes_with_role("control")),
        inputs=() if task is None else task.input_names,
        cases=() if task is None else _cases(task.training),
        test_cases=() if task is None or task.test is None else _cases(task.test),
        task=_title(task),
        iterations=run.stop.iterations if learns else None,
        goal_margin=run.stop.margin if learns else None,
        lead_samples=max(1, round(bench.lead * bench.rate)),
        period_samples=round(run.tones.period * bench.rate),
        overload_amperes=float("inf") if corrected else bench.amplifier.gain * volts,
        mains_hz=run.tones.mains,
        simulated=isinstance(bench, SimulatedBench),
    )


def _title(task: Task | None) -> str:
    return "" if task is None else task.name


def _cases(cases: CaseSet) -> tuple[CaseInfo, ...]:
    return tuple(
        CaseInfo(name, float(target), tuple(float(v) for v in inputs))
        for name, target, inputs in zip(cases.names, cases.targets, cases.inputs, strict=True)
    )


def _frequencies(run: RunFile) -> dict[int, float]:
    """Frequency of the tone of each electrode that has one, by its place."""
    try:
        tones = plan_tones(run)
    except HgxError:
        if isinstance(run, TrainRun):
            raise
        return {}
    return {e: float(f) for e, f in zip(tones.electrodes, tones.frequencies_hz, strict=True)}
