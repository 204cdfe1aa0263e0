"""The word that says what a run is doing."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RunState"]


class RunState(StrEnum):
    """What a run is doing now."""

    IDLE = "idle"
    OPENING = "opening"
    CALIBRATING = "calibrating"
    LEARNING = "learning"
    MEASURING = "measuring"  # an experiment that doesn't train
    PAUSED = "paused"
    STOPPING = "stopping"  # ends after the iteration that is being measured
    RAMPING = "ramping"  # the outputs are on their way to rest
    FINISHED = "finished"
    FAULT = "fault"
    LOST = "lost"  # the process that ran it is gone without a word

    @property
    def alive(self) -> bool:
        """Whether there is a run that can still change."""
        return self not in (RunState.IDLE, RunState.FINISHED, RunState.FAULT, RunState.LOST)
