"""Tones from an integer sample counter: exact for ever, fast enough for the acquisition thread."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Floats

__all__ = ["ToneBank", "turns"]

#: Largest table of whole periods that is kept, in bytes; above it every chunk is made by angle addition.
_TABLE_BYTES = 32 * 2**20
#: Samples per chunk: its scratch arrays and table rows stay in the first- and second-level caches.
_CHUNK = 4096
#: Products of a bin and a sample index below the period must fit into 63 bits.
_LONGEST_PERIOD = 2**31 - 1


def turns(bins: Sequence[int] | NDArray[np.int64], indices: NDArray[np.int64], period: int) -> Floats:
    """Angles 2 pi (m n mod N)/N in radians for bins m (K,) and indices 0 <= n < N (n,), shape (K, n)."""
    phase = (np.asarray(bins, np.int64)[:, None] % period) * indices[None, :] % period
    return phase.astype(np.float64) * (2.0 * np.pi / period)


class ToneBank:
    """K unit sines ``sin(2 pi (m_k n mod N)/N)`` on the sample counter n, and their sum onto electrodes.

    The value at sample n depends on n mod N alone, so it is the same to the last bit however the stream is cut
    into blocks. Not to be shared between threads: it keeps scratch arrays.

    Parameters
    ----------
    bins:
        Tone bins m_k, integers with 0 < m < N/2.
    period_samples:
        Samples N of the base period.

    Raises
    ------
    SignalError
        A bin outside 0 < m < N/2, or a period outside 3 .. 2**31 - 1.
    """

    def __init__(self, bins: Sequence[int], period_samples: int) -> None:
        if not 3 <= period_samples <= _LONGEST_PERIOD:
            raise SignalError(
                f"the base period has {period_samples} samples; allowed are 3 to {_LONGEST_PERIOD}.",
                remedy="Choose another base period or sampling rate.",
            )
        if bad := [m for m in bins if not 0 < m < period_samples / 2]:
            raise SignalError(
                f"tone bins {bad} aren't between 0 and half the base period of {period_samples} samples.",
                remedy="Choose bins m with 0 < m < N/2.",
            )
        self.bins = tuple(int(m) for m in bins)
        self.period_samples = int(period_samples)
        self._table: Floats | None = None
        if 8 * len(self.bins) * self.period_samples <= _TABLE_BYTES:
            self._table = np.sin(turns(self.bins, np.arange(self.period_samples), self.period_samples))
        else:
            angles = turns(self.bins, np.arange(min(_CHUNK, self.period_samples)), self.period_samples)
            self._sine, self._cosine = np.sin(angles), np.cos(angles)
        self._scratch = np.empty((3, _CHUNK))
        self._steps = np.arange(_CHUNK, dtype=np.float64)

    def waves(self, start: int, count: int, *, out: Floats | None = None) -> Floats:
        """Unit sines of all tones at samples ``start .. start + count - 1``, shape (K, count).

        ``out`` of that shape, float64, takes them without an allocation.
        """
        shape = (len(self.bins), count)
        if out is None:
            out = np.empty(shape)
        elif out.shape != shape or out.dtype != np.float64:
            raise SignalError(f"out is {out.dtype} of shape {out.shape}, expected float64 of shape {shape}.")
        for offset, phase, size in self._chunks(start, count):
            for k in range(len(self.bins)):
                out[k, offset : offset + size] = self._unit(k, phase, size)
        return out

    def add(
        self,
        block: Floats,
        start: int,
        amplitudes: Sequence[float] | Floats,
        electrode_of_tone: Sequence[int],
        amplitudes_end: Sequence[float] | Floats | None = None,
    ) -> None:
        """Add every tone, times its amplitude, onto the row of its electrode, in place.

        Parameters
        ----------
        block:
            Volts, shape (E, count), at samples ``start .. start + count - 1``.
        amplitudes:
            Peak volts, shape (K,).
        electrode_of_tone:
            Row of each tone, K integers; several tones may share a row.
        amplitudes_end:
            When given, amplitudes run linearly from ``amplitudes`` at the first sample to this at the sample
            after the last, so that ramps of consecutive blocks join.

        Raises
        ------
        SignalError
            Lengths that don't fit K tones, or an electrode the block doesn't have.
        """
        first = self._check_amplitudes(amplitudes)
        last = first if amplitudes_end is None else self._check_amplitudes(amplitudes_end)
        rows = [int(e) for e in electrode_of_tone]
        if len(rows) != len(self.bins) or any(not 0 <= e < block.shape[0] for e in rows):
            raise SignalError(
                f"electrodes {rows} don't place {len(self.bins)} tones on a block of {block.shape[0]} rows."
            )
        count = block.shape[1]
        active = [k for k in range(len(rows)) if first[k] != 0.0 or last[k] != 0.0]
        for offset, phase, size in self._chunks(start, count):
            product, ramp = self._scratch[0, :size], self._scratch[1, :size]
            for k in active:
                wave = self._unit(k, phase, size)
                slope = (last[k] - first[k]) / count
                if slope == 0.0:
                    np.multiply(wave, first[k], out=product)
                else:
                    np.multiply(self._steps[:size], slope, out=ramp)
                    ramp += first[k] + slope * offset
                    np.multiply(wave, ramp, out=product)
                target = block[rows[k], offset : offset + size]
                np.add(target, product, out=target)

    def _check_amplitudes(self, amplitudes: Sequence[float] | Floats) -> list[float]:
        values = [float(a) for a in amplitudes]
        if len(values) != len(self.bins):
            raise SignalError(f"{len(values)} amplitudes were given for {len(self.bins)} tones.")
        return values

    def _chunks(self, start: int, count: int) -> Iterator[tuple[int, int, int]]:
        """(offset in the block, sample index modulo the period, size), cut where period and chunk grid end."""
        offset = 0
        while offset < count:
            phase = (start + offset) % self.period_samples
            room = min(self.period_samples - phase, _CHUNK - phase % _CHUNK)
            size = min(count - offset, room)
            yield offset, phase, size
            offset += size

    def _unit(self, k: int, phase: int, size: int) -> Floats:
        """Unit sine of tone k; a view of the table, or of scratch by angle addition from the chunk's start."""
        if self._table is not None:
            return self._table[k, phase : phase + size]
        within = phase % _CHUNK
        angle = self.bins[k] * (phase - within) % self.period_samples * (2.0 * np.pi / self.period_samples)
        wave = self._scratch[2, :size]
        product = self._scratch[0, :size]
        np.multiply(self._sine[k, within : within + size], np.cos(angle), out=wave)
        np.multiply(self._cosine[k, within : within + size], np.sin(angle), out=product)
        wave += product
        return wave
