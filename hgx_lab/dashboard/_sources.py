"""The run that is shown, the one that this window started, and which of the two commands go to. Without Qt."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hgx_lab.dashboard._source import NoSource
from hgx_lab.live import RunState, Snapshot, Source, Status

__all__ = ["Command", "Sources", "Target", "with_end"]

Command = Literal["pause", "resume", "stop", "rest_now"]

#: When commands go to another run without anybody having asked for it, none is taken for so long, s: a click that
#: was meant for the run before mustn't reach the next one.
_PAUSE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """The run that commands go to now: its record, and its name in the run file.

    ``own``: this window started it. ``shown``: it is what the panels show, as it is now. ``ready``: commands are taken.
    """

    record: Path
    short: str
    status: Status
    own: bool
    shown: bool
    ready: bool


class Sources:
    """Keeps the run that was started here under control, whatever else is being looked at.

    Commands go to the own run as long as it goes on, and else to the run that is shown. :meth:`look` is called once
    a frame; :meth:`target` and :meth:`command` belong to the frame that the user sees.
    """

    def __init__(self) -> None:
        self.shown: Source = NoSource()
        self.own: Source | None = None
        self._commanded: Source = self.shown
        self._not_before = float("-inf")
        self._picture = self._own_picture = Snapshot()
        self._end_seen = True

    def show(self, source: Source, *, owned: bool = False) -> None:
        """Show another run; ``owned`` says that this window started it. What isn't needed any more is closed."""
        before = [self.shown, *([] if self.own is None or self.own is self.shown else [self.own])]
        self.shown, self._picture = source, Snapshot()
        if owned and source is not self.own:
            self.own, self._own_picture, self._end_seen = source, Snapshot(), False
        for each in before:
            if each is not source and each is not self.own:
                each.close()
        self._commanded = self.own if self.own is not None and self.own_goes_on else source
        self._not_before = float("-inf")

    def look(self) -> Snapshot:
        """Take the pictures of this frame; the one of the run that is shown is returned."""
        self._picture = _picture(self.shown, self._picture)
        if self.own is not None:
            same = self.own is self.shown
            self._own_picture = self._picture if same else _picture(self.own, self._own_picture)
        wanted = self.own if self.own is not None and self._goes_on() else self.shown
        if wanted is not self._commanded:
            self._commanded = wanted
            self._not_before = time.monotonic() + _PAUSE_SECONDS
        return self._picture

    @property
    def own_picture(self) -> Snapshot:
        """The run that was started here, as it was in this frame; empty where there is none."""
        return self._own_picture

    @property
    def own_name(self) -> str:
        """Name of the record of the run that was started here; empty where there is none."""
        return "" if self.own is None else _record(self.own, self._own_picture).stem

    @property
    def own_goes_on(self) -> bool:
        """Whether the run that was started here hasn't ended, looked at now."""
        if self.own is None:
            return False
        self._own_picture = _picture(self.own, self._own_picture)
        return self._goes_on()

    @property
    def goes_on(self) -> bool:
        """Whether the run that was started here goes on in this frame."""
        return self.own is not None and self._goes_on()

    @property
    def end_unseen(self) -> bool:
        """Whether the own run is over in this frame, and hasn't been shown since."""
        return self.own is not None and not self._end_seen and not self._goes_on()

    def mark_seen(self) -> None:
        """Note that the own run is shown as it is in this frame."""
        self._end_seen |= not self._goes_on()

    def target(self, *, rewound: bool) -> Target:
        """Where commands go in this frame; ``rewound`` says that the panels show the past."""
        own = self._commanded is self.own
        picture = self._own_picture if own else self._picture
        return Target(
            record=_record(self._commanded, picture),
            short=_record(self._commanded, picture).stem if picture.description is None else picture.description.name,
            status=picture.status,
            own=own,
            shown=self._commanded is self.shown and not rewound,
            ready=time.monotonic() >= self._not_before,
        )

    def command(self, command: Command) -> None:
        """Pass a command on to where :meth:`target` said it goes."""
        getattr(self._commanded, command)()

    def close(self) -> None:
        """Part from all of them; runs go on."""
        self.shown.close()
        if self.own is not None and self.own is not self.shown:
            self.own.close()

    def _goes_on(self) -> bool:
        state = self._own_picture.status.state
        # Out of sight isn't over: as long as its process lives, it can be brought to rest.
        return state.alive or (state is RunState.LOST and bool(getattr(self.own, "running", False)))


def with_end(past: Snapshot, now: Status) -> Snapshot:
    """An iteration of the past that says also what became of its run, which nobody is to miss."""
    words = f"{past.status.detail}. Now the run is {now.state.value}" + (f": {now.detail}" if now.detail else ".")
    return replace(past, status=replace(past.status, detail=words))


def _picture(source: Source, last: Snapshot) -> Snapshot:
    """A run now; a source that fails is a fault that everybody sees, not a picture that stands still."""
    try:
        return source.snapshot()
    except Exception as error:  # noqa: BLE001 - whatever it is, the state on the screen must be true
        words = f"the run can't be looked at any more: {type(error).__name__}: {error}"
        return replace(last, status=Status(RunState.LOST, words))


def _record(source: Source, picture: Snapshot) -> Path:
    return source.record if picture.description is None else Path(picture.description.record)
