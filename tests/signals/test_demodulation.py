"""Demodulation of exactly known signals: amplitudes, phases, folding, drift, blocks, and refusals."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from hgx_lab.errors import SignalError
from hgx_lab.signals.demodulation import Demodulator, Strategy
from hgx_lab.signals.types import Window, WindowReading

OCTAVE = list(range(7, 14))
BINS = [7, 8, 18, 31, 35, 37, 40]
NOISE_BINS = [m for m in range(1, 60) if m not in BINS]
STRATEGIES: list[Strategy] = ["product", "two-stage", "decimate", "fft"]
LATE = 2**61 + 12_345


def signal(
    bins: list[int], phasors: np.ndarray, period: int, start: int, count: int, *, mean: float = 0.0
) -> np.ndarray:
    """X sin + Y cos with the phase in exact integers, shape (count,)."""
    x = np.full(count, mean)
    indices = start % period + np.arange(count)
    for m, phasor in zip(bins, phasors, strict=True):
        angle = 2 * np.pi * (m * indices % period) / period
        x += phasor.real * np.sin(angle) + phasor.imag * np.cos(angle)
    return x


def read(demodulator: Demodulator, x: np.ndarray, start: int, *windows: Window) -> list[WindowReading]:
    for window in windows:
        demodulator.expect(window)
    return demodulator.process(np.ascontiguousarray(np.atleast_2d(x)), start)


def random_phasors(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.normal(size=count) + 1j * rng.normal(size=count)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("periods", [1, 3, 40])
def test_reads_tones_mean_and_extremes(strategy: Strategy, periods: int, rng: np.random.Generator) -> None:
    phasors = random_phasors(rng, len(BINS))
    x = signal(BINS, phasors, 1000, LATE, 45_000, mean=3.0)
    demodulator = Demodulator(BINS, 1000, 2, noise_bins=NOISE_BINS, strategy=strategy)
    window = Window(LATE + 37, periods, tag=5)
    (reading,) = read(demodulator, np.stack([x, -2 * x]), LATE, window)
    np.testing.assert_allclose(reading.phasor, [phasors, -2 * phasors], rtol=0, atol=1e-13)
    np.testing.assert_allclose(reading.mean, [3.0, -6.0], rtol=1e-13)
    inside = x[37 : 37 + 1000 * periods]
    assert reading.minimum[0] == inside.min()
    assert reading.maximum[1] == (-2 * inside).max()
    assert reading.window == window
    assert np.all(reading.phasor_std < 1e-13)


@pytest.mark.parametrize(
    ("period", "bins", "noise"),
    [
        (997, [5, 6, 400], [1, 2, 300, 480]),
        (50, [3, 7], [1, 2, 4, 9]),
        (50_001, [20, 31], [*range(10, 20), *range(40, 50)]),
        (20_000, [900, 901, 1500], list(range(880, 900)) + list(range(1501, 1530))),
    ],
)
@pytest.mark.parametrize("periods", [1, 12])
def test_strategies_agree(
    period: int, bins: list[int], noise: list[int], periods: int, rng: np.random.Generator
) -> None:
    x = 50.0 + rng.standard_normal((2, period * periods))
    readings = [
        read(Demodulator(bins, period, 2, noise_bins=noise, strategy=s), x, 0, Window(0, periods))[0]
        for s in STRATEGIES
    ]
    for other in readings[1:]:
        np.testing.assert_allclose(other.phasor, readings[0].phasor, rtol=0, atol=1e-12)
        np.testing.assert_allclose(other.phasor_std, readings[0].phasor_std, rtol=1e-9)
        np.testing.assert_allclose(other.mean_std, readings[0].mean_std, rtol=1e-9)


@pytest.mark.parametrize("drift", [False, True])
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(
    ("period", "windows"),
    [
        (1000, [Window(17, 30), Window(30_017, 1), Window(31_500, 50)]),
        (40_003, [Window(3, 1), Window(40_100, 1)]),
    ],
)
def test_any_cut_into_blocks_gives_the_same_bits(
    period: int, windows: list[Window], strategy: Strategy, drift: bool, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((2, 90_000))

    def run(cuts: list[int]) -> list[WindowReading]:
        demodulator = Demodulator(BINS, period, 2, noise_bins=NOISE_BINS, lines=[14], drift=drift, strategy=strategy)
        for window in windows:
            demodulator.expect(window)
        found: list[WindowReading] = []
        for a, b in itertools.pairwise(cuts):
            found += demodulator.process(x[:, a:b], a)
        return found

    whole = run([0, 90_000])
    assert [r.window for r in whole] == windows
    for cuts in (sorted({0, 90_000, *rng.integers(0, 90_000, 400).tolist()}), list(range(0, 90_001, 1000))):
        for ours, theirs in zip(run(cuts), whole, strict=True):
            for name in ("mean", "mean_std", "phasor", "phasor_std", "lines", "lines_std", "minimum", "maximum"):
                assert np.array_equal(getattr(ours, name), getattr(theirs, name)), name


def test_adding_a_tone_changes_no_other_reading(rng: np.random.Generator) -> None:
    phasors = random_phasors(rng, len(BINS))
    without = phasors.copy()
    without[3] = 0
    demodulator = Demodulator(BINS, 1000)
    readings = [
        read(Demodulator(BINS, 1000), signal(BINS, p, 1000, 0, 10_000), 0, Window(0, 10))[0].phasor[0]
        for p in (phasors, without)
    ]
    others = np.arange(len(BINS)) != 3
    np.testing.assert_allclose(readings[0][others], readings[1][others], rtol=0, atol=1e-13)
    assert demodulator.pending == ()


def test_cross_talk_of_neighbouring_bins_is_zero() -> None:
    x = 1e3 * signal([101], np.array([1 + 1j]), 10_000, 5, 10_000)
    (reading,) = read(Demodulator([100, 102], 10_000), x, 5, Window(5, 1))
    np.testing.assert_allclose(reading.phasor, 0, rtol=0, atol=1e-10)


def test_a_delay_turns_the_phasor(rng: np.random.Generator) -> None:
    phasors = random_phasors(rng, len(BINS))
    x = signal(BINS, phasors, 1000, -23, 3000)  # sample n carries what was sent at n - 23
    (reading,) = read(Demodulator(BINS, 1000), x, 0, Window(400, 2))
    turned = phasors * np.exp(-2j * np.pi * np.array(BINS) * 23 / 1000)
    np.testing.assert_allclose(reading.phasor[0], turned, rtol=0, atol=1e-13)


def test_lines_beyond_half_the_rate_are_folded() -> None:
    n = np.arange(4000)
    lines = [90, 210, -90, 1090, 7]
    x = np.sin(2 * np.pi * 7 * n / 200) + 0.3 * np.sin(2 * np.pi * 90 * n / 200 + 0.4)
    (reading,) = read(Demodulator([7], 200, lines=lines), x, 0, Window(31, 3))
    at_90 = 0.3 * np.exp(0.4j)
    # sin is odd and cos even in frequency; 1090 = 5 * 200 + 90 and 210 = 200 + 10, where there is nothing.
    expected = [at_90, 0, -np.conj(at_90), at_90, 1.0]
    np.testing.assert_allclose(reading.lines[0], expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize(("period", "periods"), [(1000, 1), (1000, 4), (1000, 60), (40_003, 3)])
def test_drift_biases_no_tone(strategy: Strategy, period: int, periods: int, rng: np.random.Generator) -> None:
    bins = [1, 2, 7, 8, 9]
    phasors = random_phasors(rng, len(bins))
    samples = period * periods
    x = signal(bins, phasors, period, 77, samples) + 20.0 + np.arange(samples) / samples
    window = Window(77, periods)
    with_drift = Demodulator(bins, period, lines=[14], noise_bins=[3, 4, 20], drift=True, strategy=strategy)
    (reading,) = read(with_drift, x, 77, window)
    np.testing.assert_allclose(reading.phasor[0], phasors, rtol=0, atol=1e-11)
    np.testing.assert_allclose(reading.lines[0], 0, rtol=0, atol=1e-11)
    np.testing.assert_allclose(reading.mean, 20.5 - 0.5 / samples, rtol=1e-12)
    (plain,) = read(Demodulator(bins, period, strategy=strategy), x, 77, window)
    leak = np.abs(plain.phasor[0] - phasors)
    np.testing.assert_allclose(leak, 1 / (np.pi * np.array(bins) * periods), rtol=0.02)


def test_drift_agrees_with_least_squares(rng: np.random.Generator) -> None:
    x = rng.standard_normal(3000)
    n = np.arange(3000)
    angles = 2 * np.pi * n[:, None] * np.array(BINS) / 1000
    design = np.hstack([np.sin(angles), np.cos(angles), np.ones((3000, 1)), n[:, None] / 3000])
    solution = np.linalg.lstsq(design, x, rcond=None)[0]
    (reading,) = read(Demodulator(BINS, 1000, drift=True), x, 0, Window(0, 3))
    np.testing.assert_allclose(reading.phasor[0].real, solution[:7], rtol=0, atol=1e-12)
    np.testing.assert_allclose(reading.phasor[0].imag, solution[7:14], rtol=0, atol=1e-12)


def test_blocks_outside_windows_are_not_looked_at() -> None:
    demodulator = Demodulator([3], 100)
    demodulator.expect(Window(1000, 1))
    assert demodulator.process(np.full((1, 1000), np.nan), 0) == []
    (reading,) = demodulator.process(np.concatenate([np.ones(100), np.full(400, np.nan)])[None], 1000)
    assert reading.mean[0] == 1.0
    assert demodulator.process(np.empty((1, 0)), 1500) == []


def test_error_bars_are_unknown_where_no_noise_is_within_an_octave(rng: np.random.Generator) -> None:
    x = rng.standard_normal(2000)
    demodulator = Demodulator([5, 6, 20, 70], 1000, noise_bins=[11, 12, 13, 14, 30])
    (one,) = read(demodulator, x, 0, Window(0, 1))
    np.testing.assert_array_equal(np.isfinite(one.phasor_std[0]), [False, True, True, False])
    np.testing.assert_array_equal(np.isfinite(demodulator.std_scatter(1)), [False, True, True, False])
    demodulator.reset()
    (two,) = read(demodulator, x, 0, Window(0, 2))
    assert np.all(np.isfinite(two.phasor_std))
    (nothing,) = read(Demodulator([5], 1000), x, 0, Window(0, 1))
    assert np.isnan(nothing.phasor_std[0, 0])
    assert np.isnan(nothing.mean_std[0])


def test_a_gap_or_a_repetition_is_refused() -> None:
    demodulator = Demodulator([3], 100)
    demodulator.process(np.zeros((1, 50)), 1000)
    with pytest.raises(SignalError, match=r"lacks 10 samples.*1060.*1050"):
        demodulator.process(np.zeros((1, 50)), 1060)
    with pytest.raises(SignalError, match=r"repeats 50 samples"):
        demodulator.process(np.zeros((1, 50)), 1000)
    demodulator.reset()
    demodulator.process(np.zeros((1, 50)), 5)


def test_windows_come_in_order_and_in_time() -> None:
    demodulator = Demodulator([3], 100)
    demodulator.expect(Window(1000, 2))
    with pytest.raises(SignalError, match=r"1199 begins before the previous one ends, at 1200"):
        demodulator.expect(Window(1199, 1))
    with pytest.raises(SignalError, match="empty"):
        demodulator.expect(Window(5000, 0))
    with pytest.raises(SignalError, match=r"1000 is in the past: the stream begins at 1001"):
        demodulator.process(np.zeros((1, 10)), 1001)
    demodulator.process(np.zeros((1, 1500)), 0)
    with pytest.raises(SignalError, match=r"1499 is in the past: the stream is at sample 1500"):
        demodulator.expect(Window(1499, 1))


@pytest.mark.parametrize(
    ("bins", "arguments", "message"),
    [
        ([], {}, "at least one"),
        ([3, 3], {}, "none twice"),
        ([0], {}, r"tone bins \[0\]"),
        ([50], {}, r"tone bins \[50\]"),
        ([3], {"lines": [6, 100]}, r"lines at bins \[100\]"),
        ([3], {"lines": [-50]}, r"lines at bins \[-50\]"),
        ([3], {"noise_bins": [2, 3]}, r"noise bins \[3\] carry tones"),
        ([3], {"channels": 0}, "0 input channels"),
    ],
)
def test_refuses_bins_it_cannot_read(bins: list[int], arguments: dict[str, object], message: str) -> None:
    with pytest.raises(SignalError, match=message):
        Demodulator(bins, 100, **arguments)  # type: ignore[arg-type]


def test_refuses_blocks_of_another_shape() -> None:
    with pytest.raises(SignalError, match=r"\(1, 10\), expected \(2, samples\)"):
        Demodulator([3], 100, 2).process(np.zeros((1, 10)), 0)


def test_the_route_follows_the_regime() -> None:
    low = Demodulator([20, 21, 23], 100_000, noise_bins=range(1, 20))
    many = Demodulator(range(300, 2000, 8), 10_000)
    assert low.strategy(4) == "decimate"
    assert many.strategy(4) == "fft"
    assert Demodulator(OCTAVE, 1000).strategy(5) == "two-stage"
