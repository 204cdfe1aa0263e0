"""What happens in a stream besides samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["Event", "EventKind"]


class EventKind(StrEnum):
    """Kinds of events, as they stand in the record."""

    STARTED = "started"
    OVERLOAD = "overload"
    PAUSED = "paused"
    RESUMED = "resumed"
    LATE_UPDATE = "late-update"
    UNDERFLOW = "underflow"
    OVERRUN = "overrun"
    FAULT = "fault"
    GENERATOR = "generator"
    RAMP = "ramp-to-rest"
    AT_REST = "at-rest"
    NOT_AT_REST = "not-at-rest"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a sample of the stream, with its numbers."""

    kind: EventKind
    sample: int
    message: str
    data: Mapping[str, float | int | str] = field(default_factory=dict[str, float | int | str])
