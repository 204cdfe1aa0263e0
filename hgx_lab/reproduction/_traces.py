"""What was on the electrodes, and what came out, while a trained gate was played once more."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hgx_lab.config import GateTask, parse_run_file
from hgx_lab.config.yaml_dump import dump_yaml
from hgx_lab.errors import RecordError
from hgx_lab.experiments import training_of
from hgx_lab.records import Record, open_record

__all__ = ["GateTrace", "read_gate_trace"]

Floats = NDArray[np.float64]

#: The samples of so much time are drawn as one: the rate of the published recording.
_SHOWN_SECONDS = 80e-6


@dataclass(frozen=True, slots=True, eq=False)
class GateTrace:
    """The four cases of a gate one after the other, ramps included; time in s from the first ramp.

    ``input_volts`` maps each input electrode to its voltage at the corners of its waveform, at ``corner_time``.
    ``windows`` (cases, 2) are the times between which each case was averaged, ``outputs`` (cases,) those averages.
    """

    time: Floats
    current: Floats
    corner_time: Floats
    input_volts: dict[str, Floats]
    case_names: tuple[str, ...]
    windows: Floats
    outputs: Floats
    targets: Floats
    threshold: float
    margin: float


def read_gate_trace(path: Path) -> GateTrace:
    """Read the last pass of the validation of a record that keeps its samples."""
    with open_record(path) as record:
        return _trace(record)


def _trace(record: Record) -> GateTrace:
    run = training_of(parse_run_file(dump_yaml(record.run_file), source=str(record.path), check_files=False))
    if not isinstance(run.task, GateTask):
        raise RecordError(f"{record.path} isn't the training of a gate.")
    segments, checked = record["segments"], record["validation"]
    kind = record.header["segment_kinds"].index("validate")
    cases = [str(c) for c in checked["case"].values]
    rows = np.flatnonzero(segments["kind"].values == kind)[-len(cases) :]
    start, length = segments["start"].values[rows], segments["length"].values[rows]
    slope, settle = segments["slope"].values[rows], segments["settle"].values[rows]
    rate = run.bench.rate
    origin = int(start[0])
    raw = record.raw(origin, int(start[-1] + length[-1]))
    time, current = _thinned(
        (raw["sample"].values - origin) / rate, raw.values[0], max(1, round(_SHOWN_SECONDS * rate))
    )
    names = [e.name for e in run.electrodes]
    dc = segments["dc"].values[np.concatenate([[rows[0] - 1], rows])]
    corners = np.stack([start, start + slope, start + length], axis=1).ravel()
    volts = {name: _corners(dc[:, names.index(name)]) for name in run.task.inputs}
    windows = np.stack([start + slope + settle, start + length], axis=1)
    last = checked.isel(validation=-1)
    return GateTrace(
        time=time,
        current=current,
        corner_time=(corners - origin) / rate,
        input_volts=volts,
        case_names=tuple(cases),
        windows=(windows - origin) / rate,
        outputs=last["outputs"].values,
        targets=record.coordinate("target").values,
        threshold=float(last["threshold"]),
        margin=float(last["margin"]),
    )


def _corners(dc: Floats) -> Floats:
    """Voltage at the beginning and end of each ramp and at the end of each plateau, from (cases + 1,) levels."""
    return np.stack([dc[:-1], dc[1:], dc[1:]], axis=1).ravel()


def _thinned(time: Floats, values: Floats, group: int) -> tuple[Floats, Floats]:
    count = len(time) // group
    return (x[: count * group].reshape(count, group).mean(axis=1) for x in (time, values))  # type: ignore[return-value]
