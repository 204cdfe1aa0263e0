"""What the figures of the sphere draw, from the record of its training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hgx_lab.config import RingTask, SphereTask, parse_run_file
from hgx_lab.config.yaml_dump import dump_yaml
from hgx_lab.errors import RecordError
from hgx_lab.experiments import make_task, training_of
from hgx_lab.learning import CaseSet
from hgx_lab.records import open_record

__all__ = ["Points", "ShellResult", "read_shells"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """n points: coordinates (n, inputs) in units of half the voltage range, classes (n,), currents (n,) in A."""

    coordinates: Floats
    inside: NDArray[np.bool_]
    current: Floats
    accuracy: float

    @property
    def radius(self) -> Floats:
        """Distance from the centre, (n,)."""
        return np.linalg.norm(self.coordinates, axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class ShellResult:
    """A trained sphere or ring: training and test points as measured without tones, and how it got there."""

    training: Points
    test: Points
    threshold: float
    radius: float
    gap: float
    inputs: tuple[str, ...]
    loss: Floats
    restart: NDArray[np.int64]

    @property
    def best_so_far(self) -> Floats:
        """Lowest loss up to each iteration, (iterations,)."""
        return np.minimum.accumulate(self.loss)


def read_shells(path: Path) -> ShellResult:
    """Read the record of a finished training of a sphere or a ring.

    Raises
    ------
    RecordError
        It is another task, or the validation is missing.
    """
    with open_record(path) as record:
        run = training_of(parse_run_file(dump_yaml(record.run_file), source=str(path), check_files=False))
        checked, iterations = record["validation"], record["iterations"]
    task = make_task(run)
    described = run.task
    if not isinstance(described, SphereTask | RingTask) or task.test is None:
        raise RecordError(f"{path} isn't the training of a sphere or a ring with test points.")
    sets = checked["set"].values
    if not {0, 1} <= set(sets.tolist()):
        raise RecordError(f"{path} holds no validation.")
    levels = np.array(list(described.inputs.values()))

    def points(cases: CaseSet, number: int) -> Points:
        rows = checked.isel(validation=np.flatnonzero(sets == number))
        # Over the longer of the two sets, the shorter one padded.
        current = rows["outputs"].values[-1][: len(cases)]
        coordinates = (cases.inputs - levels.mean(axis=1)) / (np.ptp(levels, axis=1) / 2)
        return Points(coordinates, cases.targets == 1, current, float(rows["accuracy"].values[-1]))

    return ShellResult(
        training=points(task.training, 0),
        test=points(task.test, 1),
        threshold=float(checked["threshold"].values[np.flatnonzero(sets == 0)[-1]]),
        radius=described.radius,
        gap=described.gap,
        inputs=task.input_names,
        loss=iterations["loss"].values,
        restart=iterations["restart"].values.astype(np.int64),
    )
