"""The consumer's view of a stream: schedule segments, wait for readings, end at rest."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

import numpy as np

from hgx_drivers.interface import DaqCard
from hgx_lab.acquisition._control import RunControl, Unhindered
from hgx_lab.acquisition._engine import Demodulates, Engine
from hgx_lab.acquisition._events import Event, EventKind
from hgx_lab.acquisition._exchange import Exchange
from hgx_lab.acquisition._generated import GeneratedTones
from hgx_lab.acquisition._guard import VoltageGuard
from hgx_lab.acquisition._messages import Block, Message
from hgx_lab.acquisition._plan import StreamPlan
from hgx_lab.acquisition._player import Waves
from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment, slope_samples
from hgx_lab.errors import AcquisitionError

__all__ = ["Stream"]


#: The interpreter lets a waiting thread in after this time, s. Its usual 5 ms is as long as a block: the learner
#: could keep the acquisition from the card for as long as the outputs last.
_SWITCH_SECONDS = 2e-4


def _never() -> None:
    """Nothing interrupts."""


class Stream:
    """Plays segments on a card and hands back readings; a context manager whose end is the outputs at rest.

    Inside the ``with`` block :meth:`append` schedules and :meth:`next` waits for what was measured. Whatever ends
    the block, the outputs go down their ramp and the thread is gone before the next statement runs. Where outputs
    may not be at rest then, a block that ended well raises why.

    Parameters
    ----------
    card:
        The card; configured here, closed by its owner.
    guard:
        The device's limits.
    bank, demodulator:
        Synthesis and demodulation of the tone plan.
    plan:
        Everything else.
    generated:
        Tones that come from generators; None where all come from the card.
    interrupted:
        Called often from the consumer's thread; raises to end the run (a signal, a button).
    control:
        Where a pause, or an end after what is running, is asked for.
    watch:
        Gets every input block, (start, amperes (channels, n)), in the thread of the acquisition. It mustn't wait,
        raise, or keep the array.
    """

    def __init__(
        self,
        card: DaqCard,
        guard: VoltageGuard,
        bank: Waves,
        demodulator: Demodulates,
        plan: StreamPlan,
        *,
        generated: GeneratedTones | None = None,
        interrupted: Callable[[], None] = _never,
        control: RunControl | None = None,
        watch: Callable[[int, Floats], None] | None = None,
    ) -> None:
        self._interrupted = interrupted
        self._control = control or Unhindered()
        self._exchange: Exchange[Message] = Exchange(lockstep=not card.paced)
        self._engine = Engine(card, guard, bank, demodulator, plan, self._exchange, generated, watch)
        self._thread = threading.Thread(target=self._engine.run, name="hgx-acquisition")
        self._paced = card.paced
        self._usual_interval = sys.getswitchinterval()
        self.plan = plan

    def __enter__(self) -> Self:
        if self._paced:
            sys.setswitchinterval(_SWITCH_SECONDS)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        not_at_rest = self._engine.not_at_rest
        if not_at_rest is not None and (kind is None or issubclass(kind, GeneratorExit)):
            # All was measured, but what follows mustn't begin as if the outputs were at rest.
            raise not_at_rest

    def stop(self) -> None:
        """Bring the outputs to rest and end the thread; messages that came meanwhile stay readable. Idempotent."""
        self._engine.stopping.set()
        self._exchange.close()
        self._thread.join()
        if self._paced:
            sys.setswitchinterval(self._usual_interval)

    @property
    def fault(self) -> BaseException | None:
        """What ended the stream from inside, if anything did."""
        return self._engine.fault

    @property
    def samples(self) -> int:
        """Input samples per channel read so far."""
        return self._engine.transport.read_samples

    @property
    def last(self) -> PlacedSegment:
        """The segment scheduled last."""
        with self._exchange.condition:
            return self._engine.transport.schedule.last

    def slope_to(self, dc: Floats, amplitude: Floats, slope: float) -> int:
        """Samples of a slope from the segment scheduled last to these V, at ``slope`` V/s.

        An amplitude that changes moves the electrode too, so both travels count.
        """
        before = self.last.segment
        fading = np.abs(amplitude - before.amplitude)
        faded = np.bincount(self.plan.electrode_of_tone, fading, minlength=len(dc)).astype(np.float64)
        travel = np.abs(dc - before.dc) + faded
        return slope_samples(np.zeros_like(travel), travel, slope=slope, rate_hz=self.plan.settings.rate_hz)

    def append(self, segment: Segment) -> PlacedSegment:
        """Schedule a segment behind the last one; it starts where nothing has been written yet.

        Raises
        ------
        GuardRefusal
            When it could leave the device's limits. Nothing is scheduled then.
        """
        return self._engine.append(segment)

    def next(self) -> Message:
        """Wait for what comes next, in the order in which it happened.

        Raises
        ------
        HgxError, DriverError
            The fault that ended the stream; the outputs have been brought to rest then, if anything could.
        """
        while True:
            self._interrupted()
            if (message := self._exchange.get()) is not None:
                return message
            if self._exchange.drained:
                self._thread.join()
                raise self.fault or AcquisitionError("The stream has been stopped; nothing more will come.")

    def boundary(self, take: Callable[[Message], None]) -> int:
        """Say that the run is at a place where it can be paused or ended well; wait there while it is paused.

        What has been scheduled plays out, then the outputs hold. Messages go to ``take`` meanwhile, but for the
        raw blocks of the hold itself. On a bench whose time passes only while it is read, none passes.

        Returns
        -------
        Samples that passed in a pause.

        Raises
        ------
        HgxError, DriverError
            An end was asked for, or what ended the stream in the pause.
        """
        self._control.at_boundary()
        if not self._control.paused:
            return 0
        begin = self.samples
        played = max(self.last.end, begin) + self.plan.horizon_samples
        self._engine.hold()
        take(Event(EventKind.PAUSED, begin, "Paused; the outputs hold the last plateau."))
        while self._control.paused:
            self._interrupted()
            if not self._paced:
                self._control.wait()
            elif (message := self._exchange.get()) is not None:
                if not isinstance(message, Block) or message.start < played:
                    take(message)
            elif self._exchange.drained:
                self._thread.join()
                raise self.fault or AcquisitionError("The stream has been stopped in a pause.")
            self._control.at_boundary()
        held = self.samples - begin
        take(Event(EventKind.RESUMED, begin + held, f"Resumed after {held} samples.", {"held_samples": held}))
        return held

    def leftovers(self) -> list[Message]:
        """Return what :meth:`next` hasn't taken when the stream has ended, for the record."""
        messages: list[Message] = []
        while (message := self._exchange.get()) is not None:
            messages.append(message)
        return messages
