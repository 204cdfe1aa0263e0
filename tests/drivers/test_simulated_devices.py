"""The simulated devices: exact derivatives, sizes, gates by enumeration, and files that aren't devices."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.errors import DeviceFileError, InvalidSamples, RangeError
from hgx_drivers.simulated.devices import Device, LinearDevice, SmoothDevice, SurrogateDevice

GATES = {
    "AND": (0, 0, 0, 1),
    "OR": (0, 1, 1, 1),
    "NAND": (1, 1, 1, 0),
    "NOR": (1, 0, 0, 0),
    "XOR": (0, 1, 1, 0),
    "XNOR": (1, 0, 0, 1),
}


def central_differences(device: Device, volts: np.ndarray, step: float) -> np.ndarray:
    columns = []
    for electrode in range(device.electrodes):
        moved = np.zeros_like(volts)
        moved[electrode] = step
        columns.append((device.current(volts + moved) - device.current(volts - moved)) / (2 * step))
    return np.stack(columns, axis=1)


def gate_shares(device: Device, low: float, high: float, controls: np.ndarray) -> dict[str, float]:
    """Share of control settings that solve each gate with at least 1 nA, inputs on the first two electrodes."""
    cases = []
    for a, b in ((low, low), (low, high), (high, low), (high, high)):
        inputs = np.repeat([[a], [b]], controls.shape[1], axis=1)
        cases.append(device.current(np.vstack([inputs, controls]))[0])
    outputs = np.array(cases)
    truth = {name: np.array(values, dtype=bool) for name, values in GATES.items()}
    return {
        name: float(np.mean(outputs[ones].min(axis=0) - outputs[~ones].max(axis=0) >= 1e-9))
        for name, ones in truth.items()
    }


@pytest.mark.parametrize(
    "device",
    [
        LinearDevice([1e-8, 2e-8]),
        SmoothDevice(0),
        SurrogateDevice([np.ones((1, 2))], [np.ones(1)], [[-1, 1]] * 2, 1e-9),
    ],
)
def test_every_device_plays_the_role(device: Device) -> None:
    assert isinstance(device, Device)
    volts = np.zeros((device.electrodes, 4))
    assert device.current(volts).shape == (device.outputs, 4)
    assert device.jacobian(volts).shape == (device.outputs, device.electrodes, 4)


class TestLinear:
    def test_ohms_law(self, rng: np.random.Generator) -> None:
        conductances, offsets = rng.standard_normal((2, 5)), np.array([1.0, -1.0])
        device, volts = LinearDevice(conductances, offsets), rng.standard_normal((5, 100))
        assert np.allclose(device.current(volts), conductances @ volts + offsets[:, None], rtol=1e-13)
        assert np.array_equal(device.jacobian(volts)[:, :, 7], conductances)

    def test_conductances_that_are_none_are_refused(self) -> None:
        with pytest.raises(InvalidSamples):
            LinearDevice([1.0, float("nan")])


class TestSmooth:
    def test_derivatives_are_exact(self, rng: np.random.Generator) -> None:
        device = SmoothDevice(3, 5, outputs=2)
        volts = rng.uniform(-1.0, 1.0, (5, 200))
        exact, measured = device.jacobian(volts), central_differences(device, volts, 1e-4)
        assert np.abs(measured - exact).max() < 1e-6 * np.abs(exact).max()

    @pytest.mark.parametrize("seed", range(8))
    def test_every_seed_has_the_size_of_a_real_device_and_solves_every_gate(
        self, seed: int, rng: np.random.Generator
    ) -> None:
        device = SmoothDevice(seed)
        volts = rng.uniform(-1.0, 1.0, (7, 20_000))
        current = device.current(volts)[0] * 1e9
        assert 50.0 < np.percentile(np.abs(current), 99) < 100.0
        assert abs(np.median(current)) < 10.0
        rms = np.sqrt(np.mean(device.jacobian(volts)[0] ** 2, axis=1)) * 1e9
        assert rms.min() > 15.0 and rms.max() < 100.0
        assert rms.max() / rms.min() > 1.4
        shares = gate_shares(device, -0.5, 0.5, rng.uniform(-1.0, 1.0, (5, 10_000)))
        assert min(shares.values()) >= 0.01, shares

    def test_a_seed_is_a_device(self, rng: np.random.Generator) -> None:
        volts = rng.uniform(-1.0, 1.0, (7, 50))
        assert np.array_equal(SmoothDevice(1).current(volts), SmoothDevice(1).current(volts))
        assert not np.allclose(SmoothDevice(1).current(volts), SmoothDevice(2).current(volts), rtol=0.1)

    def test_the_scale_scales(self, rng: np.random.Generator) -> None:
        volts = rng.uniform(-1.0, 1.0, (7, 50))
        assert np.allclose(SmoothDevice(1, scale_amperes=1e-6).current(volts), 20 * SmoothDevice(1).current(volts))

    def test_sizes_that_cannot_be_are_refused(self) -> None:
        for keywords in ({"electrodes": 0}, {"outputs": 0}, {"hidden": 0}, {"scale_amperes": 0.0}):
            with pytest.raises(RangeError):
                SmoothDevice(1, **keywords)  # type: ignore[arg-type]


def layers(widths: list[int], seed: int = 0) -> tuple[list[np.ndarray], list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    weights = [rng.standard_normal((m, k)).astype(np.float32) for k, m in itertools.pairwise(widths)]
    return weights, [rng.standard_normal(m).astype(np.float32) for m in widths[1:]]


def stored(path: Path, **changes: object) -> Path:
    weights, biases = layers([3, 6, 5, 2])
    arrays: dict[str, object] = {f"W{i}": w for i, w in enumerate(weights)}
    arrays |= {f"b{i}": b for i, b in enumerate(biases)}
    arrays |= {"voltage_ranges": np.array([[-1.2, 0.6]] * 3), "amplification": 100.0, "meta": '{"device": "X"}'}
    arrays |= changes
    np.savez(path, **{name: value for name, value in arrays.items() if value is not None})  # type: ignore[arg-type]
    return path


class TestSurrogate:
    def test_the_forward_pass_is_the_formula(self, tmp_path: Path, rng: np.random.Generator) -> None:
        weights, biases = layers([3, 6, 5, 2])
        volts = rng.uniform(-1.0, 1.0, (3, 700))
        expected = np.empty((2, 700))
        for n in range(700):
            h = volts[:, n]
            for w, b in zip(weights[:-1], biases[:-1], strict=True):
                sums = [float(np.sum(row.astype(float) * h)) + float(c) for row, c in zip(w, b, strict=True)]
                h = np.array([max(0.0, x) for x in sums])
            expected[:, n] = (weights[-1].astype(float) @ h + biases[-1].astype(float)) * 100e-9
        file = stored(tmp_path / "d.npz")
        exact = SurrogateDevice.from_npz(file, dtype=np.float64)
        assert np.allclose(exact.current(volts), expected, rtol=1e-12, atol=1e-20)
        fast = SurrogateDevice.from_npz(file)
        assert np.abs(fast.current(volts) - expected).max() < 2e-6 * np.abs(expected).max()
        assert np.array_equal(exact.voltage_ranges, [[-1.2, 0.6]] * 3)
        assert exact.meta == {"device": "X"}
        assert (exact.electrodes, exact.outputs) == (3, 2)

    def test_derivatives_are_exact_off_the_kinks(self, tmp_path: Path, rng: np.random.Generator) -> None:
        device = SurrogateDevice.from_npz(stored(tmp_path / "d.npz"), dtype=np.float64)
        volts = rng.uniform(-1.0, 1.0, (3, 400))
        exact, measured = device.jacobian(volts), central_differences(device, volts, 1e-6)
        error = np.abs(measured - exact).max(axis=(0, 1))
        assert np.mean(error < 1e-8 * np.abs(exact).max()) > 0.99

    def test_each_output_may_have_its_amplification(self, tmp_path: Path, rng: np.random.Generator) -> None:
        volts = rng.uniform(-1.0, 1.0, (3, 10))
        one = SurrogateDevice.from_npz(stored(tmp_path / "a.npz", amplification=1.0), dtype=np.float64)
        two = SurrogateDevice.from_npz(stored(tmp_path / "b.npz", amplification=np.array([2.0, 3.0])), dtype=np.float64)
        assert np.allclose(two.current(volts), one.current(volts) * [[2.0], [3.0]])
        assert np.allclose(two.jacobian(volts), one.jacobian(volts) * np.array([2.0, 3.0])[:, None, None])

    @pytest.mark.parametrize(
        ("changes", "what"),
        [
            ({"W0": None}, "holds no W0"),
            ({"b1": None}, "holds no b1"),
            ({"voltage_ranges": None}, "holds no voltage_ranges"),
            ({"amplification": None}, "holds no amplification"),
            ({"W1": np.ones((5, 7))}, "Layer 1 takes 7 numbers but layer 0 gives 6"),
            ({"b2": np.ones(3)}, r"Layer 2 has weights of shape \(2, 5\) and biases of shape \(3,\)"),
            ({"W2": np.full((2, 5), np.nan)}, "Layer 2 holds weights that aren't finite"),
            ({"voltage_ranges": np.zeros((3, 2))}, "3 finite pairs"),
            ({"voltage_ranges": np.ones((2, 2))}, "3 finite pairs"),
            ({"amplification": np.ones(3)}, "one number or 2"),
            ({"W0": np.array(["a", "b"])}, "isn't a usable device"),
            ({"meta": "{"}, "isn't a usable device"),
            ({"W0": np.array([{}], dtype=object)}, "allow_pickle"),
        ],
    )
    def test_a_file_that_is_no_device_says_why(self, tmp_path: Path, changes: dict[str, object], what: str) -> None:
        with pytest.raises(DeviceFileError, match=what):
            SurrogateDevice.from_npz(stored(tmp_path / "d.npz", **changes))

    @pytest.mark.parametrize("content", [b"", b"no", b"PK\x03\x04rubbish", b"\x93NUMPY\x01\x00v\x00"])
    def test_a_file_that_is_no_archive_says_why(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "d.npz").write_bytes(content)
        with pytest.raises(DeviceFileError, match="can't be read as a device"):
            SurrogateDevice.from_npz(tmp_path / "d.npz")
        with pytest.raises(DeviceFileError):
            SurrogateDevice.from_npz(tmp_path / "absent.npz")

    def test_the_real_device_has_its_published_figures(self, device_data: Path, rng: np.random.Generator) -> None:
        device = SurrogateDevice.from_npz(device_data / "dnpu_A.npz")
        ranges = device.voltage_ranges
        volts = rng.uniform(ranges[:, :1], ranges[:, 1:], (7, 20_000))
        current = device.current(volts)[0] * 1e9
        assert np.allclose(np.percentile(current, [1, 50, 99]), [-78.0, 0.1, 43.0], atol=3.0)
        rms = np.sqrt(np.mean(device.jacobian(volts[:, :5000])[0] ** 2, axis=1)) * 1e9
        assert np.allclose(rms, [12, 23, 17, 23, 33, 48, 106], rtol=0.15)
