"""Fourier sums of one base period at chosen bins, by four routes that agree to rounding.

Every projection maps rows of one base period, shape (n, width) with zeros from sample N on, to the sums
``sum_j x[j] exp(-2 pi i m j / N)``, shape (n, B). None of them approximates: ``decimate`` projects sub-blocks on
an orthonormal basis of the space that the references span there (their numerical rank is about twice the
bandwidth times the length, far below the sample count when tones sit low), so nothing aliases.

Work is split in two: ``reduce`` runs on fresh samples, while the caches hold them, and ``finish`` on what is left of
many rows at a time, so that a large second table is read from memory once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hgx_lab.signals._synthesis import turns
from hgx_lab.signals.types import Complex, Floats

__all__ = ["Decimate", "Product", "Projection", "RealFFT", "TwoStage"]

#: Singular values of the references below this share of the largest are rounding.
_RANK_TOLERANCE = 2e-15


class Projection(Protocol):
    """Rows of one base period to Fourier sums at the bins it was built for.

    ``width`` samples, of which ``span`` are reduced at a time; the reduced spans of a row are joined in order.
    """

    width: int
    span: int

    def reduce(self, rows: Floats) -> Floats:
        """What the sums need of rows (n, span), shape (n, reduced)."""
        ...

    def finish(self, reduced: Floats) -> Complex:
        """Sums (n, B) from reduced rows (n, reduced)."""
        ...


def _references(bins: Sequence[int], samples: int, period: int) -> Complex:
    """exp(-2 pi i m j / N) for j < samples, shape (samples, B)."""
    return np.ascontiguousarray(np.exp(-1j * turns(bins, np.arange(samples) % period, period)).T)


def _sub_block_turns(bins: Sequence[int], length: int, blocks: int, period: int) -> Complex:
    """exp(-2 pi i m length j / N) for sub-blocks j, shape (blocks, B)."""
    starts = np.arange(blocks, dtype=np.int64) * length % period
    return np.ascontiguousarray(np.exp(-1j * turns(bins, starts, period)).T)


def _multiple(samples: int, unit: int) -> int:
    """The next multiple of ``unit``."""
    return -(-samples // unit) * unit


class Product:
    """One matrix product with the cached references of the whole period."""

    def __init__(self, bins: Sequence[int], period: int) -> None:
        self.width = self.span = period
        self._table = _references(bins, period, period).view(np.float64)

    def reduce(self, rows: Floats) -> Floats:
        """Reduced rows of rows (n, span)."""
        return rows @ self._table

    def finish(self, reduced: Floats) -> Complex:
        """Sums (n, B)."""
        return reduced.view(np.complex128)


class TwoStage:
    """Sub-blocks of ``length`` samples against one short table, then a phase rotation per sub-block."""

    def __init__(self, bins: Sequence[int], period: int, length: int, span: int = 0) -> None:
        self._length = length
        self.width = _multiple(period, span or length)
        self.span = span or self.width
        self._blocks = self.width // length
        self._table = _references(bins, length, period).view(np.float64)
        self._rotation = _sub_block_turns(bins, length, self._blocks, period)

    def reduce(self, rows: Floats) -> Floats:
        """Reduced rows of rows (n, span)."""
        return (rows.reshape(-1, self._length) @ self._table).reshape(len(rows), -1)

    def finish(self, reduced: Floats) -> Complex:
        """Sums (n, B)."""
        parts = reduced.view(np.complex128).reshape(len(reduced), self._blocks, -1)
        sums: Complex = np.einsum("njb,jb->nb", parts, self._rotation)
        return sums


class Decimate:
    """Sub-blocks onto the few dimensions the references span there, then one small product."""

    def __init__(self, bins: Sequence[int], period: int, length: int, span: int = 0) -> None:
        self._length = length
        self.width = _multiple(period, span or length)
        self.span = span or self.width
        self._blocks = self.width // length
        references = _references(bins, length, period)
        left, values, _ = np.linalg.svd(references.view(np.float64), full_matrices=False)
        self.rank = int(np.count_nonzero(values > _RANK_TOLERANCE * values[0]))
        self._basis = np.ascontiguousarray(left[:, : self.rank])
        coordinates = self._basis.T @ references
        rotation = _sub_block_turns(bins, length, self._blocks, period)
        table = rotation[:, None, :] * coordinates[None, :, :]
        self._table = table.reshape(self._blocks * self.rank, len(bins)).view(np.float64)

    def reduce(self, rows: Floats) -> Floats:
        """Reduced rows of rows (n, span)."""
        return (rows.reshape(-1, self._length) @ self._basis).reshape(len(rows), -1)

    def finish(self, reduced: Floats) -> Complex:
        """Sums (n, B)."""
        return (reduced @ self._table).view(np.complex128)


class RealFFT:
    """Real FFT of the period, of which the bins are picked."""

    def __init__(self, bins: Sequence[int], period: int) -> None:
        self.width = self.span = period
        self._bins = np.asarray(bins, np.intp)

    def reduce(self, rows: Floats) -> Floats:
        """Reduced rows of rows (n, span)."""
        return np.take(np.fft.rfft(rows, axis=1), self._bins, axis=1).view(np.float64)

    def finish(self, reduced: Floats) -> Complex:
        """Sums (n, B)."""
        return reduced.view(np.complex128)
