"""Which part of which block belongs to which window, and whether the stream is whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Window

__all__ = ["Piece", "WindowQueue"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples ``[begin, end)`` of a block are samples ``offset ...`` of ``window``; ``last`` completes it."""

    window: Window
    begin: int
    end: int
    offset: int
    last: bool


class WindowQueue:
    """Windows in order against a stream of contiguous blocks."""

    def __init__(self, period_samples: int) -> None:
        self._period_samples = period_samples
        self._windows: deque[Window] = deque()
        self._expected_end: int | None = None
        self._position: int | None = None

    @property
    def windows(self) -> tuple[Window, ...]:
        """Windows that aren't complete yet, in order."""
        return tuple(self._windows)

    def clear(self) -> None:
        """Forget the windows and where the stream was."""
        self._windows.clear()
        self._expected_end = None
        self._position = None

    def append(self, window: Window) -> None:
        """Queue a window; it must begin after the last one ends and not before samples already seen."""
        if window.periods < 1:
            raise SignalError(f"a window of {window.periods} base periods at sample {window.start} is empty.")
        if self._expected_end is not None and window.start < self._expected_end:
            raise SignalError(
                f"the window at sample {window.start} begins before the previous one ends, at {self._expected_end}.",
                remedy="Append windows in order and without overlap.",
            )
        if self._position is not None and window.start < self._position:
            raise SignalError(
                f"the window at sample {window.start} is in the past: the stream is at sample {self._position}.",
                remedy="Announce a window before its first sample is processed.",
            )
        self._expected_end = window.start + window.periods * self._period_samples
        self._windows.append(window)

    def pieces(self, start: int, count: int) -> Iterator[Piece]:
        """The parts of windows in the block ``[start, start + count)``, in order; moves the stream on."""
        if self._position is not None and start != self._position:
            kind = "lacks" if start > self._position else "repeats"
            raise SignalError(
                f"the stream {kind} {abs(start - self._position)} samples: the block begins at sample {start}, "
                f"expected {self._position}.",
                remedy="Hand over contiguous blocks; after a gap, reset and announce new windows.",
            )
        if self._position is None and self._windows and self._windows[0].start < start:
            raise SignalError(
                f"the window at sample {self._windows[0].start} is in the past: the stream begins at {start}.",
                remedy="Start the stream before the first window.",
            )
        self._position = start + count
        return self._cut(start, start + count)

    def _cut(self, start: int, stop: int) -> Iterator[Piece]:
        while self._windows and self._windows[0].start < stop:
            window = self._windows[0]
            window_end = window.start + window.periods * self._period_samples
            begin, end = max(window.start, start), min(window_end, stop)
            last = end == window_end
            if last:
                self._windows.popleft()
            if begin < end:
                yield Piece(window, begin - start, end - start, begin - window.start, last)
            if not last:
                return
