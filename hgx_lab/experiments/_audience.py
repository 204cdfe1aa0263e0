"""Who watches a run: a progress display, a dashboard, nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from hgx_lab.acquisition import Event
from hgx_lab.config import RunFile
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit

__all__ = ["Audience", "SilentAudience"]


class Audience(Protocol):
    """Hears of everything in the thread of the run; it must not take long."""

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
