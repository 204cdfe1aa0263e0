"""What tells a process to go ends a run as a decision of the run, at a place where it can end well."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hgx_lab.errors import HgxError
from hgx_lab.experiments._console_events import console_events
from hgx_lab.experiments._ending_signals import ending_signals

__all__ = ["Interrupts", "RunInterrupted"]


#: How often a paused run looks whether it is to end, s.
_POLL_SECONDS = 0.05


class RunInterrupted(HgxError):
    """Somebody asked the run to stop: a signal, a button, a closed window."""

    def __init__(self, reason: str, exit_code: int) -> None:
        super().__init__(f"Stopped by {reason}.")
        self.reason = reason
        self.exit_code = exit_code


class Interrupts:
    """A request to stop that is noted at once and raised where the run looks for it.

    Raising out of a signal handler could strike between two columns of a record or inside the ramp to rest;
    a flag that the waiting loop looks at every 50 ms can't.
    """

    def __init__(self) -> None:
        self._request: tuple[str, int] | None = None
        self._finish: tuple[str, int] | None = None
        self._ended = False  # the run has been told to end: nothing takes that back
        self._lock = threading.Lock()
        self._going = threading.Event()
        self._going.set()

    def pause(self) -> None:
        """Ask the run to stand still at its next boundary."""
        self._going.clear()

    def resume(self) -> None:
        """Let a paused run go on."""
        self._going.set()

    def finish(self, reason: str, exit_code: int = 130) -> None:
        """Ask the run to end when what it measures now is complete: at once if it is paused."""
        if self._finish is None:
            self._finish = (reason, exit_code)

    def unfinish(self) -> bool:
        """Withdraw what :meth:`finish` asked for; says whether it was in time and nothing else ends the run."""
        with self._lock:
            if self._ended or self._request is not None:
                return False
            self._finish = None
            return True

    @property
    def paused(self) -> bool:
        """Whether a pause has been asked for."""
        return not self._going.is_set()

    @property
    def finishing(self) -> bool:
        """Whether any end has been asked for."""
        return self._finish is not None or self._request is not None

    def at_boundary(self) -> None:
        """Raise :class:`RunInterrupted` if any end has been asked for."""
        self.check()
        with self._lock:
            found = self._finish
            self._ended |= found is not None
        if found is not None:
            raise RunInterrupted(*found)

    def wait(self) -> None:
        """Wait for the end of a pause, for a moment."""
        self._going.wait(_POLL_SECONDS)

    def request(self, reason: str, exit_code: int = 130) -> None:
        """Ask the run to stop; the first reason counts."""
        if self._request is None:
            self._request = (reason, exit_code)

    def check(self) -> None:
        """Raise :class:`RunInterrupted` if a stop has been asked for."""
        if self._request is not None:
            raise RunInterrupted(*self._request)

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Turn what tells the process to go into requests while the block runs; only the main thread can.

        These are the signals of :data:`ENDING_SIGNALS` that aren't ignored, and on Windows the events of the console.
        A second one changes nothing: neither it nor its default action strikes before the block has ended.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        # The C library of Windows ends the process at a closed console once it has handlers of signals; the handler
        # that was added last is asked first.
        with ending_signals(self.request), console_events(self.request):
            yield
