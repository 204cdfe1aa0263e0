"""How the learning rate changes with the iteration since the last start."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi
from typing import Protocol

from hgx_lab.errors import LearningError

__all__ = ["ConstantRate", "CosineRate", "ExponentialRate", "RateSchedule", "StepRate"]


class RateSchedule(Protocol):
    """A factor on the learning rate."""

    def factor(self, iteration: int) -> float:
        """The factor, above 0 and at most 1, at an iteration counted from 0 at every start."""
        ...


@dataclass(frozen=True, slots=True)
class ConstantRate:
    """The rate stays as it is."""

    def factor(self, iteration: int) -> float:
        """See :class:`RateSchedule`."""
        return 1.0


@dataclass(frozen=True, slots=True)
class ExponentialRate:
    """The rate halves every ``half_life`` iterations, and stays at ``final`` times its first value."""

    half_life: float
    final: float = 0.01

    def __post_init__(self) -> None:
        _check(self.half_life > 0 and 0 < self.final <= 1, self)

    def factor(self, iteration: int) -> float:
        """See :class:`RateSchedule`."""
        return max(self.final, 0.5 ** (iteration / self.half_life))


@dataclass(frozen=True, slots=True)
class CosineRate:
    """The rate falls along half a cosine over ``iterations``, down to ``final`` times its first value."""

    iterations: int
    final: float = 0.01

    def __post_init__(self) -> None:
        _check(self.iterations > 0 and 0 < self.final <= 1, self)

    def factor(self, iteration: int) -> float:
        """See :class:`RateSchedule`."""
        progress = min(iteration / self.iterations, 1.0)
        return self.final + (1 - self.final) * (1 + cos(pi * progress)) / 2


@dataclass(frozen=True, slots=True)
class StepRate:
    """The rate takes the factor ``ratio`` every ``every`` iterations, down to ``final`` times its first value."""

    every: int
    ratio: float = 0.5
    final: float = 0.01

    def __post_init__(self) -> None:
        _check(self.every > 0 and 0 < self.ratio <= 1 and 0 < self.final <= 1, self)

    def factor(self, iteration: int) -> float:
        """See :class:`RateSchedule`."""
        return max(self.final, self.ratio ** (iteration // self.every))


def _check(valid: bool, schedule: object) -> None:
    if not valid:
        raise LearningError(
            f"A learning rate can't follow {schedule}.",
            remedy="Periods are positive; ratios and final values lie above 0 and are at most 1.",
        )
