"""Checks of the task against the electrodes, and of the loss."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.checks.electrodes import tone_limits
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.learning import Loss, MeanSquaredLoss
from hgx_lab.config.problems import Finding, did_you_mean
from hgx_lab.config.tasks import RingTask, SphereTask, TableTask, Task
from hgx_lab.config.tones import Tones
from hgx_lab.units import format_quantity

__all__ = ["CHECKS"]

Electrodes = tuple[Electrode, ...]


def _input_names(task: Task) -> list[tuple[str, str]]:
    """(key in the file, electrode) of each input of a task."""
    if isinstance(task, TableTask):
        return list(task.inputs.items())
    return [(name, name) for name in task.inputs]


def _inputs_exist(task: Task, electrodes: Electrodes) -> Iterator[Finding]:
    by_name = {electrode.name: electrode for electrode in electrodes}
    inputs = [electrode.name for electrode in electrodes if electrode.role == "input"]
    at_key = not isinstance(task, TableTask)
    used: set[str] = set()
    for key, name in _input_names(task):
        path = ("task", "inputs", key)
        allowed = ", ".join(inputs)
        if name not in by_name:
            message = f"there is no electrode {name[:40]!r}."
            yield Finding(path, message, allowed, did_you_mean(name, inputs), at_key=at_key)
        elif by_name[name].role != "input":
            message = f"{name} is of role {by_name[name].role}, and must be an input."
            yield Finding(path, message, allowed, at_key=at_key)
        elif name in used:
            yield Finding(path, f"{name} is used twice.", at_key=at_key)
        used.add(name)
    for index, electrode in enumerate(electrodes):
        if electrode.role == "input" and electrode.name not in used:
            message = f"{electrode.name} is an input that the task doesn't use."
            hint = "Name it in task.inputs, or give it the role fixed."
            yield Finding(("electrodes", index, "role"), message, suggestion=hint)


def _levels(task: Task, electrodes: Electrodes, tones: Tones) -> Iterator[Finding]:
    if isinstance(task, TableTask):
        return
    by_name = {electrode.name: electrode for electrode in electrodes}
    ordered = isinstance(task, (SphereTask, RingTask))
    for name, levels in task.inputs.items():
        path = ("task", "inputs", name)
        if levels[0] == levels[1] or (ordered and levels[0] > levels[1]):
            rule = "the first isn't below the second" if ordered else "the levels are the same"
            yield Finding(path, f"{rule}: {format_quantity(levels[0], 'V')}, {format_quantity(levels[1], 'V')}.")
        electrode = by_name.get(name)
        if electrode is None or electrode.limits[0] >= electrode.limits[1]:
            continue
        amplitude = tones.amplitude_on(electrode) if electrode.role == "input" else 0.0
        low, high = tone_limits(electrode, amplitude)
        for index, level in enumerate(levels):
            if not low <= level <= high:
                message = f"{format_quantity(level, 'V')} is outside the limits of {name}"
                message += f" with its tone of {format_quantity(amplitude, 'V')}." if amplitude else "."
                allowed = f"{format_quantity(low, 'V', digits=9)} to {format_quantity(high, 'V', digits=9)}"
                yield Finding((*path, index), message, allowed)


def _shapes(task: Task) -> Iterator[Finding]:
    if isinstance(task, (SphereTask, RingTask)):
        outer = task.radius + task.gap
        if outer >= 1:
            message = f"radius {task.radius:g} and gap {task.gap:g} leave no room for the points outside."
            yield Finding(("task", "gap"), message, or_at=(("task", "radius"),))
    if isinstance(task, TableTask):
        if task.test_file is not None and task.test_fraction is not None:
            message = "the test data are a file or a share of the rows, not both."
            yield Finding(("task", "test_fraction"), message, suggestion="Remove one of them.", at_key=True)
        if task.target in task.inputs:
            yield Finding(("task", "target"), f"the column {task.target!r} is an input too.")


def _targets(loss: Loss) -> Iterator[Finding]:
    if isinstance(loss, MeanSquaredLoss) and loss.low == loss.high:
        message = "the targets of both classes are the same current."
        yield Finding(("loss", "high"), message, or_at=(("loss", "low"),))


CHECKS: Final = (_inputs_exist, _levels, _shapes, _targets)
