"""What the dashboard looks at when there is nothing to look at."""

from __future__ import annotations

from pathlib import Path

from hgx_lab.live import Snapshot

__all__ = ["NoSource"]


class NoSource:
    """A :class:`hgx_lab.live.Source` without a run."""

    record = Path()

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
