"""What the acquisition hands to the thread that learns."""

from __future__ import annotations

from dataclasses import dataclass

from hgx_lab.acquisition._events import Event
from hgx_lab.acquisition._segment import Floats, PlacedSegment
from hgx_lab.signals.types import WindowReading

__all__ = ["Block", "Message", "Reading"]


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a segment's window says.

    ``read_until`` is the number of input samples read when it was complete: an answer that starts at output
    sample s has a latency of ``s - read_until`` samples.
    """

    placed: PlacedSegment
    window: WindowReading
    overload: bool
    read_until: int


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A copy of an input block in amperes, shape (channels, n), with the index of its first sample."""

    start: int
    current: Floats


#: A placed segment says that its first sample has been written; a stop may cut it short.
Message = Reading | Block | Event | PlacedSegment
