"""A complete driver: a card of two outputs and two inputs, output n connected to input n.

Its hardware is an array in memory, so that it runs anywhere; comments say what a driver of an instrument does in the
same place. It passes tests/drivers/test_card_contract.py. See docs/how-to/write-a-driver.md.
"""

from __future__ import annotations

import numpy as np

from hgx_drivers._checks import channel_numbers, check_layout, check_samples, check_settings
from hgx_drivers.errors import CardStateError, OutputBufferFull, OutputUnderflow
from hgx_drivers.interface import Identity, StreamSettings, Volts

CHANNELS = 2
MAXIMUM_VOLTS = 10.0


class LoopbackCard:
    """Two outputs, two inputs, and a time that passes only while somebody reads."""

    def __init__(self, serial: str = "1") -> None:
        # Open the instrument here, and import its package here too: who doesn't own one needn't install it. Turn every
        # error of that package into one of hgx_drivers.errors, with the instrument's own words and a remedy.
        self._identity = Identity("hgx-lab", "loop-back example", serial)
        self._levels = np.zeros(CHANNELS)  # V, by terminal
        self._settings: StreamSettings | None = None
        self._outputs: list[int] = []  # terminals, in the order of the settings
        self._inputs: list[int] = []
        self._queue = np.empty((0, 0))  # V, written and not yet played, (outputs, samples)
        self._played = 0
        self._running = False
        self._failure: OutputUnderflow | None = None
        self._closed = False

    @property
    def identity(self) -> Identity:
        """Who it is; this goes into the record."""
        return self._identity

    @property
    def paced(self) -> bool:
        """False, for tests; an instrument says True."""
        return False

    @property
    def samples_generated(self) -> int:
        """Samples per channel that have left since the start."""
        return self._played

    def levels(self) -> Volts:
        """Volts at the outputs now. An instrument that can't know them gives NaN, and no stream starts from there."""
        return self._levels[self._outputs]

    def configure(self, settings: StreamSettings) -> None:
        """Check everything the instrument can't do, before anything changes; the outputs stay where they are."""
        self._check_open()
        if self._running:
            raise CardStateError("The card is running and can't be configured.", remedy="Stop it first.")
        check_settings(settings, MAXIMUM_VOLTS)
        outputs = channel_numbers(settings.outputs, "ao", CHANNELS)
        inputs = channel_numbers(settings.inputs, "ai", CHANNELS)
        # Reserve channels, sample clock and buffers here. Outputs and inputs must have one clock and one start. An
        # instrument that can measure its outputs does so before: another program may have moved them since the stop.
        self._settings, self._outputs, self._inputs = settings, outputs, inputs
        self._forget()

    def write(self, samples: Volts) -> None:
        """Append samples, all or none."""
        settings = self._ready()
        check_layout(samples, len(self._outputs), "Samples to write")
        check_samples(samples, settings.outputs)
        self._raise_failure()
        free = settings.output_buffer_samples - self._queue.shape[1]
        if samples.shape[1] > free:
            raise OutputBufferFull(
                f"{samples.shape[1]} samples were written, there is room for {free}; none was taken.",
                free_samples=free,
                remedy="Write less, or read first.",
            )
        self._queue = np.concatenate((self._queue, samples), axis=1)

    def start(self) -> None:
        """Start outputs and inputs on the same edge of the clock."""
        self._ready()
        if self._running:
            raise CardStateError("The card is already running.")
        if not self._queue.shape[1]:
            raise CardStateError("The output buffer is empty.", remedy="Write samples before the start.")
        self._running = True

    def read(self, out: Volts, *, timeout_seconds: float) -> None:
        """Fill ``out`` with the next samples of the inputs."""
        self._ready()
        check_layout(out, len(self._inputs), "The array to read into")
        if not self._running:
            raise CardStateError("The card isn't running.", remedy="Start it before the read.")
        self._raise_failure()
        # An instrument waits here, no longer than timeout_seconds; then ReadTimeout, and what has come is kept for the
        # next read. InputOverflow when samples were overwritten; CardDisconnected when nobody answers any more.
        del timeout_seconds
        count = min(out.shape[1], self._queue.shape[1])
        if count:
            out[:, :count] = self._play(count)
        if count < out.shape[1]:
            # The converters hold the last sample. The same error again until stop: the stream is over.
            self._failure = OutputUnderflow(
                f"The output buffer ran empty: there was no sample {self._played}; the outputs hold the one before.",
                sample=self._played,
                remedy="Raise the lead or lower the rate.",
            )
            self._raise_failure()

    def stop(self) -> None:
        """Stop both; the outputs hold, what wasn't played is dropped. Harmless when stopped or closed."""
        self._running = False
        self._failure = None
        self._forget()

    def close(self) -> None:
        """Let go of the instrument, in whatever state. The outputs hold: rest isn't a driver's work."""
        self.stop()
        self._closed = True

    def _play(self, count: int) -> Volts:
        """Let so many samples pass: what the inputs see meanwhile, shape (inputs, count)."""
        volts = np.repeat(self._levels[:, None], count, axis=1)
        volts[self._outputs] = self._queue[:, :count]
        self._queue = self._queue[:, count:]
        self._levels = volts[:, -1].copy()
        self._played += count
        return volts[self._inputs]

    def _forget(self) -> None:
        self._queue = np.empty((len(self._outputs), 0))
        self._played = 0

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _check_open(self) -> None:
        if self._closed:
            raise CardStateError("The card is closed.", remedy="Open it again.")

    def _ready(self) -> StreamSettings:
        self._check_open()
        if self._settings is None:
            raise CardStateError("The card has no channels yet.", remedy="Call configure first.")
        return self._settings
