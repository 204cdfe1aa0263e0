"""Tasks from CSV: any table of inputs and targets."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, Integers
from hgx_lab.learning.tasks._types import CaseSet, Task, TaskKind

__all__ = ["from_table"]


def from_table(
    path: str | Path,
    input_columns: Sequence[str],
    target_column: str,
    *,
    electrodes: Sequence[str] | None = None,
    kind: TaskKind = "classification",
    test: str | Path | float | None = None,
    seed: int = 0,
) -> Task:
    """A task from a CSV file with one header line and one case a row; lines that begin with # are comments.

    Parameters
    ----------
    path:
        The file; its stem names the task.
    input_columns:
        Columns with the input voltages, V.
    target_column:
        Column with class 0 or 1, or the value to regress on.
    electrodes:
        Electrodes the columns go on; by default the columns are named after them.
    test:
        Another CSV file with the same columns, or a fraction in (0, 1) of the rows to hold back, drawn with
        ``seed`` and, for a classification, from each class alike; or None.

    Raises
    ------
    LearningError
        With ``file:line`` for a missing column, a row that is too short or long, or a cell that isn't a
        number.
    """
    path = Path(path)
    names = tuple(electrodes if electrodes is not None else input_columns)
    if len(names) != len(input_columns):
        raise LearningError(f"{path}: {len(input_columns)} input columns for {len(names)} electrodes {list(names)}.")
    columns = [*input_columns, target_column]
    cases = _read(path, columns, kind)
    if test is None:
        return Task(path.stem, names, cases, kind=kind)
    if isinstance(test, str | Path):
        return Task(path.stem, names, cases, _read(Path(test), columns, kind), kind)
    held, kept = _split(cases.targets, float(test), kind, seed, path)
    return Task(path.stem, names, _pick(cases, kept), _pick(cases, held), kind)


def _read(path: Path, columns: Sequence[str], kind: TaskKind) -> CaseSet:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(number, line) for number, line in enumerate(file, 1) if line.strip() and line[0] != "#"]
    except (OSError, UnicodeDecodeError) as error:
        raise LearningError(f"{path} can't be read: {error}.") from error
    if len(lines) < 2:
        raise LearningError(f"{path}: a header line and at least one case are needed.")
    rows = list(csv.reader(line for _, line in lines))
    if len(rows) != len(lines):
        raise LearningError(f"{path}: a quoted cell runs over the end of its line.")
    header = [cell.strip() for cell in rows[0]]
    place = f"{path}:{lines[0][0]}"
    for column in columns:
        if header.count(column) != 1:
            raise LearningError(
                f"{place}: column {column!r} is there {header.count(column)} times, not once.",
                remedy=f"The columns are {', '.join(header)}.",
            )
    where = [header.index(column) for column in columns]
    values = np.empty((len(rows) - 1, len(columns)))
    numbers = [number for number, _ in lines[1:]]
    for case, (number, row) in enumerate(zip(numbers, rows[1:], strict=True)):
        if len(row) != len(header):
            raise LearningError(f"{path}:{number}: {len(row)} cells under {len(header)} columns.")
        for position, (column, index) in enumerate(zip(columns, where, strict=True)):
            values[case, position] = _number(row[index], column, f"{path}:{number}")
        if kind == "classification" and values[case, -1] not in (0, 1):
            raise LearningError(
                f"{path}:{number}: class {values[case, -1]:g} in column {columns[-1]!r}; a class is 0 or 1."
            )
    return CaseSet(values[:, :-1], values[:, -1], tuple(f"line {number}" for number in numbers))


def _number(cell: str, column: str, place: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise LearningError(f"{place}: {cell.strip()!r} in column {column!r} isn't a number.") from None
    if not isfinite(value):
        raise LearningError(f"{place}: {cell.strip()!r} in column {column!r} isn't a finite number.")
    return value


def _split(targets: Floats, fraction: float, kind: TaskKind, seed: int, path: Path) -> tuple[Integers, Integers]:
    """Indices held back for the test, and the others, both in the order of the file."""
    if not 0 < fraction < 1:
        raise LearningError(f"{path}: the fraction held back is {fraction:g}; it lies between 0 and 1.")
    rng = np.random.default_rng(seed)
    groups = [targets == value for value in np.unique(targets)] if kind == "classification" else [targets == targets]
    held = np.zeros(targets.size, dtype=bool)
    for group in groups:
        members = rng.permutation(np.flatnonzero(group))
        held[members[: round(fraction * members.size)]] = True
    if held.all() or not held.any():
        raise LearningError(f"{path}: holding back {fraction:g} of {targets.size} cases leaves one set empty.")
    return np.flatnonzero(held).astype(np.int64), np.flatnonzero(~held).astype(np.int64)


def _pick(cases: CaseSet, indices: Integers) -> CaseSet:
    return CaseSet(cases.inputs[indices], cases.targets[indices], tuple(cases.names[int(i)] for i in indices.tolist()))
