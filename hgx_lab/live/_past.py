"""A record of the past, described as a run that is going on would be."""

from __future__ import annotations

from typing import Any

import numpy as np

from hgx_lab.config import RunFile, SavedCalibration, SimulatedBench, TrainRun, parse_run_file
from hgx_lab.config.yaml_dump import dump_yaml
from hgx_lab.errors import HgxError
from hgx_lab.experiments import make_task
from hgx_lab.live._describe import CaseInfo, ElectrodeInfo, RunDescription
from hgx_lab.records import Record

__all__ = ["description_of", "run_of"]


def run_of(record: Record) -> RunFile:
    """The run file of a record, checked anew; files that it names needn't be there any more.

    Raises
    ------
    RunFileError
        A later version of the program doesn't take it.
    """
    return parse_run_file(dump_yaml(record.run_file), source=str(record.path), check_files=False)


def description_of(record: Record) -> RunDescription:
    """What was known of a run before it had measured anything, taken out of its record.

    Raises
    ------
    RunFileError
        The run file in the record isn't sound for this version of the program.
    """
    run = run_of(record)
    tones = _tones(record)
    bench = run.bench
    task: dict[str, Any] = _task(record, run) if isinstance(run, TrainRun) else {}
    return RunDescription(
        name=run.name,
        experiment=str(record.header.get("experiment", "")),
        record=str(record.path),
        run_file=record.run_file_text,
        rate_hz=bench.rate,
        electrodes=tuple(
            ElectrodeInfo(
                e.name, e.role, *e.limits, e.rest, tones.get(e.name), run.tone_amplitude(e) if e.name in tones else 0.0
            )
            for e in run.electrodes
        ),
        controls=tuple(e.name for e in run.electrodes_with_role("control")),
        lead_samples=round(bench.lead * bench.rate),
        period_samples=round(run.tones.period * bench.rate),
        overload_amperes=_overload(run),
        mains_hz=run.tones.mains,
        simulated=isinstance(bench, SimulatedBench),
        **task,
    )


def _tones(record: Record) -> dict[str, float]:
    """Frequency of each electrode with a tone, Hz."""
    if not {"tone", "frequency"} <= set(record.coordinates):
        return {}
    names, values = record.coordinate("tone").values, record.coordinate("frequency").values
    return {str(name): float(value) for name, value in zip(names, values, strict=True)}


def _overload(run: RunFile) -> float:
    """Current at which the amplifier or the converter behind it clips, A; events alone tell of corrected currents."""
    if isinstance(run.calibration, SavedCalibration):
        return float("inf")
    bench = run.bench
    clip = bench.amplifier.clip
    converter = max(abs(v) for v in bench.input_converter.range)
    return bench.amplifier.gain * (converter if clip is None else min(clip, converter))


def _task(record: Record, run: TrainRun) -> dict[str, Any]:
    inputs = tuple(e.name for e in run.electrodes_with_role("input"))
    found: dict[str, Any] = {
        "inputs": inputs,
        "task": getattr(run.task, "gate", run.task.kind),
        "iterations": run.stop.iterations,
        "goal_margin": run.stop.margin,
    }
    try:
        task = make_task(run)
    except (HgxError, OSError):  # its table isn't there any more: what the record itself knows
        return found | {"cases": _cases_of_record(record, run)}
    order = [task.input_names.index(name) for name in inputs if name in task.input_names]
    for key, cases in (("cases", task.training), ("test_cases", task.test)):
        if cases is not None:
            found[key] = tuple(
                CaseInfo(name, float(target), tuple(float(v) for v in row[order]))
                for name, target, row in zip(cases.names, cases.targets, cases.inputs, strict=True)
            )
    return found | {"inputs": tuple(task.input_names[i] for i in order)}


def _cases_of_record(record: Record, run: TrainRun) -> tuple[CaseInfo, ...]:
    """The cases that the coordinates name, with the voltages that the inputs had when each was first measured."""
    names, targets = record.coordinate("case").values, record.coordinate("target").values
    columns = [i for i, e in enumerate(run.electrodes) if e.role == "input"]
    case, dc = record.column("segments", "case"), record.column("segments", "dc")
    training = record.column("segments", "kind") == 0
    cases: list[CaseInfo] = []
    for index, (name, target) in enumerate(zip(names, targets, strict=True)):
        rows = np.flatnonzero(training & (case == index))
        volts = dc[rows[0], columns] if rows.size else np.full(len(columns), np.nan)
        cases.append(CaseInfo(str(name), float(target), tuple(float(v) for v in volts)))
    return tuple(cases)
