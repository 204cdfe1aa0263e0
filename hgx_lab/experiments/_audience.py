"""Who watches a run: a progress display, a dashboard, nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hgx_lab.acquisition import Event, PlacedSegment
from hgx_lab.config import RunFile
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit, Floats

__all__ = ["Audience", "SilentAudience"]


class Audience(Protocol):
    """Is called in the thread of the run, and must not take long. What it raises is noted and doesn't end the run."""

    def began(self, record: Path, run: RunFile) -> None:
        """Hear that the record has been opened."""
        ...

    def note(self, text: str) -> None:
        """Hear what the bench is doing before anything moves."""
        ...

    def calibrated(self, fit: ChainFit) -> None:
        """Hear of the measured delay and pole."""
        ...

    def event(self, event: Event) -> None:
        """Hear of an event of the acquisition."""
        ...

    def progress(self, done: int, total: int, figures: str) -> None:
        """Hear how far a measurement is, and its latest numbers in words."""
        ...

    def iteration(self, iteration: Iteration) -> None:
        """Hear of a completed iteration of a training."""
        ...

    def validation(self, validation: Validation) -> None:
        """Hear of a completed validation of a training."""
        ...

    def state(self, state: str) -> None:
        """Hear what the run turns to: "calibrating", "learning" or "measuring"."""
        ...

    def placed(self, placed: PlacedSegment) -> None:
        """Hear that a segment has begun to be written to the outputs."""
        ...

    def block(self, start: int, current: Floats) -> None:
        """Hear an input block, (channels, n) in A, in the thread of the acquisition; don't keep the array."""
        ...

    def ended(self, status: str, reason: str) -> None:
        """Hear how the run ended, as its record says; the outputs and the record are done with."""
        ...


class SilentAudience:
    """Nobody watches."""

    def began(self, record: Path, run: RunFile) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""

    def calibrated(self, fit: ChainFit) -> None:
        """Ignore it."""

    def event(self, event: Event) -> None:
        """Ignore it."""

    def progress(self, done: int, total: int, figures: str) -> None:
        """Ignore it."""

    def iteration(self, iteration: Iteration) -> None:
        """Ignore it."""

    def validation(self, validation: Validation) -> None:
        """Ignore it."""

    def state(self, state: str) -> None:
        """Ignore it."""

    def placed(self, placed: PlacedSegment) -> None:
        """Ignore it."""

    def block(self, start: int, current: Floats) -> None:
        """Ignore it."""

    def ended(self, status: str, reason: str) -> None:
        """Ignore it."""
