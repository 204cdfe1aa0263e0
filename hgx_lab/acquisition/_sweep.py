"""Plateaus one after the other, with a reading of each: what most measurements are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from hgx_lab.acquisition._messages import Message, Reading
from hgx_lab.acquisition._segment import Floats, Segment
from hgx_lab.acquisition._stream import Stream

__all__ = ["Plateau", "sweep"]


@dataclass(frozen=True, slots=True, eq=False)
class Plateau:
    """Voltages (electrodes,) and tone amplitudes (tones,) in V that are held and measured."""

    dc: Floats
    amplitude: Floats
    settle: int
    periods: int
    label: object = None


def sweep(
    stream: Stream, plateaus: Iterable[Plateau], *, slope: float, hear: Callable[[Message], None]
) -> Iterator[Reading]:
    """Measure plateaus in their order; the outputs never stand still between two of them.

    Plateaus are taken from the iterable only as the stream comes near them, so it may be endless.

    Parameters
    ----------
    slope:
        Speed of the moves between plateaus, V/s.
    hear:
        Gets every message of the stream, readings included.

    Raises
    ------
    GuardRefusal
        A plateau that could leave the limits; what was scheduled before it is abandoned at the end of the stream.
    """
    source = iter(plateaus)
    upcoming = next(source, None)
    ends: deque[int] = deque()
    ready: deque[Reading] = deque()

    def take(message: Message) -> None:
        hear(message)
        if isinstance(message, Reading):
            ready.append(message)

    while upcoming is not None or ends:
        stream.boundary(take)
        # Nobody looks at the schedule again before the oldest plateau has been read.
        while upcoming is not None and (not ends or stream.last.end < ends[0] + stream.plan.horizon_samples):
            this, upcoming = upcoming, next(source, None)
            segment = Segment(
                this.dc,
                this.amplitude,
                slope=stream.slope_to(this.dc, this.amplitude, slope),
                settle=this.settle,
                periods=this.periods,
                label=this.label,
                awaits_reading=upcoming is None,
            )
            ends.append(stream.append(segment).end)
        while not ready:
            take(stream.next())
        ends.popleft()
        yield ready.popleft()
