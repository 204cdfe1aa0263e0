"""What must be seen in every mode and whatever has become of the display: outputs that aren't at rest."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path

from hgx_lab.acquisition import Event, EventKind
from hgx_lab.cli._characters import presentable
from hgx_lab.cli._output import Screen
from hgx_lab.cli._streams import current
from hgx_lab.cli._sturdy_stream import SturdyStream
from hgx_lab.config import RunFile
from hgx_lab.errors import HgxError
from hgx_lab.experiments import SilentAudience

__all__ = ["Alarm", "DisplayLost", "Watchman", "warn"]

_TERMINAL = "CONOUT$" if sys.platform == "win32" else "/dev/tty"
#: Back to the start of the line and erase it: a progress bar may stand there.
_OVER_THE_BAR = "\r\x1b[2K"


class DisplayLost(HgxError):
    """A standard stream takes nothing any more."""


class Alarm(SilentAudience):
    """Warns of outputs that aren't at rest.

    Parameters
    ----------
    on_output:
        Whether standard output may be used if standard error is dead: not where it is for programs.
    """

    def __init__(self, *, on_output: bool = True) -> None:
        self._on_output = on_output

    def event(self, event: Event) -> None:
        """Warn of the one kind of event that asks for somebody's hands."""
        if event.kind is EventKind.NOT_AT_REST:
            warn(f"{event.kind}: {event.message}", on_output=self._on_output)


class Watchman(SilentAudience):
    """Raises, once for each stream, that it takes nothing any more: the run goes on, and its record has the reason."""

    def __init__(self) -> None:
        streams = current()
        self._watched = [streams.out, streams.err]

    def began(self, record: Path, run: RunFile) -> None:
        """Look."""
        self._look()

    def event(self, event: Event) -> None:
        """Look."""
        self._look()

    def progress(self, done: int, total: int, figures: str) -> None:
        """Look."""
        self._look()

    def _look(self) -> None:
        for stream in [s for s in self._watched if s.trouble is not None]:
            self._watched.remove(stream)
            raise DisplayLost(f"{stream.name.capitalize()} can't be written: {stream.trouble}.")


def warn(text: str, *, on_output: bool = True) -> bool:
    """Say what must not be missed where somebody may see it; whether any place took it.

    That is standard error, then standard output if that is allowed, then the terminal itself.
    """
    streams = current()
    for stream in (streams.err, streams.out) if on_output else (streams.err,):
        if stream.deliver(_rendered(text, stream)):
            return True
    return _to_the_terminal(text)


def _rendered(text: str, stream: SturdyStream) -> str:
    screen = Screen(file=stream)  # type: ignore[arg-type]
    with screen.capture() as captured:
        screen.print(text, style="bold red", soft_wrap=True)
    return (_OVER_THE_BAR if stream.isatty() else "") + captured.get()


def _to_the_terminal(text: str) -> bool:
    # It may neither become our controlling terminal nor hold us up.
    flags = os.O_WRONLY | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_NONBLOCK", 0)
    with suppress(OSError):
        terminal = os.open(_TERMINAL, flags)
        try:
            os.write(terminal, presentable(f"\n{text}\n", "ascii").encode("ascii"))
        finally:
            os.close(terminal)
        return True
    return False
