"""Events and checkpoints: lines of JSON in a record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hgx_lab.errors import RecordError
from hgx_lab.records._json import loads

__all__ = ["Checkpoint", "Event", "Read", "read_checkpoint", "read_events"]

#: Reads a selection of a data set by its name.
Read = Callable[[str, Any], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happened: its kind, sample index (if it has one), a sentence, and plain data.

    Like every class that holds arrays it is compared by identity; ``==`` over arrays isn't true or false.
    """

    kind: str
    sample: int | None
    message: str
    data: dict[str, Any] = field(default_factory=dict[str, Any])
    time: float = float("nan")  # Unix seconds


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """A state from which a run can go on, taken after ``iteration``."""

    iteration: int
    state: dict[str, Any]


def read_events(read: Read, count: int) -> list[Event]:
    """The first ``count`` events; ``read`` reads a part of a data set by its name."""
    if count == 0:
        return []
    end = int(read("events/end", count - 1))
    # Not str.splitlines, which would also split at exotic line ends within a message.
    lines = bytes(read("events/text", slice(end))).removesuffix(b"\n").split(b"\n")
    times = read("provenance/event_times", slice(count))
    return [Event(**loads(line.decode()), time=float(time)) for line, time in zip(lines, times, strict=True)]


def read_checkpoint(read: Read, count: int, index: int) -> Checkpoint:
    """The checkpoint at ``index`` of ``count``, counted from the end if negative."""
    place = index + count if index < 0 else index
    if not 0 <= place < count:
        raise RecordError(f"There is no checkpoint {index}: the record has {count}.")
    ends = read("checkpoints/end", slice(max(place - 1, 0), place + 1))
    start = int(ends[0]) if place else 0
    text = read("checkpoints/text", slice(start, int(ends[-1])))
    return Checkpoint(**loads(bytes(text).decode()))
