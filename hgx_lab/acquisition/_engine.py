"""The acquisition thread's work: play, read, demodulate, hand over, and end at rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np

from hgx_drivers.errors import CardDisconnected, DriverError, InputOverflow, OutputUnderflow
from hgx_drivers.interface import DaqCard
from hgx_lab.acquisition._events import Event, EventKind
from hgx_lab.acquisition._exchange import Exchange
from hgx_lab.acquisition._generated import Aside, GeneratedTones
from hgx_lab.acquisition._guard import VoltageGuard
from hgx_lab.acquisition._messages import Block, Message, Reading
from hgx_lab.acquisition._plan import StreamPlan
from hgx_lab.acquisition._player import Waves
from hgx_lab.acquisition._segment import Floats, PlacedSegment, Segment
from hgx_lab.acquisition._transport import Transport
from hgx_lab.errors import AcquisitionError
from hgx_lab.signals.types import Window, WindowReading

__all__ = ["Demodulates", "Engine"]

#: Rest is reached within this, V: three steps of a 16-bit converter over 20 V.
_REST_TOLERANCE = 1e-3

#: Streams that may break down on the way to rest before the card is given up.
_REST_ATTEMPTS = 10


class Demodulates(Protocol):
    """What the acquisition needs of a demodulator."""

    def expect(self, window: Window) -> None:
        """Announce a window of the input stream."""
        ...

    def process(self, block: Floats, start: int) -> list[WindowReading]:
        """Take in a block, shape (channels, n); return the windows it completed."""
        ...


class Engine:
    """Everything that happens in the acquisition thread; :meth:`run` is the thread.

    The consumer's thread only calls :meth:`append` and sets ``stopping``.
    """

    def __init__(
        self,
        card: DaqCard,
        guard: VoltageGuard,
        bank: Waves,
        demodulator: Demodulates,
        plan: StreamPlan,
        exchange: Exchange[Message],
        generated: GeneratedTones | None = None,
        watch: Callable[[int, Floats], None] | None = None,
    ) -> None:
        self._card, self._guard, self._bank, self._demodulator = card, guard, bank, demodulator
        self._plan, self._exchange = plan, exchange
        self._generated, self._watcher = generated, watch
        amplitudes = None if generated is None else generated.amplitudes
        self.transport = Transport(card, guard, bank, plan, exchange.condition, amplitudes)
        self._streaming = False
        #: Whether the generators have started is being looked at; readings wait for that.
        self._starting: Aside | None = None
        self._held: list[Reading] = []
        self.stopping = threading.Event()
        self.fault: BaseException | None = None
        #: Why outputs may not be at rest though everything is over.
        self.not_at_rest: BaseException | None = None
        self._announced: list[PlacedSegment] = []
        self._in_flight: dict[int, PlacedSegment] = {}
        self._overloaded = False
        self._resting = False

    def append(self, segment: Segment) -> PlacedSegment:
        """Schedule a segment from any thread, until the outputs go to rest."""
        with self._exchange.condition:
            if self._resting:
                # Behind the ramp it would be played: the outputs would leave rest again.
                raise self.fault or AcquisitionError("The stream has been stopped; nothing more can be scheduled.")
            placed = self.transport.append(segment)
            self.transport.hold_asked_for = False
            if segment.periods:
                self._announced.append(placed)
            return placed

    def hold(self) -> None:
        """Let the outputs hold without a late update when the schedule runs dry, until something is appended."""
        with self._exchange.condition:
            self.transport.hold_asked_for = True

    def run(self) -> None:
        """Stream until told to stop or until something fails, then bring the outputs to rest."""
        block = np.empty((len(self._plan.settings.inputs), self._plan.block_samples))
        try:
            self._stream(block)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the outputs go to rest and the consumer hears it
            self.fault = error
            self._note(_event_kind(error), f"{type(error).__name__}: {error}")
        try:
            self._rest(block)
        except BaseException as error:  # noqa: BLE001 - there is no further way to rest; say so
            self.fault = self.fault or error
            self.not_at_rest = error
            self._note(
                EventKind.NOT_AT_REST,
                f"The outputs could not be brought to rest: {error} Their voltages are unknown. Disconnect the "
                "device before you touch the bench.",
            )
        finally:
            self._exchange.close()

    def _stream(self, block: Floats) -> None:
        rate_hz = self._plan.settings.rate_hz
        # On a bench in real time an answer that comes within a quarter of a block still catches the next one.
        grace = self._plan.block_samples / rate_hz / 4
        # What the consumer schedules first begins at sample 0, whichever of the two threads is faster.
        self._exchange.wait_until_wanted(grace)
        self._fill()
        if self._generated is not None:
            changed = self._generated.arm()
            self._note(EventKind.GENERATOR, " ".join(["The generators' tones wait for the card's start.", *changed]))
        self.transport.start()
        self._streaming = True
        self._note(EventKind.STARTED, f"Streaming at {rate_hz:g} samples per second.")
        if self._generated is not None:
            self._starting = Aside(self._generated.started)
            if not self._card.paced:
                # No sample passes before it is known, as on a bench in real time no reading does.
                self._starting.wait()
        while not self.stopping.is_set():
            self._fill()
            start = self.transport.read(block)
            delivered = self._deliver(block, start)
            if self._let_go() or delivered:
                self._exchange.wait_until_wanted(grace)

    def _let_go(self) -> bool:
        """Hand over the readings that waited for the generators' start once that was seen; whether there were any.

        Raises
        ------
        DriverError
            A generator hasn't started.
        """
        if self._starting is None or self._starting.pending:
            return False
        seen, self._starting = self._starting, None
        if seen.error is not None:
            raise seen.error
        if seen.notes:
            self._note(EventKind.GENERATOR, " ".join(seen.notes))
        held, self._held = self._held, []
        for reading in held:
            self._exchange.put(reading)
        return bool(held)

    def _fill(self) -> None:
        with self._exchange.condition:
            announced, self._announced = self._announced, []
        for placed in announced:
            self._in_flight[placed.index] = placed
            first = placed.window_start + self._plan.delay_samples
            self._demodulator.expect(Window(first, placed.segment.periods, placed.index))
        hold = self.transport.fill()
        self._report_segments(self.transport)
        if hold is not None:
            self._note(
                EventKind.LATE_UPDATE,
                f"Nothing was scheduled from sample {hold[0]} on; the outputs hold for {hold[1]} samples.",
                sample=hold[0],
                held_samples=hold[1],
            )

    def _report_segments(self, transport: Transport) -> None:
        for placed in transport.begun():
            self._exchange.put(placed)

    def _deliver(self, block: Floats, start: int) -> bool:
        """Hand a block to the demodulator and its readings to the consumer; whether there were any."""
        block *= self._plan.amperes_per_volt
        block -= self._plan.offset_amperes
        self._watch(block, start)
        if self._watcher is not None:
            self._watcher(start, block)
        if self._plan.keep_blocks:
            self._exchange.put(Block(start, block.copy()))
        windows = self._demodulator.process(block, start)
        for window in windows:
            peak = self._peak(float(np.max(window.maximum)), float(np.min(window.minimum)))
            reading = Reading(
                self._in_flight.pop(window.window.tag),
                window,
                overload=peak >= self._plan.overload_amperes,
                read_until=self.transport.read_samples,
            )
            if self._starting is None:
                self._exchange.put(reading)
            else:
                self._held.append(reading)
        return bool(windows) and self._starting is None

    def _watch(self, block: Floats, start: int) -> None:
        peak = self._peak(float(block.max()), float(block.min()))
        if not np.isfinite(peak):
            wrong = [
                f"{channel.terminal} ({channel.name})"
                for channel, row in zip(self._plan.settings.inputs, block, strict=True)
                if not np.all(np.isfinite(row))
            ]
            raise AcquisitionError(
                f"{', '.join(wrong)}: the card delivered samples that aren't numbers in the block from sample {start}.",
                remedy="Disconnect the device before you touch a wire; check the input's wiring and range, then the "
                "card.",
            )
        overloaded = peak >= self._plan.overload_amperes
        if overloaded and not self._overloaded:
            self._note(
                EventKind.OVERLOAD,
                f"The converter clips: {peak:.4g} A, full scale {self._plan.overload_amperes:.4g} A, in the block "
                f"from sample {start}.",
                sample=start,
                peak_amperes=peak,
            )
        self._overloaded = overloaded

    def _peak(self, highest: float, lowest: float) -> float:
        """How far the converter was driven, A: with its offset, which isn't in the currents any more."""
        return max(highest + self._plan.offset_amperes, -(lowest + self._plan.offset_amperes))

    def _rest(self, block: Floats) -> None:
        with self._exchange.condition:
            self._resting = True
            self._announced.clear()
        self._note(EventKind.RAMP, "The outputs go to rest.")
        # A stream that broke down leaves the converters holding: a new one takes them from there.
        transport = None if isinstance(self.fault, DriverError) else self.transport
        if self._generated is not None:
            transport = self._without_generators(self._generated, transport, block)
        for _ in range(_REST_ATTEMPTS - 1):
            try:
                self._ramp(transport, block)
            except CardDisconnected:
                raise
            except Exception as error:  # noqa: BLE001 - there is a further way to rest
                self.fault = self.fault or error
                self._note(EventKind.RAMP, f"The running stream can't reach rest ({error}); starting anew.")
                transport = None
            else:
                return
        self._ramp(None, block)

    def _without_generators(
        self, generated: GeneratedTones, transport: Transport | None, block: Floats
    ) -> Transport | None:
        """Bring the generators to rest; return the stream with which the card can go there, if one runs."""
        try:
            return self._switch_off(generated, transport if self._streaming else None, block)
        except BaseException as error:  # noqa: BLE001 - the card goes to rest whatever became of the generators
            self.fault = self.fault or error
            self._not_off(error)
            return None

    def _not_off(self, error: BaseException) -> None:
        self.not_at_rest = error
        self._note(
            EventKind.NOT_AT_REST,
            f"A generator could not be switched off: {error} Its tone may still be on the electrodes. "
            "Disconnect the device before you touch the bench.",
        )

    def _switch_off(self, generated: GeneratedTones, running: Transport | None, block: Floats) -> Transport | None:
        """Bring the generators to rest, the card holding meanwhile; return its stream if that still runs.

        No failure of a generator keeps the card from its ramp.
        """
        off = Aside(partial(_rest_after, self._starting, generated))
        if running is not None:
            try:
                running.hold()
                while off.pending:
                    running.fill()
                    running.read(block)
            except Exception as error:  # noqa: BLE001 - the card has a further way to rest
                self.fault = self.fault or error
                self._note(EventKind.FAULT, f"{type(error).__name__}: {error}")
                running = None
        off.wait()
        self.transport.without_generators()
        if off.error is None:
            self._note(EventKind.GENERATOR, " ".join(["The outputs of the generators are off.", *off.notes]))
        else:
            self.fault = self.fault or off.error
            self._not_off(off.error)
        return running

    def _ramp(self, transport: Transport | None, block: Floats) -> None:
        """Bring the outputs to rest on a stream that runs, or on a new one."""
        if transport is None:
            self._card.stop()
            # Nothing will be updated any more, so the buffer may be full: a machine that was too slow gets there too.
            full = self._plan.settings.output_buffer_samples - self._plan.block_samples
            plan = replace(self._plan, lead_samples=full)
            transport = Transport(self._card, self._guard, self._bank, plan, self._exchange.condition)
        transport.ramp_to_rest(block)
        self._report_segments(transport)
        self._confirm_rest()

    def _confirm_rest(self) -> None:
        levels = self._card.levels()
        text = np.array2string(levels, precision=4)
        if not np.all(np.abs(levels - self._plan.rest_volts) < _REST_TOLERANCE):
            raise AcquisitionError(f"The ramp ended at {text} V instead of {self._plan.rest_volts} V.")
        self._note(EventKind.AT_REST, f"The outputs are at rest: {text} V.")

    def _note(self, kind: EventKind, message: str, *, sample: int | None = None, **data: float | int | str) -> None:
        at = self.transport.read_samples if sample is None else sample
        self._exchange.put(Event(kind, at, message, data))


def _rest_after(starting: Aside | None, generated: GeneratedTones) -> Sequence[str]:
    """Bring generators to rest when nobody asks them anything else any more."""
    if starting is not None:
        starting.wait()
    return generated.rest()


def _event_kind(error: BaseException) -> EventKind:
    if isinstance(error, OutputUnderflow):
        return EventKind.UNDERFLOW
    if isinstance(error, InputOverflow):
        return EventKind.OVERRUN
    return EventKind.FAULT
