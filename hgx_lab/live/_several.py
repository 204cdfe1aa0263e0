"""More than one who watches a run."""

from __future__ import annotations

from pathlib import Path

from hgx_lab.acquisition import Event, PlacedSegment
from hgx_lab.config import RunFile
from hgx_lab.experiments import Audience
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit, Floats

__all__ = ["Several"]


class Several:
    """Passes everything on to each of an audience, in their order."""

    def __init__(self, *audiences: Audience) -> None:
        self._all = audiences

    def began(self, record: Path, run: RunFile) -> None:
        """Pass it on."""
        for one in self._all:
            one.began(record, run)

    def note(self, text: str) -> None:
        """Pass it on."""
        for one in self._all:
            one.note(text)

    def calibrated(self, fit: ChainFit) -> None:
        """Pass it on."""
        for one in self._all:
            one.calibrated(fit)

    def event(self, event: Event) -> None:
        """Pass it on."""
        for one in self._all:
            one.event(event)

    def progress(self, done: int, total: int, figures: str) -> None:
        """Pass it on."""
        for one in self._all:
            one.progress(done, total, figures)

    def iteration(self, iteration: Iteration) -> None:
        """Pass it on."""
        for one in self._all:
            one.iteration(iteration)

    def validation(self, validation: Validation) -> None:
        """Pass it on."""
        for one in self._all:
            one.validation(validation)

    def state(self, state: str) -> None:
        """Pass it on."""
        for one in self._all:
            one.state(state)

    def placed(self, placed: PlacedSegment) -> None:
        """Pass it on."""
        for one in self._all:
            one.placed(placed)

    def block(self, start: int, current: Floats) -> None:
        """Pass it on."""
        for one in self._all:
            one.block(start, current)

    def ended(self, status: str, reason: str) -> None:
        """Pass it on."""
        for one in self._all:
            one.ended(status, reason)
