"""A ball against the shell around it: the ring task (two inputs) and the sphere task (three)."""

from __future__ import annotations

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.tasks._types import CaseSet, Levels, Task, checked_levels

__all__ = ["ring", "sphere"]


def ring(
    levels: Levels,
    *,
    radius: float = 0.5,
    gap: float = 0.2,
    training: int = 60,
    test: int = 60,
    seed: int = 0,
) -> Task:
    """Points of a disc (class 1) against those of the ring around it (class 0), on two electrodes.

    Parameters are those of :func:`sphere`.
    """
    return _ball("ring", 2, levels, radius, gap, training, test, seed)


def sphere(
    levels: Levels,
    *,
    radius: float = 0.5,
    gap: float = 0.1,
    training: int = 100,
    test: int = 100,
    seed: int = 0,
) -> Task:
    """Points inside a sphere (class 1) against those of its surroundings (class 0), on three electrodes.

    Coordinates run from -1 (low level) to 1 (high level) on each electrode. Class 1 fills the ball of
    ``radius`` uniformly, class 0 the shell from ``radius + gap`` to 1. Half the points of each set belong to
    each class (class 1 has one more when the number is odd); training and test points are drawn
    independently.

    Raises :class:`LearningError` for radii that leave no shell, or fewer than two points of training.
    """
    return _ball("sphere", 3, levels, radius, gap, training, test, seed)


def _ball(
    name: str, dimension: int, levels: Levels, radius: float, gap: float, training: int, test: int, seed: int
) -> Task:
    names, low, high = checked_levels(levels, dimension, name)
    if not (radius > 0 and gap >= 0 and radius + gap < 1):
        raise LearningError(
            f"Task {name}: radius {radius:g} and gap {gap:g} leave no shell inside 1.",
            remedy="Give a positive radius and a gap whose sum is below 1.",
        )
    if training < 2 or test == 1 or test < 0:
        raise LearningError(f"Task {name}: {training} training and {test} test points; each set needs two or more.")
    rng = np.random.default_rng(seed)

    def draw(count: int) -> CaseSet:
        targets = np.arange(count) % 2 == 0  # alternating, beginning with class 1
        points = np.where(
            targets[:, None],
            _shell(rng, count, dimension, 0.0, radius),
            _shell(rng, count, dimension, radius + gap, 1.0),
        )
        volts = low + (high - low) * (points + 1) / 2
        return CaseSet(volts, targets.astype(np.float64), tuple(f"{index:03d}" for index in range(count)))

    return Task(name, names, draw(training), draw(test) if test else None)


def _shell(rng: np.random.Generator, count: int, dimension: int, inner: float, outer: float) -> Floats:
    """Points uniform in the volume between two radii, (count, dimension)."""
    directions = rng.standard_normal((count, dimension))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    # The volume inside r goes as r^d, so r^d is what is uniform.
    radii = rng.uniform(inner**dimension, outer**dimension, count) ** (1 / dimension)
    return directions * radii[:, None]
