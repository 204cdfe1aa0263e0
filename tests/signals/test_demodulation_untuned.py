"""Joint least squares for tones off the grid: exactness, phase reference, error bars, refusals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hgx_lab.errors import SignalError
from hgx_lab.signals.demodulation import Demodulator, UntunedDemodulator
from hgx_lab.signals.types import Window

FREQUENCIES = [475.3, 510.0, 547.77, 580.1]
RATE_HZ = 10_000.0


def signal(phasors: np.ndarray, start: int, count: int) -> np.ndarray:
    x = np.zeros(count)
    for f, phasor in zip(FREQUENCIES, phasors, strict=True):
        turn = Fraction(f) / Fraction(RATE_HZ)
        angle = 2 * np.pi * (float(turn * start % 1) + float(turn) * np.arange(count))
        x += phasor.real * np.sin(angle) + phasor.imag * np.cos(angle)
    return x


@pytest.mark.parametrize("start", [0, 12_345, 10**13 + 1])
@pytest.mark.parametrize("drift", [False, True])
def test_reads_untuned_tones_exactly(start: int, drift: bool, rng: np.random.Generator) -> None:
    phasors = rng.normal(size=4) + 1j * rng.normal(size=4)
    x = signal(phasors, start, 1000) + 50.0 + (np.arange(1000) / 1000 if drift else 0.0)
    demodulator = UntunedDemodulator(FREQUENCIES, RATE_HZ, 100, 2, drift=drift)
    demodulator.expect(Window(start, 10))
    assert demodulator.process(np.stack([x, -x])[:, :333], start) == []
    assert len(demodulator.pending) == 1
    (reading,) = demodulator.process(np.stack([x, -x])[:, 333:], start + 333)
    np.testing.assert_allclose(reading.phasor, [phasors, -phasors], rtol=0, atol=1e-11)
    assert reading.maximum[1] == -x.min()
    # A window of whole periods would read the same tones wrong by per cents.
    tuned = Demodulator([48], 1000)
    tuned.expect(Window(start, 1))
    assert abs(tuned.process(x[None], start)[0].phasor[0, 0]) > 1e-2


def test_equals_the_tuned_demodulator_on_the_grid(rng: np.random.Generator) -> None:
    x = rng.standard_normal((1, 5000))
    tuned = Demodulator([50, 60], 1000, drift=True)
    untuned = UntunedDemodulator([500.0, 600.0], RATE_HZ, 1000, drift=True)
    for demodulator in (tuned, untuned):
        demodulator.expect(Window(321, 4))
    a, b = tuned.process(x, 0)[0], untuned.process(x, 0)[0]
    np.testing.assert_allclose(a.phasor, b.phasor, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.mean, b.mean, rtol=0, atol=1e-12)
    np.testing.assert_allclose(a.phasor_std, b.phasor_std, rtol=0.5)


@pytest.mark.parametrize("exponent", [0.0, -1.0])
def test_error_bars_are_the_scatter(exponent: float, rng: np.random.Generator) -> None:
    channels, samples = 1500, 1000
    f = np.fft.rfftfreq(samples * 4, 1 / RATE_HZ)
    f[0] = f[1]
    lines = rng.standard_normal((channels, len(f), 2)).view(np.complex128)[..., 0]
    x = np.fft.irfft(lines * np.sqrt((f / 500) ** exponent), axis=1)
    demodulator = UntunedDemodulator(FREQUENCIES, RATE_HZ, samples, channels)
    for w in range(4):
        demodulator.expect(Window(w * samples, 1))
    readings = demodulator.process(x, 0)
    phasor = np.concatenate([r.phasor for r in readings])
    std = np.concatenate([r.phasor_std for r in readings])
    scatter = np.sqrt(np.mean(np.abs(phasor) ** 2, axis=0) / 2)
    np.testing.assert_allclose(np.sqrt(np.mean(std**2, axis=0)) / scatter, 1.0, atol=0.10)
    assert np.all(std.std(axis=0) / std.mean(axis=0) < 0.2)


def test_refuses_tones_that_cannot_be_told_apart() -> None:
    close = UntunedDemodulator([500.0, 500.01], RATE_HZ, 1000)
    with pytest.raises(SignalError, match="2 tones can't be told apart in 1000 samples"):
        close.expect(Window(0, 1))
    with pytest.raises(SignalError, match=r"\[6000.0\] Hz"):
        UntunedDemodulator([500.0, 6000.0], RATE_HZ, 1000)
    with pytest.raises(SignalError, match="at least one tone"):
        UntunedDemodulator([], RATE_HZ, 1000)
    with pytest.raises(SignalError, match="expected"):
        UntunedDemodulator([500.0], RATE_HZ, 1000).process(np.zeros((2, 10)), 0)


def test_refuses_a_window_without_a_line_for_the_noise() -> None:
    with pytest.raises(SignalError, match="leave nothing of the spectrum of 12 samples to find the noise in"):
        UntunedDemodulator([1510.0, 3490.0], RATE_HZ, 6).prepare(2)


def test_below_the_lowest_free_line_the_error_bar_is_the_scatter_under_flicker_noise(rng: np.random.Generator) -> None:
    channels, samples = 3000, 1000
    f = np.fft.rfftfreq(samples * 4, 1 / RATE_HZ)
    f[0] = f[1]
    lines = rng.standard_normal((channels, len(f), 2)).view(np.complex128)[..., 0]
    x = np.fft.irfft(lines / np.sqrt(f / 500), axis=1)
    demodulator = UntunedDemodulator([25.0, 170.3], RATE_HZ, samples, channels)  # free from 45 Hz on
    readings = []
    for w in range(4):
        demodulator.expect(Window(w * samples, 1))
    readings = demodulator.process(x, 0)
    phasor = np.concatenate([r.phasor for r in readings])
    std = np.concatenate([r.phasor_std for r in readings])
    ratio = np.sqrt(np.mean(std**2, axis=0) / np.mean(np.abs(phasor) ** 2, axis=0) * 2)
    np.testing.assert_allclose(ratio, 1.0, atol=0.15)
