"""The raw samples behind a reading, for what a demodulated window can't tell: spectra, other filters."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np

from hgx_lab.acquisition import Block, Message, Plateau, Reading, sweep
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._laboratory import Laboratory
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import ChainResponse, Floats

__all__ = ["RawReading", "SampleBuffer", "measure_raw"]


@dataclass(frozen=True, slots=True, eq=False)
class RawReading:
    """A reading and its samples in amperes, (channels, n); ``start`` is the index of the first in the input stream.

    Phases of the tones count from sample 0 of the stream, as in
    :class:`~hgx_lab.signals.types.WindowReading`.
    """

    reading: Reading
    start: int
    current: Floats


class SampleBuffer:
    """Gathers the blocks of a stream that keeps them, and hands out any later stretch of it by sample index."""

    def __init__(self) -> None:
        self._blocks: deque[Block] = deque()

    def hear(self, message: Message) -> None:
        """Take a block in; other messages are somebody else's business."""
        if isinstance(message, Block):
            self._blocks.append(message)

    def take(self, start: int, end: int) -> Floats:
        """Samples ``start`` to ``end`` (excluded), (channels, end - start); blocks before ``start`` are forgotten.

        Raises
        ------
        ExperimentError
            These samples haven't come yet, or have been forgotten.
        """
        while self._blocks and self._blocks[0].start + self._blocks[0].current.shape[1] <= start:
            self._blocks.popleft()
        parts = [b.current[:, max(0, start - b.start) : end - b.start] for b in self._blocks if b.start < end]
        if not parts or self._blocks[0].start > start or sum(p.shape[1] for p in parts) != end - start:
            raise ExperimentError(f"The samples {start} to {end} of the stream aren't at hand.")
        return np.concatenate(parts, axis=1)


def measure_raw(
    lab: Laboratory, tones: RunTones, response: ChainResponse, plateaus: Iterable[Plateau], *, before: int = 0
) -> Generator[RawReading, None, None]:
    """Measure plateaus one after the other, as :meth:`Laboratory.measure` does, with the samples of their windows.

    Parameters
    ----------
    before:
        How many samples from before each window come with it, for filters that have to settle; they are part of
        the plateau as long as they aren't more than its ``settle``.

    Raises
    ------
    ExperimentError
        ``before`` reaches back to before the stream began.
    """
    buffer = SampleBuffer()

    def hear(message: Message) -> None:
        buffer.hear(message)
        lab.hear(message)

    with lab.stream(tones, response, keep_blocks=True) as stream:
        for reading in sweep(stream, plateaus, slope=lab.run.timing.slope, hear=hear):
            window = reading.window.window
            start = window.start - before
            yield RawReading(reading, start, buffer.take(start, window.start + window.periods * tones.period_samples))
