"""A DAQ card through NI-DAQmx."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

import numpy as np

from hgx_drivers._checks import check_layout, check_samples
from hgx_drivers.errors import (
    CardDisconnected,
    CardStateError,
    DriverError,
    InputOverflow,
    OutputBufferFull,
    OutputUnderflow,
    RangeError,
    ReadTimeout,
)
from hgx_drivers.interface import Identity, StreamSettings, Volts
from hgx_drivers.nidaq._channels import place
from hgx_drivers.nidaq._connection import Connection
from hgx_drivers.nidaq._held import HeldLevels
from hgx_drivers.nidaq._known_devices import KnownDevices
from hgx_drivers.nidaq._settings import SharedClock, SignalOutputs, WatchdogSettings
from hgx_drivers.nidaq._stream import NiStream

__all__ = ["NiDaqCard"]

_Result = TypeVar("_Result")


class NiDaqCard:
    """Analogue outputs and inputs of one NI device, of modules in one cDAQ chassis, or of devices that share a clock.

    Calls may come from several threads; none sleeps while it keeps the others out.

    Parameters
    ----------
    device:
        Device of terminals that name none: with ``Dev1``, ``ao0`` is ``Dev1/ao0``.
    remote:
        ``host:port`` of an NI gRPC device server; None for this machine.
    oversampling:
        Conversions of each input for one output sample; the card reads that much faster and the driver averages.
    shared_clock:
        For devices that have no common sample clock.
    initial_levels:
        Volts that stand at the outputs now, one for all or by full terminal name, where the card can't measure them.
        They count for the first ``configure`` only.
    watchdog:
        What the card does when the program falls silent, where it can.
    signals:
        Terminals on which it gives out start and reference for other instruments.
    sessions:
        With a server: a name that is this card's alone, under which :func:`hgx_drivers.nidaq.close_sessions` finds
        its tasks when this program has died.
    deadline_seconds:
        After this time without an answer a gRPC server counts as dead.

    Raises
    ------
    DriverError
        Package, driver, server or device aren't there; the message says what to install or to look at.
    """

    def __init__(
        self,
        device: str = "",
        *,
        remote: str | None = None,
        oversampling: int = 1,
        shared_clock: SharedClock | None = None,
        initial_levels: float | Mapping[str, float] | None = None,
        watchdog: WatchdogSettings | None = None,
        signals: SignalOutputs | None = None,
        sessions: str = "",
        deadline_seconds: float = 30.0,
    ) -> None:
        if oversampling < 1:
            raise RangeError(f"An oversampling of {oversampling} makes no samples; give a whole number from 1 on.")
        self._default_device = device
        self._oversampling = oversampling
        self._shared_clock = shared_clock
        self._watchdog = watchdog
        self._signals = signals
        self._lock = threading.RLock()
        self._stream: NiStream | None = None
        self._failure: DriverError | None = None
        self._closed = False
        self._connection = Connection(remote, deadline_seconds=deadline_seconds, sessions=sessions)
        self._held = HeldLevels(self._connection, initial_levels)
        try:
            self._devices = KnownDevices(self._connection)
            self._identity = self._devices.identity([self._devices.describe(device or self._devices.names[0])])
        except DriverError:
            self._connection.close()
            raise

    @property
    def identity(self) -> Identity:
        """Maker, models and serial numbers; the driver's version, and how the inputs are converted."""
        return self._identity

    @property
    def paced(self) -> bool:
        """Always True."""
        return True

    @property
    def channel_skew_seconds(self) -> tuple[float, ...]:
        """How long after the clock's edge each input is converted: 0 for all where they are simultaneous."""
        return self._stream.skew_seconds if self._stream is not None else ()

    @property
    def watchdog(self) -> str:
        """What happens to the outputs when the program dies, in words."""
        return self._stream.watchdog.state if self._stream is not None else "The card isn't configured."

    @property
    def samples_generated(self) -> int:
        """Samples per channel that have left the converters since ``start``."""
        with self._lock:
            stream = self._stream
            if stream is None or self._closed or not stream.running:
                return 0
            if self._failure is None:
                self._guarded(stream.look)
            return stream.generated

    def levels(self) -> Volts:
        """Volts at the configured outputs now: of the last sample that left, else measured or given; NaN if unknown.

        While a stream runs, to within the samples that leave during the call.
        """
        with self._lock:
            stream = self._stream
            if stream is None:
                return np.empty(0)
            if isinstance(self._failure, CardDisconnected):
                return np.full(len(stream.rig.outputs), np.nan)
            if stream.running and not self._closed:
                if self._failure is None:
                    self._guarded(stream.look)
                if stream.generated:
                    return stream.last_sample()
            return self._held.of(stream.rig)

    def configure(self, settings: StreamSettings) -> None:
        """Reserve channels, clock and buffers. The outputs keep their levels, also those that aren't named.

        Where the card can, it measures them: another program may have had it since the last stream.
        """
        with self._lock:
            self._check_alive()
            if self._stream is not None:
                if self._stream.running and self._failure is None:
                    raise CardStateError("The card is running and can't be configured.", remedy="Stop it first.")
                self._halt()
            rig = place(settings, self._default_device, self._devices.describe, oversampling=self._oversampling)
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            self._held.look_at(rig)
            self._stream = NiStream(
                self._connection,
                rig,
                settings,
                self._oversampling,
                self._shared_clock,
                self._watchdog,
                self._signals,
            )
            self._identity = self._devices.identity(rig.devices, self.channel_skew_seconds)

    def state_levels(self, volts: Volts) -> None:
        """Take volts, shape (outputs,), for those outputs whose level isn't known; the caller vouches for them.

        A level that is known stays, whatever is said here; NaN says nothing.
        """
        with self._lock:
            stream = self._ready_stream()
            if stream.running:
                raise CardStateError("The card is running: its levels can't be stated now.", remedy="Stop it first.")
            self._held.state(stream.rig, volts)

    def write(self, samples: Volts) -> None:
        """Append samples, shape (outputs, n), all or none."""
        with self._lock:
            stream = self._ready_stream()
            check_layout(samples, len(stream.rig.outputs), "Samples to write")
            check_samples(samples, stream.settings.outputs)
            self._raise_failure()
            self._guarded(stream.look)
            count, free = samples.shape[1], self._guarded(stream.free)
            if count > free:
                raise OutputBufferFull(
                    f"{count} samples were written and the output buffer of "
                    f"{stream.settings.output_buffer_samples} has room for {free}; none was taken.",
                    free_samples=free,
                    remedy="Write less, or read first.",
                )
            self._guarded(lambda: stream.write(samples))

    def start(self) -> None:
        """Arm the outputs, then start the inputs, whose clock or trigger starts both."""
        with self._lock:
            stream = self._ready_stream()
            if stream.running:
                raise CardStateError("The card is already running.")
            if not stream.history.written:
                raise CardStateError("The output buffer is empty.", remedy="Write samples before the start.")
            held = zip(stream.rig.outputs, self._held.of(stream.rig), strict=True)
            unknown = [channel.name for channel, volts in held if np.isnan(volts)]
            if unknown:
                raise CardStateError(
                    f"The voltages now at {', '.join(unknown)} aren't known, so the first sample could be a jump.",
                    remedy="Disconnect the device, bring the outputs to 0 V, and say so at the start: --outputs-at 0V.",
                )
            self._guarded(stream.start)

    def read(self, out: Volts, *, timeout_seconds: float) -> None:
        """Fill ``out``, shape (inputs, n), with the next n samples; what came before a time-out isn't lost."""
        with self._lock:
            stream = self._ready_stream()
            check_layout(out, len(stream.rig.inputs), "The array to read into")
            if not stream.running:
                raise CardStateError("The card isn't running.", remedy="Start it before the read.")
            if out.shape[1] > stream.settings.input_buffer_samples:
                raise RangeError(
                    f"A read of {out.shape[1]} samples doesn't fit the input buffer of "
                    f"{stream.settings.input_buffer_samples}."
                )
            self._raise_failure()
        failure: DriverError | None = None
        try:
            stream.input.read(out, timeout_seconds)
        except DriverError as error:
            failure = error
        with self._lock:
            if self._stream is not stream or not stream.running or self._closed:
                raise CardStateError("The card was stopped during a read.")
            # An output that ran dry is the cause, whatever the inputs say.
            self._guarded(stream.look)
            if failure is not None:
                self._raise_read_failure(stream, failure)
            stream.read += out.shape[1]
            self._guarded(stream.watchdog.feed)

    def stop(self) -> None:
        """Stop both directions; the outputs hold, what wasn't played or read is dropped. Harmless when stopped."""
        with self._lock:
            if self._closed or self._stream is None:
                return
            self._check_alive()
            self._guarded(self._halt)

    def close(self) -> None:
        """Stop and release everything, whatever state it is in; the outputs hold. Idempotent."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._stream is not None:
                self._stream.close()
            self._connection.close()

    def _halt(self) -> None:
        stream = self._stream
        if stream is None:
            return
        if stream.running or stream.history.written:
            last = stream.halt()
            if last is not None:
                self._held.keep(stream.rig, last)
        if isinstance(self._failure, OutputUnderflow):
            # That the outputs hold is documented, not at which of the samples on board: better look, where possible.
            self._held.measure(stream.rig)
        self._failure = None

    def _guarded(self, call: Callable[[], _Result]) -> _Result:
        """Make a call; what ends the stream is kept, so that every later call says the same until ``stop``."""
        try:
            return call()
        except (OutputUnderflow, InputOverflow, CardDisconnected) as error:
            self._failure = error
            raise

    def _raise_failure(self) -> None:
        if self._failure is not None:
            # The same error every time, but each with its own traceback.
            raise self._failure.with_traceback(None)

    def _raise_read_failure(self, stream: NiStream, error: DriverError) -> None:
        if isinstance(error, InputOverflow):
            error.sample = stream.read + stream.settings.input_buffer_samples
        if not isinstance(error, ReadTimeout):
            self._failure = error
        raise error

    def _check_alive(self) -> None:
        if self._closed:
            raise CardStateError("The card is closed.", remedy="Open the bench again.")
        if isinstance(self._failure, CardDisconnected):
            self._raise_failure()

    def _ready_stream(self) -> NiStream:
        self._check_alive()
        if self._stream is None:
            raise CardStateError("The card has no channels yet.", remedy="Call configure first.")
        return self._stream
