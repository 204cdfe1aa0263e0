"""Speed of the demodulation on one core, against a plain loop over tones and against the machine's own limits.

Every row is one process, one thread: the loop builds sine and cosine of a tone, mixes and averages, one tone at a
time; the demodulator reads the same samples block by block, with and without error bars from noise bins. Shares
are of the memory bandwidth (a copy that reads and writes every sample once) and, where the projection is
arithmetic, of a large matrix product.

Usage: python scripts/benchmark_demodulation.py [--json] [--repeat R]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from hgx_lab.signals.demodulation import Demodulator
from hgx_lab.signals.types import Window, WindowReading

RATE_HZ = 1e6
BLOCK = 50_000


@dataclass(frozen=True)
class Row:
    """One regime; speeds in million samples per second."""

    tones: int
    period_samples: int
    periods: int
    band: str
    route: str
    loop: float
    bare: float
    error_bars: float
    ratio_bare: float
    ratio_error_bars: float
    memory_share: float
    largest_difference: float


def fastest(action: Callable[[], object], repeat: int) -> float:
    """CPU seconds of the fastest of ``repeat`` runs after one to warm up."""
    action()
    best = float("inf")
    for _ in range(repeat):
        begin = time.thread_time()
        action()
        best = min(best, time.thread_time() - begin)
    return best


def loop_over_tones(x: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """The straightforward way: references rebuilt, mixing, mean, one tone at a time."""
    t = np.arange(x.size) / RATE_HZ
    phasors = np.empty(len(frequencies), np.complex128)
    for k, f in enumerate(frequencies):
        in_phase = 2 * np.mean(x * np.sin(2 * np.pi * f * t))
        quadrature = 2 * np.mean(x * np.cos(2 * np.pi * f * t))
        phasors[k] = in_phase + 1j * quadrature
    return phasors


def demodulate(demodulator: Demodulator, x: np.ndarray, window: Window) -> np.ndarray:
    """One window from a fresh stream, in blocks as an acquisition thread hands them over."""
    demodulator.reset()
    demodulator.expect(window)
    readings: list[WindowReading] = []
    for start in range(0, x.shape[1], BLOCK):
        readings += demodulator.process(x[:, start : start + BLOCK], start)
    return readings[0].phasor[0]


def limits(repeat: int) -> tuple[float, float]:
    """Samples per second of a copy out of memory, and flop/s of a matrix product, both float64."""
    source = np.random.default_rng(0).standard_normal(8_000_000)
    target = np.empty_like(source)
    copy = source.size / fastest(lambda: np.copyto(target, source), repeat)
    a = np.random.default_rng(1).standard_normal((768, 768))
    product = 2 * 768**3 / fastest(lambda: a @ a, repeat)
    return copy, product


def measure(tones: int, period: int, periods: int, band: str, copy_rate: float, repeat: int) -> Row:
    """One regime: octave tones at low bins, or spread up to a quarter of the sampling rate."""
    rng = np.random.default_rng(tones + period)
    if band == "low":
        bins = list(range(tones, 2 * tones))
    else:
        bins = sorted(int(m) for m in rng.choice(np.arange(3, period // 4), tones, replace=False))
    noise_bins = sorted(set(range(1, min(period // 3, 8 * max(bins)))) - set(bins))
    x = rng.standard_normal((1, period * periods))
    window = Window(0, periods)
    frequencies = np.array(bins) * RATE_HZ / period
    plain = loop_over_tones(x[0], frequencies)
    bare = Demodulator(bins, period, error_bars=False)
    full = Demodulator(bins, period, noise_bins=noise_bins)
    difference = float(np.abs(demodulate(full, x, window) - plain).max())
    seconds_loop = fastest(lambda: loop_over_tones(x[0], frequencies), max(1, repeat // 4))
    seconds_bare = fastest(lambda: demodulate(bare, x, window), repeat)
    seconds_full = fastest(lambda: demodulate(full, x, window), repeat)
    rate = x.size / 1e6
    return Row(
        tones,
        period,
        periods,
        band,
        f"{bare.strategy(periods)} / {full.strategy(periods)}",
        rate / seconds_loop,
        rate / seconds_bare,
        rate / seconds_full,
        seconds_loop / seconds_bare,
        seconds_loop / seconds_full,
        x.size / seconds_full / copy_rate,
        difference,
    )


REGIMES = [
    (tones, period, 1_000_000 // period, band)
    for tones in (5, 7, 32, 128)
    for period in (1_000, 10_000, 100_000)
    for band in ("low", "spread")
    if 8 * tones < period
]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--repeat", type=int, default=12)
    arguments = parser.parse_args()
    with threadpool_limits(limits=1):
        copy_rate, product_rate = limits(arguments.repeat)
        rows = [measure(*regime, copy_rate, arguments.repeat) for regime in REGIMES]
    if arguments.json:
        result = {
            "copy_samples_per_second": copy_rate,
            "product_flops": product_rate,
            "rows": [asdict(r) for r in rows],
        }
        print(json.dumps(result, indent=1))
        return
    print(f"one thread, float64: copy {copy_rate / 1e6:.0f} MS/s, matrix product {product_rate / 1e9:.1f} GFLOP/s")
    print("speeds in MS/s; 'bars' includes standard deviations from noise bins; 'copy' is the share of a copy")
    print("   K       N     P    band    loop    bare  ratio    bars  ratio   copy  route")
    for r in rows:
        print(
            f"{r.tones:4d} {r.period_samples:7d} {r.periods:5d} {r.band:>7} {r.loop:7.2f} {r.bare:7.0f} "
            f"{r.ratio_bare:6.0f} {r.error_bars:7.0f} {r.ratio_error_bars:6.0f} {r.memory_share:6.0%}  {r.route}"
        )


if __name__ == "__main__":
    main()
