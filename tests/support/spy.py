"""A card that remembers everything: what was written, what reached the converters, and how far the lead was."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.interface import DaqCard, Identity, StreamSettings

Floats = NDArray[np.float64]


class SpyCard:
    """Forwards every call to a card, and keeps the truth about its converters through all restarts of the stream.

    ``before_read`` and ``before_write`` are called in the acquisition's thread, for tests that interfere there.
    """

    def __init__(self, card: DaqCard) -> None:
        self.card = card
        self.before_read: Callable[[int], None] = lambda read: None
        self.before_write: Callable[[int], None] = lambda written: None
        self.before_start: Callable[[], None] = lambda: None
        self.before_stop: Callable[[], None] = lambda: None
        self.written: list[Floats] = []  # everything that the card accepted, ever
        self.leads: list[int] = []  # written less read, after every call while a stream runs
        self.streams = 0
        self.closed = False
        self._start = card.levels()
        self._played: list[Floats] = []
        self._waiting: list[Floats] = []
        self._count = self._read = 0
        self._running = False

    @property
    def identity(self) -> Identity:
        return self.card.identity

    @property
    def paced(self) -> bool:
        return self.card.paced

    @property
    def samples_generated(self) -> int:
        return self.card.samples_generated

    def levels(self) -> Floats:
        return self.card.levels()

    def configure(self, settings: StreamSettings) -> None:
        self._take_played()
        self.card.configure(settings)

    def write(self, samples: Floats) -> None:
        self.before_write(self._count)
        self.card.write(samples)
        self.written.append(samples.copy())
        self._waiting.append(samples.copy())
        self._count += samples.shape[1]
        self._note()

    def start(self) -> None:
        self.before_start()
        self.card.start()
        self.streams += 1
        self._running = True
        self._note()

    def read(self, out: Floats, *, timeout_seconds: float) -> None:
        self.before_read(self._read)
        self.card.read(out, timeout_seconds=timeout_seconds)
        self._read += out.shape[1]
        self._note()

    def stop(self) -> None:
        self.before_stop()
        self._take_played()
        self.card.stop()

    def close(self) -> None:
        self._take_played()
        self.card.close()
        self.closed = True

    @property
    def history(self) -> Floats:
        """Volts at the converters sample by sample, the levels before the first stream included, (electrodes, n)."""
        return np.concatenate([self._start[:, None], *self._played, *self._on_the_way()], axis=1)

    def _note(self) -> None:
        if self._running:
            self.leads.append(self._count - self._read)

    def _on_the_way(self) -> list[Floats]:
        if not self._waiting:
            return []
        generated = self.card.samples_generated if self._running else 0
        return [np.concatenate(self._waiting, axis=1)[:, :generated]]

    def _take_played(self) -> None:
        self._played += self._on_the_way()
        self._waiting, self._count, self._read, self._running = [], 0, 0, False


def assert_safe(history: Floats, low: Floats, high: Floats, slew: Floats, rate_hz: float) -> None:
    """No converter ever left its limits, nor moved faster than its slew, held levels counted in."""
    assert np.all(np.isfinite(history))
    assert np.all(history.min(axis=1) >= low - 2e-9), (history.min(axis=1), low)
    assert np.all(history.max(axis=1) <= high + 2e-9), (history.max(axis=1), high)
    if history.shape[1] > 1:
        steps = np.abs(np.diff(history, axis=1)).max(axis=1)
        assert np.all(steps <= slew / rate_hz + 2e-9), (steps * rate_hz, slew)
