"""Each stage of the signal chain against its formula, and the whole against any cutting of the stream."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from hgx_drivers.errors import CardStateError, InvalidSamples, RangeError
from hgx_drivers.simulated import ChainSettings, Converter, Flicker, Hum, Plant, White
from hgx_drivers.simulated.devices import Device, LinearDevice, SmoothDevice, SurrogateDevice

RATE_HZ = 1e5
IDEAL = ChainSettings.ideal(gain_volts_per_ampere=1.0)


def plant_of(device: Device, chain: ChainSettings, **keywords: object) -> Plant:
    plant = Plant(device, chain, **keywords)  # type: ignore[arg-type]
    plant.configure(RATE_HZ)
    return plant


def wire(chain: ChainSettings) -> Plant:
    """A device whose current in amperes is its voltage."""
    return plant_of(LinearDevice([1.0]), chain)


def network(outputs: int = 1, dtype: type = np.float32) -> SurrogateDevice:
    rng = np.random.default_rng(8)
    widths = [7, 30, 30, outputs]
    weights = [rng.standard_normal((m, k)) / np.sqrt(k) for k, m in itertools.pairwise(widths)]
    biases = [0.3 * rng.standard_normal(m) for m in widths[1:]]
    return SurrogateDevice(weights, biases, np.array([[-1.0, 1.0]] * 7), 1e-7, dtype=dtype)


def phasor(samples: np.ndarray, frequency_hz: float) -> complex:
    """Complex amplitude of a tone that fits the record a whole number of times: x = Re(A e^(2 pi i f n/rate))."""
    turns = frequency_hz * np.arange(len(samples)) / RATE_HZ
    return complex(2.0 * np.mean(samples * np.exp(-2j * np.pi * turns)))


def tone(frequency_hz: float, samples: int, amplitude: float = 1.0) -> np.ndarray:
    return amplitude * np.cos(2 * np.pi * frequency_hz * np.arange(samples) / RATE_HZ)[None, :]


EVERYTHING = ChainSettings(delay_samples=3.3, electrode_seconds=2e-5, drift_amperes_per_second=1e-9)
DEVICES = {
    "linear-1": LinearDevice([2e-8]),
    "linear-9": LinearDevice(np.linspace(-2e-8, 3e-8, 9), 1e-9),
    "smooth": SmoothDevice(1),
    "smooth-3-outputs": SmoothDevice(1, 12, outputs=3),
    "network-float32": network(),
    "network-float64": network(2, np.float64),
}


@pytest.mark.parametrize("name", list(DEVICES))
@pytest.mark.parametrize("chain", [EVERYTHING, ChainSettings(), replace(EVERYTHING, delay_samples=0.2, pole_hz=None)])
def test_any_cut_of_the_stream_gives_the_same_bits(name: str, chain: ChainSettings, rng: np.random.Generator) -> None:
    device = DEVICES[name]
    volts = rng.uniform(-0.9, 0.9, (device.electrodes, 6000))
    whole = plant_of(device, chain, seed=4).process(volts)
    assert whole.shape == (device.outputs, 6000)
    for longest in (3, 200, 5000):
        plant, pieces, begin = plant_of(device, chain, seed=4), [], 0
        while begin < 6000 and (longest > 3 or begin < 300):
            end = begin + int(rng.integers(1, longest + 1))
            pieces.append(plant.process(volts[:, begin:end]))
            begin = min(end, 6000)
        cut = np.concatenate(pieces, axis=1)
        assert np.array_equal(cut, whole[:, : cut.shape[1]])
    assert plant_of(device, chain, seed=4).process(volts[:, :0]).shape == (device.outputs, 0)


def test_everything_off_is_gain_times_current(rng: np.random.Generator) -> None:
    device = SmoothDevice(2)
    volts = rng.uniform(-0.5, 0.5, (7, 3000))
    read = plant_of(device, ChainSettings.ideal(gain_volts_per_ampere=-2.5e7)).process(volts)
    assert np.array_equal(read, device.current(volts) * -2.5e7)


@pytest.mark.parametrize(("bits", "low", "high"), [(16, -10.0, 10.0), (8, -1.0, 3.0)])
def test_a_converter_rounds_to_the_nearest_of_its_levels(bits: int, low: float, high: float) -> None:
    levels = low + (high - low) / 2**bits * np.arange(2**bits)
    volts = np.random.default_rng(0).uniform(low - 1.0, high + 1.0, 5000)
    rounded = np.empty_like(volts)
    Converter(bits, low, high).round_into(volts, rounded)
    right = np.clip(np.searchsorted(levels, volts), 1, len(levels) - 1)
    nearest = np.where(volts - levels[right - 1] < levels[right] - volts, levels[right - 1], levels[right])
    assert np.allclose(rounded, nearest, atol=1e-12, rtol=0.0)


@pytest.mark.parametrize("stage", ["dac", "adc"])
def test_both_converters_quantise(stage: str) -> None:
    volts = np.linspace(-0.01, 0.01, 777)[None, :]
    read = wire(replace(IDEAL, **{stage: Converter()})).process(volts)
    step = 20.0 / 2**16
    assert np.allclose(read / step, np.round(volts / step), atol=1e-9)
    assert len(np.unique(read)) == 67


def test_clipping_is_symmetric() -> None:
    read = wire(replace(IDEAL, clip_volts=0.5)).process(np.linspace(-1.0, 1.0, 101)[None, :])
    assert (read.min(), read.max()) == (-0.5, 0.5)
    assert np.count_nonzero(np.abs(read) < 0.5) == 49


class TestPole:
    def test_a_step_is_an_exponential(self) -> None:
        pole_hz = 6.4e3
        read = wire(replace(IDEAL, pole_hz=pole_hz)).process(np.ones((1, 200)))[0]
        seconds = np.arange(1, 201) / RATE_HZ
        assert np.allclose(read, 1.0 - np.exp(-2 * np.pi * pole_hz * seconds), atol=1e-13)

    def test_the_electrode_charges_through_its_capacitance(self) -> None:
        read = wire(replace(IDEAL, electrode_seconds=30e-3)).process(np.ones((1, 5000)))[0]
        assert read[2999] == pytest.approx(1.0 - np.exp(-1.0), rel=1e-12)

    def test_a_pole_far_above_the_rate_is_no_pole(self, rng: np.random.Generator) -> None:
        volts = rng.standard_normal((1, 100))
        assert np.allclose(wire(replace(IDEAL, pole_hz=1e7)).process(volts), volts, atol=1e-12)

    def test_tones_are_slowed_as_response_says(self) -> None:
        plant = wire(replace(IDEAL, pole_hz=2e3, delay_samples=7.0))
        for frequency in (500.0, 2000.0, 5000.0):
            read = plant.process(tone(frequency, 20_000))[0, -10_000:]
            assert phasor(read, frequency) == pytest.approx(plant.response(np.array([frequency]))[0], abs=1e-9)
        assert abs(plant.response(np.array([2e3]))[0]) == pytest.approx(np.sqrt(0.5), rel=2e-3)


class TestDelay:
    @pytest.mark.parametrize("delay", [1, 3, 50, 2000])
    def test_whole_samples_shift(self, delay: int, rng: np.random.Generator) -> None:
        volts = rng.standard_normal((1, 3000))
        read = wire(replace(IDEAL, delay_samples=delay)).process(volts)
        assert np.array_equal(read[:, delay:], volts[:, : 3000 - delay])
        assert not read[:, :delay].any()

    @pytest.mark.parametrize("delay", [0.25, 0.5, 1.2, 7.75, 30.01])
    def test_a_fraction_turns_the_phase_and_keeps_the_magnitude(self, delay: float) -> None:
        plant = wire(replace(IDEAL, delay_samples=delay))
        for frequency in (100.0, 1000.0):
            read = plant.process(tone(frequency, 20_000))[0, -10_000:]
            measured = phasor(read, frequency)
            assert abs(measured) == pytest.approx(1.0, abs=1e-9)
            assert abs(measured - plant.response(np.array([frequency]))[0]) < 1e-4 * (frequency / 1000.0) ** 3


def test_stray_capacitance_adds_a_quadrature_current() -> None:
    capacitances = (1e-12, 5e-12)
    plant = plant_of(LinearDevice([0.0, 0.0]), replace(IDEAL, stray_farads=capacitances))
    for electrode, capacitance in enumerate(capacitances):
        volts = np.zeros((2, 10_000))
        volts[electrode] = tone(500.0, 10_000, 0.01)
        read = plant.process(volts)
        current = phasor(plant.process(volts)[0], 500.0)
        assert current.imag == pytest.approx(2 * np.pi * 500.0 * capacitance * 0.01, rel=1e-3)
        assert abs(current.real) < 0.02 * current.imag
        # The charge of the step from the tone's start back to rest doesn't get lost.
        back = plant.process(np.zeros((2, 10)))
        assert (read.sum() + back.sum()) / RATE_HZ == pytest.approx(0.0, abs=capacitance * 0.011)


def test_drift_is_a_ramp_in_time() -> None:
    plant = wire(replace(IDEAL, drift_amperes_per_second=2.0))
    read = np.concatenate([plant.process(np.zeros((1, 700)))[0] for _ in range(10)])
    assert np.allclose(read, 2.0 * np.arange(7000) / RATE_HZ, atol=1e-15)


class TestStart:
    def test_nothing_moves_at_rest(self) -> None:
        rest = np.array([0.3, -0.2, 0.1, 0.0, 0.4, -0.5, 0.2])
        device = SmoothDevice(5)
        quiet = ChainSettings(
            flicker=None, white=None, hum=None, adc=None, dac=None, delay_samples=4.4, electrode_seconds=1e-3
        )
        read = plant_of(device, quiet, rest_volts=rest).process(np.repeat(rest[:, None], 500, axis=1))
        expected = device.current(rest[:, None])[0, 0] * quiet.gain_volts_per_ampere
        assert np.allclose(read, expected, rtol=1e-9, atol=0.0)

    def test_the_pole_starts_at_the_noise_it_finds(self) -> None:
        loud = replace(IDEAL, pole_hz=10.0, flicker=Flicker(1e-6, 1.0, 0.01))
        first = np.array(
            [plant_of(LinearDevice([0.0]), loud, seed=s).process(np.zeros((1, 1)))[0, 0] for s in range(8)]
        )
        assert first.std() > 0.05

    def test_it_needs_a_rate_first(self) -> None:
        with pytest.raises(CardStateError, match="configure"):
            Plant(SmoothDevice(1), IDEAL).process(np.zeros((7, 1)))

    def test_another_rate_goes_on_from_the_last_voltages(self) -> None:
        chain = replace(IDEAL, pole_hz=1e3, drift_amperes_per_second=1.0, white=White(1e-8))
        plant = wire(chain)
        plant.process(np.full((1, 50_000), 0.25))
        plant.configure(RATE_HZ)
        plant.configure(2 * RATE_HZ)
        read = plant.process(np.full((1, 20_000), 0.25))[0]
        assert plant.samples == 70_000
        assert read[:100].mean() == pytest.approx(0.25 + 0.5, abs=0.02)
        assert read[-5000:].mean() == pytest.approx(0.25 + 0.5 + 0.1, abs=0.02)


def test_switching_a_noise_off_leaves_the_others_as_they_were() -> None:
    noises: dict[str, object] = {"flicker": Flicker(), "white": White(), "hum": Hum()}
    volts = np.zeros((2, 9000))

    def read(**chosen: object) -> np.ndarray:
        chain = replace(ChainSettings.ideal(), **chosen)  # type: ignore[arg-type]
        return plant_of(LinearDevice(np.zeros((2, 2))), chain, seed=9).process(volts)

    together = read(**noises)
    for name in noises:
        alone = read(**{name: noises[name]})
        others = read(**{key: noise for key, noise in noises.items() if key != name})
        assert alone.std() > 0.0
        assert np.allclose(together, alone + others, rtol=0.0, atol=1e-12 * np.abs(together).max() + 1e-17)
        assert not np.allclose(alone[0], alone[1])


@pytest.mark.parametrize(
    "changes",
    [
        {"gain_volts_per_ampere": 0.0},
        {"gain_volts_per_ampere": float("nan")},
        {"clip_volts": 0.0},
        {"pole_hz": -1.0},
        {"delay_samples": -1.0},
        {"delay_samples": float("inf")},
        {"electrode_seconds": -1e-3},
        {"drift_amperes_per_second": float("nan")},
        {"stray_farads": -1e-12},
        {"stray_farads": (1e-12, float("nan"))},
    ],
)
def test_settings_that_cannot_be_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(RangeError):
        replace(ChainSettings(), **changes)  # type: ignore[arg-type]


def test_what_does_not_fit_the_device_is_refused() -> None:
    with pytest.raises(RangeError, match="3 stray capacitances don't fit 7"):
        Plant(SmoothDevice(1), replace(IDEAL, stray_farads=(1e-12,) * 3))
    with pytest.raises(InvalidSamples, match="7 finite"):
        Plant(SmoothDevice(1), IDEAL, rest_volts=np.zeros(3))
    with pytest.raises(InvalidSamples, match=r"7 electrodes .* \(3, 5\)"):
        plant_of(SmoothDevice(1), IDEAL).process(np.zeros((3, 5)))
    with pytest.raises(RangeError):
        Plant(SmoothDevice(1), IDEAL).configure(0.0)
    with pytest.raises(RangeError):
        Converter(0)
    with pytest.raises(RangeError):
        Converter(16, 1.0, 1.0)
