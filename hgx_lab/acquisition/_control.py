"""What may hold up a run where it can be held up: a pause, or an end after what is running."""

from __future__ import annotations

from typing import Protocol

__all__ = ["RunControl", "Unhindered"]


class RunControl(Protocol):
    """Asked between two iterations, or two plateaus of a measurement, in the thread of the run."""

    @property
    def paused(self) -> bool:
        """Whether the run is to stand still."""
        ...

    def at_boundary(self) -> None:
        """Raise to end the run here."""
        ...

    def wait(self) -> None:
        """Wait a moment, or until something changes."""
        ...


class Unhindered:
    """Nobody holds anything up."""

    @property
    def paused(self) -> bool:
        """Never."""
        return False

    def at_boundary(self) -> None:
        """Go on."""

    def wait(self) -> None:
        """Don't."""
