"""Where the dashboard's picture comes from."""

from __future__ import annotations

from typing import Protocol

from hgx_lab.live import Snapshot

__all__ = ["NoSource", "Source"]


class Source(Protocol):
    """A run that can be watched and, while it goes on, steered. Nothing here may block."""

    def snapshot(self) -> Snapshot:
        """The run as it is now."""
        ...

    def pause(self) -> None:
        """Ask the run to hold after this iteration."""
        ...

    def resume(self) -> None:
        """Ask a paused run to go on."""
        ...

    def stop(self) -> None:
        """Ask the run to end after this iteration, with its outputs at rest."""
        ...

    def rest_now(self) -> None:
        """Ask the run to leave at once for the ramp to rest."""
        ...

    def reset_overload(self) -> None:
        """Put the lamp out until the converter clips again."""
        ...

    def close(self) -> None:
        """Look away; the run goes on."""
        ...


class NoSource:
    """Nothing to look at yet."""

    def snapshot(self) -> Snapshot:
        """An empty picture."""
        return Snapshot()

    def pause(self) -> None:
        """There is nothing to pause."""

    def resume(self) -> None:
        """There is nothing to resume."""

    def stop(self) -> None:
        """There is nothing to stop."""

    def rest_now(self) -> None:
        """There is nothing that could go to rest."""

    def reset_overload(self) -> None:
        """There is no lamp."""

    def close(self) -> None:
        """There is nothing to look away from."""
