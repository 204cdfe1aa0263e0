"""Which projection is fastest for a regime, from counted operations and bytes.

The constants are those of one core of a present-day server; they only rank the routes, and they are fixed so that
the same plan takes the same route, and gives the same bits, on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log2
from typing import Literal

from hgx_lab.signals.demodulation._projection import Decimate, Product, Projection, RealFFT, TwoStage

__all__ = ["Choice", "Strategy", "build", "choose"]

Strategy = Literal["auto", "product", "two-stage", "decimate", "fft"]

_FLOPS_PER_NS = 40.0
_ROTATION_NS = 1.5
_FFT_NS = 0.2
_LENGTHS = (64, 128, 256, 512, 1024)


@dataclass(frozen=True, slots=True)
class Choice:
    """A route, its sub-block length in samples (0 where it has none) and its cost in ns per sample and row."""

    strategy: Strategy
    length: int
    cost_ns: float


def choose(bins: Sequence[int], period: int, reduced: int, finished: int, strategy: Strategy = "auto") -> Choice:
    """The cheapest route for B bins when ``reduced`` base periods at a time are reduced and ``finished`` finished."""
    options = [_product(bins, period, reduced), _fft(period)]
    for length in [r for r in _LENGTHS if r <= period] or [period]:
        options += [_two_stage(bins, length), _decimate(bins, period, finished, length)]
    return min((c for c in options if strategy in ("auto", c.strategy)), key=lambda c: c.cost_ns)


def build(choice: Choice, bins: Sequence[int], period: int, span: int = 0) -> Projection:
    """The projection a choice stands for, reducing ``span`` samples at a time where it can (0: whole periods)."""
    if choice.strategy == "product":
        return Product(bins, period)
    if choice.strategy == "two-stage":
        return TwoStage(bins, period, choice.length, span)
    if choice.strategy == "decimate":
        return Decimate(bins, period, choice.length, span)
    return RealFFT(bins, period)


def _table_ns(bytes_per_sample: float, table_bytes: float, rows: int) -> float:
    """Time to stream a table once for every ``rows`` periods, by the cache level that holds it."""
    bytes_per_ns = 40.0 if table_bytes < 4e6 else 13.0 if table_bytes < 3e7 else 6.0
    return bytes_per_sample / rows / bytes_per_ns


def _product(bins: Sequence[int], period: int, rows: int) -> Choice:
    row_bytes = 16.0 * len(bins)
    cost = 4 * len(bins) / _FLOPS_PER_NS + _table_ns(row_bytes, row_bytes * period, rows)
    return Choice("product", 0, cost)


def _two_stage(bins: Sequence[int], length: int) -> Choice:
    return Choice("two-stage", length, len(bins) * (4 / _FLOPS_PER_NS + _ROTATION_NS / length))


def _decimate(bins: Sequence[int], period: int, rows: int, length: int) -> Choice:
    rank = _rank(bins, period, length)
    second = rank / length * len(bins)
    cost = (2 * rank + 4 * second) / _FLOPS_PER_NS + _table_ns(16 * second, 16 * second * period, rows)
    return Choice("decimate", length, cost)


def _fft(period: int) -> Choice:
    cost = _FFT_NS * log2(period) * (1.0 if period < 50_000 else 2.0)
    return Choice("fft", 0, cost * (1.0 if _largest_prime_factor(period) <= 50 else 12.0))


def _rank(bins: Sequence[int], period: int, length: int) -> float:
    """Dimensions the references span: twice time x bandwidth, and the logarithmic edge (Landau, Pollak 1961)."""

    def spanned(turns: float) -> float:
        return 2 * turns + 8 + 5 * log(1 + 2 * turns)

    low, high = min(bins) * length / period, max(bins) * length / period
    return min(2 * len(bins), length, spanned(high), 2 * spanned((high - low) / 2))


def _largest_prime_factor(number: int) -> int:
    factor, largest = 2, 1
    while factor * factor <= number:
        while number % factor == 0:
            number //= factor
            largest = factor
        factor += 1
    return max(largest, number)
