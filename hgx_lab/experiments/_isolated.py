"""Whoever watches a run can't end it: what an observer raises is noted, and the run goes on."""

from __future__ import annotations

import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from hgx_lab.acquisition import Event, EventKind, PlacedSegment
from hgx_lab.config import RunFile
from hgx_lab.errors import HgxError
from hgx_lab.experiments._audience import Audience
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit, Floats

__all__ = ["Isolated"]

#: An observer may fail at every call, and say something else each time.
_MOST_NOTES = 20


class Isolated:
    """Passes everything on to an audience, and keeps what that raises from the run.

    The first failure of each kind is noted, in the record where there is one and on standard error. The audience is
    called again all the same: who couldn't show an iteration may well show a warning. What isn't an error, such as
    ``KeyboardInterrupt``, passes.

    Parameters
    ----------
    audience:
        Who watches.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._known: set[tuple[type[Exception], str]] = set()
        self._from_the_acquisition: deque[Exception] = deque(maxlen=_MOST_NOTES)
        #: Notes an event in the record: kind, sample, message, data. None while there is no record.
        self.note_event: Callable[..., None] | None = None

    def began(self, record: Path, run: RunFile) -> None:
        """Pass it on."""
        self._call("began", record, run)

    def note(self, text: str) -> None:
        """Pass it on."""
        self._call("note", text)

    def calibrated(self, fit: ChainFit) -> None:
        """Pass it on."""
        self._call("calibrated", fit)

    def event(self, event: Event) -> None:
        """Pass it on; a warning that the audience couldn't show goes to standard error."""
        if not self._call("event", event) and event.kind is EventKind.NOT_AT_REST:
            _to_standard_error(event.message)

    def progress(self, done: int, total: int, figures: str) -> None:
        """Pass it on."""
        self._call("progress", done, total, figures)

    def iteration(self, iteration: Iteration) -> None:
        """Pass it on."""
        self._call("iteration", iteration)

    def validation(self, validation: Validation) -> None:
        """Pass it on."""
        self._call("validation", validation)

    def state(self, state: str) -> None:
        """Pass it on."""
        self._call("state", state)

    def placed(self, placed: PlacedSegment) -> None:
        """Pass it on."""
        self._call("placed", placed)

    def block(self, start: int, current: Floats) -> None:
        """Pass it on, in the thread of the acquisition; nobody can change the samples, which are measured after this.

        A failure is noted later: this thread must neither write a record nor wait for a terminal.
        """
        shown = current.view()
        shown.flags.writeable = False
        try:
            self._audience.block(start, shown)
        except Exception as error:  # noqa: BLE001 - whatever it is, the outputs have to be fed
            self._from_the_acquisition.append(error)

    def ended(self, status: str, reason: str) -> None:
        """Pass it on."""
        self._call("ended", status, reason)

    def _call(self, method: str, *arguments: Any) -> bool:
        """Make a call; whether it went well."""
        while self._from_the_acquisition:
            self._note("block", self._from_the_acquisition.popleft())
        try:
            getattr(self._audience, method)(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the run goes on
            self._note(method, error)
            return False
        return True

    def _note(self, what: str, failure: Exception) -> None:
        for error in _leaves(failure):
            with suppress(Exception):  # an error may fail at saying what it is
                self._note_one(what, error)

    def _note_one(self, what: str, error: Exception) -> None:
        # An error of ours is known by what it says, any other by its type and place.
        ours = isinstance(error, HgxError)
        known = (type(error), str(error) if ours else what)
        if known in self._known or len(self._known) >= _MOST_NOTES:
            return
        self._known.add(known)
        said = str(error) if ours else f"{what}() of an observer raised {type(error).__name__}: {error}."
        text = f"{said} The run goes on."
        details = "".join(traceback.format_exception(error))
        if self.note_event is not None:
            with suppress(Exception):  # a record that is full or closed ends the run elsewhere, or can't any more
                self.note_event("observer", None, text, traceback=details)
        _to_standard_error(text)


def _leaves(error: Exception) -> Iterator[Exception]:
    if isinstance(error, ExceptionGroup):
        for one in error.exceptions:
            yield from _leaves(one)
    else:
        yield error


def _to_standard_error(text: str) -> None:
    with suppress(Exception):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
