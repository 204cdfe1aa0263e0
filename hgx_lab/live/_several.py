"""More than one who watches a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hgx_lab.acquisition import Event, PlacedSegment
from hgx_lab.config import RunFile
from hgx_lab.experiments import Audience
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit, Floats

__all__ = ["Several"]


class Several:
    """Passes everything on to each of an audience, in their order; what some of them raise keeps it from no other."""

    def __init__(self, *audiences: Audience) -> None:
        self._all = audiences

    def began(self, record: Path, run: RunFile) -> None:
        """Pass it on."""
        self._each(lambda one: one.began(record, run))

    def note(self, text: str) -> None:
        """Pass it on."""
        self._each(lambda one: one.note(text))

    def calibrated(self, fit: ChainFit) -> None:
        """Pass it on."""
        self._each(lambda one: one.calibrated(fit))

    def event(self, event: Event) -> None:
        """Pass it on."""
        self._each(lambda one: one.event(event))

    def progress(self, done: int, total: int, figures: str) -> None:
        """Pass it on."""
        self._each(lambda one: one.progress(done, total, figures))

    def iteration(self, iteration: Iteration) -> None:
        """Pass it on."""
        self._each(lambda one: one.iteration(iteration))

    def validation(self, validation: Validation) -> None:
        """Pass it on."""
        self._each(lambda one: one.validation(validation))

    def state(self, state: str) -> None:
        """Pass it on."""
        self._each(lambda one: one.state(state))

    def placed(self, placed: PlacedSegment) -> None:
        """Pass it on."""
        self._each(lambda one: one.placed(placed))

    def block(self, start: int, current: Floats) -> None:
        """Pass it on."""
        self._each(lambda one: one.block(start, current))

    def ended(self, status: str, reason: str) -> None:
        """Pass it on."""
        self._each(lambda one: one.ended(status, reason))

    def _each(self, call: Callable[[Audience], None]) -> None:
        failures: list[Exception] = []
        for one in self._all:
            try:
                call(one)
            except Exception as error:  # noqa: BLE001 - the others are to know it all the same
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise ExceptionGroup("Several observers failed.", failures)
