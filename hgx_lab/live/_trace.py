"""The newest stretch of current, in a buffer of fixed size, and its spectrum."""

from __future__ import annotations

import time

import numpy as np

from hgx_lab.live._snapshot import Floats, Trace

__all__ = ["TraceBuffer"]

#: Samples that the spectrum is made of at most.
_SPECTRUM_SAMPLES = 1 << 17
#: The spectrum is made anew at most this often, s.
_SPECTRUM_SECONDS = 0.5
_NOTHING = np.empty(0)


class TraceBuffer:
    """Up to ``capacity`` samples without a gap; a block that doesn't follow the one before begins anew."""

    def __init__(self, rate_hz: float, capacity: int = 1_000_000) -> None:
        self._rate_hz, self._capacity = rate_hz, capacity
        self._samples = np.empty(0)
        self._first = self._last = 0  # of what is kept, in the buffer
        self._next = -1  # sample index that follows
        self._made = float("-inf")
        self._made_at = -1
        self._spectrum: tuple[Floats, Floats] = (_NOTHING, _NOTHING)

    def append(self, start: int, current: Floats) -> None:
        """Append a block, (n,) in A, whose first sample has this index."""
        current = current[-self._capacity :]
        if start != self._next:
            self._first = self._last
        if self._last + len(current) > len(self._samples):
            self._renew(len(current))
        self._samples[self._last : self._last + len(current)] = current
        self._last += len(current)
        self._first = max(self._first, self._last - self._capacity)
        self._next = start + len(current)

    def _renew(self, more: int) -> None:
        # A new array, because those who draw may still look at the old one.
        kept = self._samples[max(self._first, self._last - self._capacity + more) : self._last]
        fresh = np.empty(2 * self._capacity)
        fresh[: len(kept)] = kept
        self._samples, self._first, self._last = fresh, 0, len(kept)

    def trace(self) -> Trace | None:
        """What is there now; None where there is nothing. The current is a view that isn't written any more."""
        current = self._samples[self._first : self._last]
        if not len(current):
            return None
        self._update_spectrum(current)
        return Trace(self._next - len(current), self._rate_hz, current, *self._spectrum)

    def _update_spectrum(self, current: Floats) -> None:
        now = time.monotonic()
        if now - self._made < _SPECTRUM_SECONDS or self._made_at == self._next:
            return
        from scipy.signal import welch

        part = current[-_SPECTRUM_SAMPLES:]
        if len(part) < 16:
            return
        frequencies, psd = welch(part, self._rate_hz, nperseg=min(len(part), 1 << 14), detrend="constant")
        self._spectrum = np.asarray(frequencies, dtype=np.float64), np.asarray(psd, dtype=np.float64)
        self._made, self._made_at = now, self._next
