"""The stages of the signal chain that are off by default, against their formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import signal

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated import ChainSettings, Creep, Flicker, Hum, Plant, Telegraph, White
from hgx_drivers.simulated._noise_sources import NoiseStream
from hgx_drivers.simulated.devices import LinearDevice, SmoothDevice

RATE_HZ = 1e5
IDEAL = ChainSettings.ideal(gain_volts_per_ampere=1.0)
EVERYTHING = ChainSettings(
    electrode_seconds=(0.0, 2e-3, 2e-3, 30e-3, 0.0, 1e-5, 22e-3),
    creep=Creep(0.02, 3e-3),
    delay_samples=3.3,
    drift_amperes_per_second=1e-9,
    telegraphs=(Telegraph(2e-10, 300.0, 4000.0), Telegraph(1e-10, 2.0, 1.0)),
    flicker=Flicker(doubling_amperes=5e-9),
)


def plant_of(chain: ChainSettings, conductances: tuple[float, ...] = (1.0,), seed: int = 0) -> Plant:
    plant = Plant(LinearDevice(conductances), chain, seed=seed)
    plant.configure(RATE_HZ)
    return plant


def phasor(samples: np.ndarray, frequency_hz: float) -> complex:
    turns = frequency_hz * np.arange(len(samples)) / RATE_HZ
    return complex(2.0 * np.mean(samples * np.exp(-2j * np.pi * turns)))


def tone(frequency_hz: float, samples: int) -> np.ndarray:
    return np.cos(2 * np.pi * frequency_hz * np.arange(samples) / RATE_HZ)[None, :]


def telegraph_stream(kind: Telegraph, samples: int, seed: int = 3) -> np.ndarray:
    out = np.zeros(samples)
    NoiseStream([kind.source(RATE_HZ, seed, 0)]).add_to(out)
    return out


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("delay", [0.0, 3.3])
def test_any_cut_of_the_stream_gives_the_same_bits(outputs: int, delay: float, rng: np.random.Generator) -> None:
    device = SmoothDevice(1, 7, outputs=outputs)
    chain = replace(EVERYTHING, delay_samples=delay)

    def plant() -> Plant:
        made = Plant(device, chain, seed=4)
        made.configure(RATE_HZ)
        return made

    volts = rng.uniform(-0.9, 0.9, (7, 6000))
    whole = plant().process(volts)
    for longest in (3, 200, 5000):
        cut, pieces, begin = plant(), [], 0
        while begin < 6000 and (longest > 3 or begin < 300):
            end = begin + int(rng.integers(1, longest + 1))
            pieces.append(cut.process(volts[:, begin:end]))
            begin = min(end, 6000)
        joined = np.concatenate(pieces, axis=1)
        assert np.array_equal(joined, whole[:, : joined.shape[1]])


def test_each_electrode_has_its_own_time_constant() -> None:
    seconds = (0.0, 22e-3, 37e-3)
    weights = (1.0, 10.0, 100.0)
    read = plant_of(replace(IDEAL, electrode_seconds=seconds), weights).process(np.ones((3, 8000)))[0]
    t = np.arange(1, 8001) / RATE_HZ
    expected = 1.0 + 10.0 * (1.0 - np.exp(-t / 22e-3)) + 100.0 * (1.0 - np.exp(-t / 37e-3))
    assert np.allclose(read, expected, atol=1e-10)


def test_the_external_capacitor_turns_and_weakens_a_tone_by_its_pole() -> None:
    plant = plant_of(replace(IDEAL, electrode_seconds=22e-3))
    read = plant.process(tone(50.0, 40_000))[0, -20_000:]
    pole = np.exp(-1 / (RATE_HZ * 22e-3))
    expected = (1 - pole) / (1 - pole * np.exp(-2j * np.pi * 50.0 / RATE_HZ))
    assert phasor(read, 50.0) == pytest.approx(expected, abs=1e-6)
    assert abs(expected) == pytest.approx(1 / np.hypot(1.0, 2 * np.pi * 50.0 * 22e-3), rel=1e-3)


class TestCreep:
    def test_a_share_of_a_step_comes_late(self) -> None:
        read = plant_of(replace(IDEAL, creep=Creep(0.01, 30e-3))).process(np.ones((1, 20_000)))[0]
        t = np.arange(1, 20_001) / RATE_HZ
        assert np.allclose(read, 1.0 - 0.01 * np.exp(-t / 30e-3), atol=1e-12)

    def test_a_negative_share_overshoots(self) -> None:
        read = plant_of(replace(IDEAL, creep=Creep(-0.2, 1e-3))).process(np.ones((1, 3000)))[0]
        assert read[0] == pytest.approx(1.2, abs=0.01)
        assert read[-1] == pytest.approx(1.0, abs=1e-9)

    def test_tones_pass_as_response_says(self) -> None:
        plant = plant_of(replace(IDEAL, creep=Creep(0.1, 2e-3), pole_hz=4e3, delay_samples=2.0))
        for frequency in (50.0, 1000.0, 5000.0):
            read = plant.process(tone(frequency, 20_000))[0, -10_000:]
            assert phasor(read, frequency) == pytest.approx(plant.response(np.array([frequency]))[0], abs=2e-5)
        fast = replace(IDEAL, creep=Creep(0.1, 2e-3))
        assert abs(plant_of(fast).response(np.array([5e3]))[0]) == pytest.approx(0.9, abs=5e-4)


class TestTelegraph:
    def test_two_levels_about_zero_with_the_shares_of_the_rates(self) -> None:
        kind = Telegraph(2e-10, up_hz=100.0, down_hz=300.0)
        samples = telegraph_stream(kind, 4_000_000)
        low, high = np.unique(samples)
        assert high - low == pytest.approx(2e-10, rel=1e-12)
        assert 0.25 * high + 0.75 * low == pytest.approx(0.0, abs=1e-22)
        # The share of time up scatters by sqrt(2 p q / (r T)), r the sum of the rates.
        deviation = np.sqrt(2 * 0.25 * 0.75 / (400.0 * 40.0))
        assert np.mean(samples > 0) == pytest.approx(0.25, abs=4 * deviation)

    def test_the_times_in_a_level_are_exponential(self) -> None:
        samples = telegraph_stream(Telegraph(1.0, up_hz=500.0, down_hz=2000.0), 4_000_000) > 0
        edges = np.flatnonzero(np.diff(samples)) + 1
        stays = np.diff(edges)
        up = stays[samples[edges[:-1]]]
        # A stay is seen as geometric with the chain's own probability of leaving.
        leaving = 0.8 * -np.expm1(-2500.0 / RATE_HZ)
        assert up.mean() == pytest.approx(1 / leaving, rel=4 / np.sqrt(len(up)))
        assert np.mean(up > 100) == pytest.approx((1 - leaving) ** 100, abs=4 * np.sqrt(0.1 / len(up)))

    def test_the_spectrum_is_a_lorentzian(self) -> None:
        up, down, amplitude = 40.0, 160.0, 3e-10
        samples = telegraph_stream(Telegraph(amplitude, up, down), 2**23)
        frequencies, density = signal.welch(samples, RATE_HZ, "hann", 2**17, detrend=False)
        total = up + down
        law = 4 * amplitude**2 * up * down / (total * (total**2 + (2 * np.pi * frequencies) ** 2))
        for low, high in ((2.0, 20.0), (20.0, 60.0), (60.0, 300.0), (300.0, 2000.0)):
            band = (frequencies >= low) & (frequencies < high)
            segments = 1.9 * len(samples) / 2**17
            deviation = 1 / np.sqrt(band.sum() / 1.5 * segments)
            assert np.mean(density[band] / law[band]) == pytest.approx(1.0, abs=0.01 + 5 * deviation)

    def test_the_first_sample_is_stationary(self) -> None:
        kind = Telegraph(1.0, up_hz=3.0, down_hz=1.0)
        first = np.array([telegraph_stream(kind, 1, seed)[0] for seed in range(800)])
        assert np.mean(first > 0) == pytest.approx(0.75, abs=4 * np.sqrt(0.75 * 0.25 / 800))

    def test_very_rare_and_very_frequent_jumps(self) -> None:
        assert len(np.unique(telegraph_stream(Telegraph(1.0, 1e-15, 1e-15), 5000))) == 1
        fast = telegraph_stream(Telegraph(2.0, 1e9, 1e9), 100_000)
        assert abs(np.corrcoef(fast[1:], fast[:-1])[0, 1]) < 5 / np.sqrt(100_000)

    def test_equal_fluctuators_are_independent(self) -> None:
        chain = replace(IDEAL, telegraphs=(Telegraph(1.0, 500.0, 500.0), Telegraph(10.0, 500.0, 500.0)))
        read = plant_of(chain, (0.0,)).process(np.zeros((1, 100_000)))[0]
        assert len(np.unique(np.round(read, 6))) == 4


class TestGrowth:
    def test_the_noise_follows_the_current_and_nothing_else_changes(self) -> None:
        volts = np.repeat([[0.0], [2e-9], [-4e-9]], 3000, axis=1).reshape(1, -1)
        steady = replace(IDEAL, flicker=Flicker())
        growing = replace(IDEAL, flicker=Flicker(doubling_amperes=2e-9))
        plain = plant_of(steady, seed=5).process(volts) - volts
        grown = plant_of(growing, seed=5).process(volts) - volts
        factor = np.sqrt(1.0 + (volts / 2e-9) ** 2)
        assert np.allclose(grown, plain * factor, rtol=1e-6, atol=1e-20)

    def test_it_comes_with_the_delayed_current_and_without_the_stray_one(self) -> None:
        chain = replace(IDEAL, flicker=Flicker(doubling_amperes=1e-9), delay_samples=10.0)
        volts = np.zeros((1, 2000))
        volts[:, 1000:] = 5e-9
        quiet = plant_of(replace(chain, flicker=None)).process(volts)
        read = plant_of(chain).process(volts) - quiet
        plain = plant_of(replace(chain, flicker=Flicker())).process(volts) - quiet
        grown = read / plain
        assert np.allclose(grown[0, :1010], 1.0, rtol=1e-6)
        assert np.allclose(grown[0, 1010:], np.sqrt(26.0), rtol=1e-6)
        strayed = replace(chain, stray_farads=1e-9)
        difference = plant_of(strayed).process(volts) - plant_of(replace(strayed, flicker=None)).process(volts)
        assert np.allclose(difference, read, atol=1e-18)


def test_switching_one_off_leaves_the_others_as_they_were() -> None:
    parts: dict[str, object] = {
        "flicker": Flicker(),
        "white": White(),
        "hum": Hum(),
        "telegraphs": (Telegraph(1e-10, 50.0, 80.0),),
        "drift_amperes_per_second": 1e-9,
    }
    volts = np.zeros((1, 9000))

    def read(names: set[str]) -> np.ndarray:
        chain = replace(IDEAL, **{name: parts[name] for name in names})  # type: ignore[arg-type]
        return plant_of(chain, (0.0,), seed=9).process(volts)

    together = read(set(parts))
    for name in parts:
        alone, others = read({name}), read(set(parts) - {name})
        assert alone.std() > 0.0
        assert np.allclose(together, alone + others, rtol=0.0, atol=1e-12 * np.abs(together).max())


@pytest.mark.parametrize(
    "make",
    [
        lambda: Creep(1.0),
        lambda: Creep(0.01, 0.0),
        lambda: Telegraph(float("nan")),
        lambda: Telegraph(1e-9, 0.0),
        lambda: Telegraph(1e-9, 1.0, float("inf")),
        lambda: Flicker(doubling_amperes=0.0),
        lambda: ChainSettings(electrode_seconds=(1e-3, -1e-3)),
        lambda: Plant(SmoothDevice(1), ChainSettings(electrode_seconds=(1e-3, 1e-3))),
    ],
)
def test_what_cannot_be_is_refused(make: object) -> None:
    with pytest.raises(RangeError):
        make()  # type: ignore[operator]
