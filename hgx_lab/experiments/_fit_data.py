"""Voltages and currents to fit a surrogate network to: from a table, a record, or a simulated device."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._subject import Subject
from hgx_lab.records import Record, open_record
from hgx_lab.signals import Floats

__all__ = ["FitData", "data_from_csv", "data_from_record", "data_of_device"]


@dataclass(frozen=True, slots=True, eq=False)
class FitData:
    """Volts (n, E) and currents (n,) in A of a device, and where they come from."""

    volts: Floats
    current: Floats
    names: tuple[str, ...]
    origin: str

    def __post_init__(self) -> None:
        if not (np.isfinite(self.volts).all() and np.isfinite(self.current).all()):
            raise ExperimentError(f"{self.origin} holds voltages or currents that aren't finite numbers.")


def data_of_device(subject: Subject, samples: int, seed: int) -> FitData:
    """Sample a simulated device at random voltages within its limits, without noise."""
    low, high = np.array(subject.limits).T
    volts = np.random.default_rng(seed).uniform(low, high, (samples, low.size))
    return FitData(volts, subject.device.current(np.ascontiguousarray(volts.T))[0], subject.names, subject.title)


def data_from_csv(path: Path, current: str | None = None) -> FitData:
    """Read a table with a line of names: volts of each electrode in a column, and amperes in the column ``current``.

    Without a name the last column holds the current. Raises :class:`ExperimentError` with file and line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ExperimentError(f"{path} can't be read: {error}.") from error
    if len(rows) < 2 or len(rows[0]) < 2:
        raise ExperimentError(f"{path} isn't a table of voltages and a current.", remedy="Begin it with column names.")
    names = [name.strip() for name in rows[0]]
    wanted = names[-1] if current is None else current
    if wanted not in names:
        raise ExperimentError(f"{path}:1: there is no column {wanted!r}.", remedy=f"Take one of {', '.join(names)}.")
    numbers = np.empty((len(rows) - 1, len(names)))
    for line, row in enumerate(rows[1:], start=2):
        try:
            numbers[line - 2] = [float(cell) for cell in row]
        except ValueError as error:
            raise ExperimentError(f"{path}:{line}: {error}.", remedy="Give one number for each column.") from error
    place = names.index(wanted)
    rest = [i for i in range(len(names)) if i != place]
    return FitData(np.ascontiguousarray(numbers[:, rest]), numbers[:, place], tuple(names[i] for i in rest), path.name)


def data_from_record(path: Path) -> FitData:
    """Take what was measured out of a record of ``train`` or ``abundance``.

    Raises
    ------
    ExperimentError
        The record is of another experiment, or holds nothing.
    """
    with open_record(path) as record:
        experiment = str(record.header.get("experiment", ""))
        names = tuple(str(e["name"]) for e in record.run_file["electrodes"])
        if experiment == "abundance":
            settings = record["settings"]
            volts, current = settings["volts"].values.reshape(-1, len(names)), settings["current"].values.ravel()
        elif experiment == "train":
            volts, current = _of_training(record, len(names))
        else:
            raise ExperimentError(
                f"{path} is of the experiment {experiment!r}, which doesn't record voltages beside currents.",
                remedy="Take a record of train or abundance, or a CSV table.",
            )
    if not len(current):
        raise ExperimentError(f"{path} holds no readings.")
    return FitData(np.ascontiguousarray(volts), np.ascontiguousarray(current), names, path.name)


def _of_training(record: Record, electrodes: int) -> tuple[Floats, Floats]:
    """Mean currents of the readings, each with the DC voltages of its segment; tones add of second order only."""
    segments, readings = record["segments"], record["readings"]
    ends = segments["start"].values + segments["length"].values
    starts = readings["start"].values
    # The segment of a reading is the last one that began before it.
    index = np.searchsorted(segments["start"].values, starts, side="right") - 1
    inside = (index >= 0) & (starts < ends[np.maximum(index, 0)])
    volts = segments["dc"].values[index[inside]].reshape(-1, electrodes)
    return volts, readings["mean"].values[inside].reshape(len(volts), -1)[:, 0]
