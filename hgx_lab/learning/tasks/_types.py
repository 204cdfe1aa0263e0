"""Cases and tasks: what goes on the input electrodes, and what should come out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, as_frozen

__all__ = ["CaseSet", "Levels", "Task", "TaskKind", "checked_levels"]

#: Input electrode -> (low, high) in volts: the voltages of logic 0 and 1, or the two ends of a coordinate.
Levels = Mapping[str, tuple[float, float]]

TaskKind = Literal["classification", "regression"]


@dataclass(frozen=True, slots=True, eq=False)
class CaseSet:
    """Input cases with their targets. The arrays are private read-only copies.

    Parameters
    ----------
    inputs:
        (cases, input electrodes), V.
    targets:
        (cases,): class 0 or 1, or the value to regress on.
    names:
        One name a case, for people.
    """

    inputs: Floats
    targets: Floats
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        inputs, targets = as_frozen(self.inputs), as_frozen(self.targets)
        if inputs.ndim != 2 or targets.ndim != 1 or not len(inputs) == len(targets) == len(self.names):
            raise LearningError(
                f"Cases don't fit together: inputs {inputs.shape}, targets {targets.shape}, {len(self.names)} names."
            )
        if len(targets) == 0:
            raise LearningError("A set of cases is empty.")
        if not (np.isfinite(inputs).all() and np.isfinite(targets).all()):
            raise LearningError("A set of cases has an input or target that isn't a finite number.")
        object.__setattr__(self, "inputs", inputs)
        object.__setattr__(self, "targets", targets)

    def __len__(self) -> int:
        return len(self.names)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CaseSet):
            return NotImplemented
        return (
            self.names == other.names
            and np.array_equal(self.inputs, other.inputs)
            and np.array_equal(self.targets, other.targets)
        )

    def __hash__(self) -> int:
        return hash((self.names, self.inputs.tobytes(), self.targets.tobytes()))


@dataclass(frozen=True, slots=True)
class Task:
    """What the device is taught: training cases, and test cases where there are any.

    Parameters
    ----------
    name:
        For people and the record.
    input_names:
        Electrodes the inputs go on, in the order of the columns of :attr:`CaseSet.inputs`.
    training, test:
        The cases; the device is never trained on ``test``.
    kind:
        A classification has targets 0 and 1, both of them present in the training cases.
    """

    name: str
    input_names: tuple[str, ...]
    training: CaseSet
    test: CaseSet | None = None
    kind: TaskKind = "classification"

    def __post_init__(self) -> None:
        if len(set(self.input_names)) != len(self.input_names):
            raise LearningError(f"Task {self.name}: an electrode is named twice in {list(self.input_names)}.")
        for cases in (self.training, self.test):
            if cases is not None and cases.inputs.shape[1] != len(self.input_names):
                raise LearningError(
                    f"Task {self.name}: cases with {cases.inputs.shape[1]} inputs for "
                    f"{len(self.input_names)} electrodes {list(self.input_names)}."
                )
            if cases is not None and self.kind == "classification" and not np.isin(cases.targets, (0, 1)).all():
                raise LearningError(f"Task {self.name}: the targets of a classification are 0 and 1.")
        if np.ptp(self.training.targets) == 0:
            raise LearningError(f"Task {self.name}: all training targets are {self.training.targets[0]:g}.")


def checked_levels(levels: Levels, count: int, task: str) -> tuple[tuple[str, ...], Floats, Floats]:
    """Electrode names, low and high levels (each (count,), V); a low may lie above its high, not on it."""
    if len(levels) != count:
        raise LearningError(
            f"Task {task} has {count} inputs; levels are given for {len(levels)}: {list(levels)}.",
            remedy=f"Give the levels of exactly {count} input electrodes.",
        )
    pairs = np.array([tuple(pair) for pair in levels.values()], dtype=np.float64).reshape(count, 2)
    for name, (low, high) in zip(levels, pairs, strict=True):
        if not np.isfinite((low, high)).all() or low == high:
            raise LearningError(f"Task {task}: the levels of {name} are {low:g} V and {high:g} V; they must differ.")
    return tuple(levels), pairs[:, 0], pairs[:, 1]
