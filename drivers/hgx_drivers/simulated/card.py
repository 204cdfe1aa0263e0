"""A DAQ card whose terminals are wired to a plant."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from hgx_drivers._checks import channel_numbers, check_layout, check_samples, check_settings
from hgx_drivers.errors import CardDisconnected, CardStateError, OutputBufferFull, RangeError, ReadTimeout
from hgx_drivers.interface import Identity, StreamSettings, Volts
from hgx_drivers.simulated._fault_script import FaultScript
from hgx_drivers.simulated._stream import Stream
from hgx_drivers.simulated.chain import Plant
from hgx_drivers.simulated.clock import Clock
from hgx_drivers.simulated.faults import Fault

__all__ = ["SimulatedCard"]

_MAXIMUM_VOLTS = 10.0


class SimulatedCard:
    """Analogue outputs ``ao0`` ... on the plant's electrodes, inputs ``ai0`` ... on its read-outs.

    The buffers behave like a card's without regeneration. When the output runs empty or the input overflows the
    stream ends at that sample: the converters hold, and every read and write raises the same error until ``stop``
    or ``configure``. The plant lives on through stops: a new stream continues from the held levels. With a clock
    that isn't paced, time passes only in ``read``, so what was written and never read never left the converters.
    Calls may come from several threads; none sleeps while it keeps the others out.

    Parameters
    ----------
    plant:
        What the terminals are wired to; its electrodes stand where they were commanded last.
    clock:
        How time passes.
    identity:
        Of the card, for the record.
    faults:
        What goes wrong and when, in samples since the card's first start.
    """

    def __init__(
        self, plant: Plant, clock: Clock, *, identity: Identity | None = None, faults: Sequence[Fault] = ()
    ) -> None:
        self._plant = plant
        self._clock = clock
        self._identity = identity or Identity("hgx-lab", "simulated card", "0")
        self._faults = FaultScript(faults)
        self._lock = threading.Lock()
        self._held = plant.standing_volts
        self._rows: list[int] = list(range(plant.electrodes))
        self._columns: list[int] = []
        self._stream: Stream | None = None
        self._closed = False

    @property
    def identity(self) -> Identity:
        """Maker, model and serial number."""
        return self._identity

    @property
    def plant(self) -> Plant:
        """What is wired to the terminals: the truth of the simulation."""
        return self._plant

    @property
    def paced(self) -> bool:
        """Whether time passes by itself, as the clock says."""
        return self._clock.paced

    @property
    def samples_generated(self) -> int:
        """Samples per channel that have left the converters since ``start``."""
        with self._lock:
            if self._stream is None:
                return 0
            self._stream.catch_up()
            return self._stream.output.popped

    def levels(self) -> Volts:
        """Volts commanded at the configured outputs now (all outputs before ``configure``); NaN after a disconnect."""
        with self._lock:
            if self._stream is None:
                return self._held[self._rows]
            self._stream.catch_up()
            if isinstance(self._stream.failure, CardDisconnected):
                return np.full(len(self._rows), np.nan)
            return self._stream.held[self._rows]

    def configure(self, settings: StreamSettings) -> None:
        """Take channels, rate and buffers. The outputs keep their levels, also those that aren't named.

        They are looked at anew: another card on the same plant may have moved them.
        """
        with self._lock:
            self._check_alive()
            if self._stream is not None:
                self._stream.catch_up()
                self._check_alive()
                if self._stream.running and self._stream.failure is None:
                    raise CardStateError("The card is running and can't be configured.", remedy="Stop it first.")
            check_settings(settings, _MAXIMUM_VOLTS)
            rows = channel_numbers(settings.outputs, "ao", self._plant.electrodes)
            columns = channel_numbers(settings.inputs, "ai", self._plant.outputs)
            self._plant.configure(settings.rate_hz)
            self._rows, self._columns = rows, columns
            self._held = self._plant.standing_volts
            self._stream = self._new_stream(settings)

    def write(self, samples: Volts) -> None:
        """Append samples, shape (outputs, n), all or none."""
        with self._lock:
            stream = self._ready_stream()
            check_layout(samples, len(self._rows), "Samples to write")
            check_samples(samples, stream.settings.outputs)
            stream.catch_up()
            _raise_failure(stream)
            count, free = samples.shape[1], stream.output.free
            if count > free:
                raise OutputBufferFull(
                    f"{count} samples were written and the output buffer of "
                    f"{stream.settings.output_buffer_samples} has room for {free}; none was taken.",
                    free_samples=free,
                    remedy="Write less, or read first.",
                )
            stream.output.push(samples)

    def start(self) -> None:
        """Start both directions at sample 0."""
        with self._lock:
            stream = self._ready_stream()
            if stream.running:
                raise CardStateError("The card is already running.")
            if not stream.output.filled:
                raise CardStateError("The output buffer is empty.", remedy="Write samples before the start.")
            stream.start()

    def read(self, out: Volts, *, timeout_seconds: float) -> None:
        """Fill ``out``, shape (inputs, n), with the next n samples, or leave them all in the buffer."""
        with self._lock:
            stream = self._ready_stream()
            check_layout(out, len(self._columns), "The array to read into")
            count = out.shape[1]
            if not stream.running:
                raise CardStateError("The card isn't running.", remedy="Start it before the read.")
            if count > stream.settings.input_buffer_samples:
                raise RangeError(
                    f"A read of {count} samples doesn't fit the input buffer of {stream.settings.input_buffer_samples}."
                )
            begin = stream.input.popped
            stuck = stream.stalled_at(begin + count)
        wanted = begin + count
        limit = wanted if stuck is None else stuck
        remaining = timeout_seconds
        while True:
            with self._lock:
                if self._ready_stream() is not stream:
                    raise CardStateError("The card was stopped during a read.")
                stream.catch_up(limit)
                _raise_failure(stream)
                if stuck is None and stream.input.pushed >= wanted:
                    stream.input.pop_into(out)
                    return
                arrived = min(stream.input.pushed, limit) - begin
                # No longer than the output lasts: a stream that runs dry says so then and there.
                awake = stream.output.pushed + 1 if stuck is not None else min(wanted, stream.output.pushed + 1)
            if remaining <= 0.0:
                raise ReadTimeout(
                    f"{arrived} of {count} samples arrived within {timeout_seconds:g} s.",
                    arrived=arrived,
                    remedy="Allow more time than the samples take, and look at the cabling of the clock.",
                )
            remaining -= self._clock.wait(awake, remaining)

    def stop(self) -> None:
        """Stop both directions; the outputs hold, what wasn't played or read is dropped. Harmless when stopped."""
        with self._lock:
            if self._closed or self._stream is None:
                return
            self._stream.catch_up()
            self._check_alive()
            self._held = self._stream.held
            self._stream = self._new_stream(self._stream.settings)

    def close(self) -> None:
        """Release the card; the outputs hold. Idempotent."""
        with self._lock:
            if self._stream is not None and not self._closed:
                self._stream.catch_up()
                self._stream.running = False
            self._closed = True

    def _new_stream(self, settings: StreamSettings) -> Stream:
        return Stream(self._plant, self._clock, settings, self._rows, self._columns, self._faults, self._held)

    def _check_alive(self) -> None:
        if self._closed:
            raise CardStateError("The card is closed.", remedy="Open the bench again.")
        if self._stream is not None and isinstance(self._stream.failure, CardDisconnected):
            _raise_failure(self._stream)

    def _ready_stream(self) -> Stream:
        self._check_alive()
        if self._stream is None:
            raise CardStateError("The card has no channels yet.", remedy="Call configure first.")
        return self._stream


def _raise_failure(stream: Stream) -> None:
    if stream.failure is not None:
        # The same error every time, but each with its own traceback.
        raise stream.failure.with_traceback(None)
