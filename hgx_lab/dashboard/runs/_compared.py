"""Several runs side by side: their losses, and the keys of their run files that differ. Without Qt."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hgx_lab.config.difference import flat_values
from hgx_lab.errors import HgxError, RecordError
from hgx_lab.live import run_of
from hgx_lab.records import Record, open_record

__all__ = ["ComparedRun", "differing", "read_compared", "save_numbers"]

#: Keys that differ between any two runs and say nothing.
_NAMES = ("name", "description", "record.note", "record.directory")


@dataclass(frozen=True, slots=True, eq=False)
class ComparedRun:
    """Numbers of iterations and their loss, (n,), empty where a run has none, and its run file by key path."""

    path: Path
    iterations: NDArray[np.float64]
    loss: NDArray[np.float64]
    values: dict[str, str]

    @property
    def name(self) -> str:
        """Name of the record."""
        return self.path.stem


def read_compared(paths: Sequence[Path]) -> tuple[ComparedRun, ...]:
    """Read what is compared of each record.

    Raises
    ------
    RecordError
        One of them can't be read.
    """
    found: list[ComparedRun] = []
    for path in paths:
        with open_record(path) as record:
            iterations = loss = np.empty(0)
            if "iterations" in record.tables and "loss" in record.columns("iterations"):
                iterations = record.column("iterations", "iteration").astype(np.float64)
                loss = record.column("iterations", "loss")
            found.append(ComparedRun(path, iterations, loss, _values(record)))
    return tuple(found)


def _values(record: Record) -> dict[str, str]:
    try:
        return flat_values(run_of(record))
    except HgxError:  # a run file of an older program
        return {"experiment": str(record.header.get("experiment", ""))}


def differing(runs: Sequence[ComparedRun]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The keys that aren't the same in all runs, each with its value in every one; "–" where one doesn't have it."""
    keys = dict.fromkeys(key for run in runs for key in run.values if key not in _NAMES)
    rows = ((key, tuple(run.values.get(key, "–") for run in runs)) for key in keys)
    return tuple((key, values) for key, values in rows if len(set(values)) > 1)


def save_numbers(record: Record, path: Path) -> None:
    """Write the largest table of results of a record as CSV: a column a number, named with place and unit, SI.

    Of a training these are its iterations; of a measurement its own table.

    Raises
    ------
    RecordError
        The record has no rows, or the file can't be written.
    """
    names = [name for name in record.tables if name not in ("segments", "readings", "validation")]
    table = "iterations" if "iterations" in names else max(names, key=record.rows, default=None)
    if table is None or not record.rows(table):
        raise RecordError(f"{record.path} has nothing that could be written as numbers yet.")
    data = record[table].reset_coords()
    heads: list[str] = []
    columns: list[NDArray[np.float64]] = []
    row_dim = next(iter(data[record.columns(table)[0]].dims))
    for name in record.columns(table):
        variable = data[name]
        unit = f" ({variable.attrs['units']})" if variable.attrs.get("units") else ""
        labels = [
            [str(v) for v in data[d].values] if d in data else range(variable.sizes[d]) for d in variable.dims[1:]
        ]
        values = variable.transpose(row_dim, ...).values.reshape(variable.sizes[row_dim], -1)
        for place, column in zip(product(*labels), values.T, strict=True):
            heads.append(f"{name}{''.join(f'[{p}]' for p in place)}{unit}")
            columns.append(column)
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(heads)
            writer.writerows(zip(*(c.tolist() for c in columns), strict=True))
    except OSError as error:
        raise RecordError(f"{path} can't be written: {error.strerror or error}.") from error
