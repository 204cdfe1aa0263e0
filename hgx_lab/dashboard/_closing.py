"""Whether the window may close: what is asked first, and a window that waits for its run to be at rest."""

from __future__ import annotations

from collections.abc import Callable

from hgx_lab.dashboard._sources import Sources
from hgx_lab.live import RunState

__all__ = ["Closing"]


class Closing:
    """Asks about edits and about the run that was started here; nothing is done before all is answered.

    Parameters
    ----------
    sources:
        The runs of the window.
    may_lose_edits:
        Asks about edits; False to stay.
    ask:
        Asks what is to become of the run: ``leave``, ``stop`` or ``cancel``.
    stop:
        Stops it after its iteration.
    """

    def __init__(
        self, sources: Sources, may_lose_edits: Callable[[], bool], ask: Callable[[], str], stop: Callable[[], None]
    ) -> None:
        self._sources, self._may_lose_edits, self._ask, self._stop = sources, may_lose_edits, ask, stop
        #: Whether the window closes as soon as the run is at rest.
        self.at_rest = False

    def allowed(self) -> bool:
        """Ask what has to be asked; True to close now."""
        answer = "cancel"
        if self._may_lose_edits():
            answer = self._ask() if self._sources.own_goes_on else "leave"
        self.at_rest = answer == "stop"
        if self.at_rest:
            self._stop()
        return answer == "leave"

    def due(self) -> bool | None:
        """After a stop that was answered: True when the run is at rest, False when it ended otherwise, else None."""
        if not self.at_rest or self._sources.own_goes_on:
            return None
        return self._sources.own_picture.status.state is RunState.FINISHED
