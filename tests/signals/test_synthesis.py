"""Tones against exact integer arithmetic, and their sum onto electrodes against the formula."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from hgx_lab.errors import SignalError
from hgx_lab.signals._synthesis import ToneBank

STARTS = [0, 999, 10**9 + 7, 2**53 + 1, 2**62]


def exact_sine(bin_: int, n: int, period: int) -> float:
    turn = Fraction(bin_ * n % period, period)
    return math.sin(2 * math.pi * float(turn))


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize(("bins", "period"), [((7, 8, 499), 1000), ((3, 77_777, 499_999), 1_000_000)])
def test_phase_is_exact_at_any_sample(bins: tuple[int, ...], period: int, start: int) -> None:
    waves = ToneBank(bins, period).waves(start, 257)
    exact = [[exact_sine(m, start + j, period) for j in range(257)] for m in bins]
    np.testing.assert_allclose(waves, exact, rtol=0, atol=2e-15)


@pytest.mark.parametrize(("tones", "period"), [(3, 1000), (90, 99_991)])
def test_values_do_not_depend_on_the_cut_into_blocks(tones: int, period: int, rng: np.random.Generator) -> None:
    bank = ToneBank(sorted(rng.choice(np.arange(1, period // 2), tones, replace=False)), period)
    start, count = 2**60 + 12345, 12_000
    whole = bank.waves(start, count)
    cuts = [0, *sorted(rng.integers(1, count, 9)), count]
    parts = [bank.waves(start + a, b - a) for a, b in itertools.pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_long_period_with_many_tones_stays_small() -> None:
    bins = range(200, 400)
    bank = ToneBank(bins, 1_000_000)
    held = sum(v.nbytes for v in vars(bank).values() if isinstance(v, np.ndarray))
    assert held < 20e6
    start = 10**15 + 987_654
    waves = bank.waves(start, 300)
    exact = [[exact_sine(m, start + j, 1_000_000) for j in range(300)] for m in bins]
    np.testing.assert_allclose(waves, exact, rtol=0, atol=2e-15)


def test_waves_into_a_given_array() -> None:
    bank = ToneBank([3, 5], 100)
    out = np.full((2, 250), np.nan)
    assert bank.waves(17, 250, out=out) is out
    assert np.array_equal(out, bank.waves(17, 250))
    with pytest.raises(SignalError, match=r"shape \(2, 100\), expected float64 of shape \(2, 99\)"):
        bank.waves(0, 99, out=np.empty((2, 100)))


@pytest.mark.parametrize("period", [1000, 7_000_000])
def test_adds_tones_onto_their_electrodes(period: int) -> None:
    bins, rows, amplitudes = [3, 50, 70], [2, 0, 2], [0.01, 0.07, 0.02]
    bank = ToneBank(bins, period)
    block = np.zeros((4, 9001)) + np.array([[1.0], [2.0], [3.0], [4.0]])
    bank.add(block, 123_456_789, amplitudes, rows)
    expected = np.zeros_like(block) + np.array([[1.0], [2.0], [3.0], [4.0]])
    for wave, row, amplitude in zip(bank.waves(123_456_789, 9001), rows, amplitudes, strict=True):
        expected[row] += amplitude * wave
    np.testing.assert_allclose(block, expected, rtol=0, atol=1e-15)
    assert np.array_equal(block[1], np.full(9001, 2.0))


def test_amplitude_ramps_are_linear_and_join() -> None:
    bank = ToneBank([9], 1000)
    block = np.zeros((1, 10_000))
    bank.add(block, 50, [0.0], [0], [0.5])
    expected = 0.5 * np.arange(10_000) / 10_000 * bank.waves(50, 10_000)[0]
    np.testing.assert_allclose(block[0], expected, rtol=0, atol=1e-15)
    halves = np.zeros((1, 10_000))
    bank.add(halves[:, :4000], 50, [0.0], [0], [0.2])
    bank.add(halves[:, 4000:], 4050, [0.2], [0], [0.5])
    np.testing.assert_allclose(halves, block, rtol=0, atol=1e-15)


def test_refuses_what_it_cannot_synthesise() -> None:
    with pytest.raises(SignalError, match=r"\[50\]"):
        ToneBank([3, 50], 100)
    with pytest.raises(SignalError, match="has 2 samples"):
        ToneBank([1], 2)
    bank = ToneBank([3, 5], 100)
    with pytest.raises(SignalError, match="1 amplitudes were given for 2 tones"):
        bank.add(np.zeros((2, 10)), 0, [1.0], [0, 1])
    with pytest.raises(SignalError, match="block of 2 rows"):
        bank.add(np.zeros((2, 10)), 0, [1.0, 1.0], [0, 2])
