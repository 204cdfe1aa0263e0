"""Resistor networks, interferometer meshes, functions of one's own: against circuit theory, optics, differences."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hgx_drivers.errors import DriverError, RangeError
from hgx_drivers.simulated.devices import Device, MeshDevice, PythonDevice, ResistorNetwork, UserCodeError

LADDER = [("a", "p", 2.0), ("b", "q", 1.0), ("p", "q", 0.5), ("p", "ground", 1.0), ("q", "out", 4.0), ("a", "out", 0.1)]

SQUARES = """\
import numpy as np

def current(volts):
    return 1e-9 * (volts[0] ** 2 + 3 * volts[0] * volts[1])

def slopes(volts):
    return 1e-9 * np.stack([2 * volts[0] + 3 * volts[1], 3 * volts[0]])

def both(volts):
    return np.stack([volts[0], -volts[1]])
"""


def central(device: Device, volts: NDArray[np.float64], step: float = 1e-5) -> NDArray[np.float64]:
    columns = []
    for k in range(device.electrodes):
        shift = np.zeros((device.electrodes, 1))
        shift[k] = step
        columns.append((device.current(volts + shift) - device.current(volts - shift)) / (2 * step))
    return np.stack(columns, axis=1)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "device.py"
    path.write_text(text)
    return path


# resistors ----------------------------------------------------------------------------------------------------------


def test_two_resistors_in_series_and_two_in_parallel() -> None:
    series = ResistorNetwork([("a", "m", 30e-9), ("m", "out", 60e-9)], ["a"])
    assert series.current(np.array([[2.0]]))[0, 0] == pytest.approx(2.0 * 20e-9)
    assert series.potentials(np.array([[3.0]]))[0, 0] == pytest.approx(1.0)
    parallel = ResistorNetwork([("a", "out", 30e-9), ("out", "a", 60e-9)], ["a"])
    assert parallel.jacobian(np.zeros((1, 2)))[0, 0].tolist() == pytest.approx([90e-9, 90e-9])


def test_kirchhoff_holds_at_every_free_node_and_over_all_terminals(rng: np.random.Generator) -> None:
    device = ResistorNetwork(LADDER, ["a", "b"])
    assert isinstance(device, Device)
    volts = rng.uniform(-1, 1, (2, 5))
    known = {"a": volts[0], "b": volts[1], "ground": 0 * volts[0], "out": 0 * volts[0]}
    known |= dict(zip(device.free_nodes, device.potentials(volts), strict=True))
    flow = {node: sum((g * (known[x] - known[y]) * (1 if y == node else -1 if x == node else 0) for x, y, g in LADDER),
                      start=0 * volts[0]) for node in known}  # fmt: skip
    assert np.abs([flow[node] for node in device.free_nodes]).max() < 1e-12
    np.testing.assert_allclose(device.current(volts)[0], flow["out"], atol=1e-12)
    assert np.abs(sum(flow.values(), start=0 * volts[0])).max() < 1e-12


def test_resistor_networks_are_reciprocal() -> None:
    there = ResistorNetwork([*LADDER, ("out", "ground", 1.0)], ["a"], "out").jacobian(np.zeros((1, 1)))
    back = ResistorNetwork([*LADDER, ("out", "ground", 1.0)], ["out"], "a").jacobian(np.zeros((1, 1)))
    assert there[0, 0, 0] == pytest.approx(back[0, 0, 0])


@pytest.mark.parametrize(
    ("resistors", "terminals", "words"),
    [
        ([("a", "out", 0.0)], ["a"], "conductance of 0.0"),
        ([("a", "out", 1.0), ("p", "q", 1.0)], ["a"], "Nothing connects p, q"),
        ([("a", "out", 1.0)], ["a", "a"], "a node of its own"),
        ([("a", "out", 1.0)], ["out"], "a node of its own"),
    ],
)
def test_impossible_networks_are_refused(
    resistors: list[tuple[str, str, float]], terminals: list[str], words: str
) -> None:
    with pytest.raises(RangeError, match=words):
        ResistorNetwork(resistors, terminals)


# mesh ---------------------------------------------------------------------------------------------------------------


def test_one_interferometer_is_that_of_the_textbook() -> None:
    """B P(theta) B P(phi) on (1, 1)/sqrt(2), written out: power (1 + sin(phi) ... ) as a matrix product."""
    device = MeshDevice(2, 1, half_wave_volts=2.0, photocurrent_amperes=1e-6, seed=5)
    static = np.random.default_rng(np.random.SeedSequence(5, spawn_key=(0x3E5,))).uniform(-np.pi, np.pi, 2)
    coupler = np.array([[1, 1j], [1j, 1]]) / np.sqrt(2)
    for volts in ((0.0, 0.0), (0.3, -1.2), (2.0, 0.5)):
        phi, theta = static + np.pi / 2.0 * np.array(volts)
        out = coupler @ np.diag([np.exp(1j * theta), 1]) @ coupler @ np.diag([np.exp(1j * phi), 1]) @ np.ones(2)
        expected = 1e-6 * abs(out[0]) ** 2 / 2
        assert device.current(np.array([volts]).T)[0, 0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("ports", [2, 3, 5])
def test_no_light_is_lost_and_a_turn_changes_nothing(ports: int, rng: np.random.Generator) -> None:
    meshes = [MeshDevice(ports, output=k, half_wave_volts=0.7, seed=1) for k in range(ports)]
    assert meshes[0].electrodes == ports * (ports - 1)
    volts = rng.uniform(-1, 1, (meshes[0].electrodes, 40))
    total = sum(mesh.current(volts)[0] for mesh in meshes)
    np.testing.assert_allclose(total, 100e-9, rtol=1e-12)
    np.testing.assert_allclose(meshes[0].current(volts + 1.4), meshes[0].current(volts), atol=1e-20)
    assert np.ptp(meshes[0].current(volts)) > 20e-9


def test_the_derivatives_of_a_mesh_are_exact(rng: np.random.Generator) -> None:
    device = MeshDevice(4, 5, output=2, seed=3)
    assert isinstance(device, Device)
    volts = rng.uniform(-1, 1, (device.electrodes, 30))
    exact = device.jacobian(volts)
    assert exact.shape == (1, device.electrodes, 30)
    np.testing.assert_allclose(exact, central(device, volts), atol=1e-8 * np.abs(exact).max())


def test_a_sample_has_the_same_bits_wherever_the_stream_is_cut(rng: np.random.Generator) -> None:
    device = MeshDevice(4, seed=3)
    volts = rng.uniform(-1, 1, (device.electrodes, 700))
    whole = device.current(volts)
    cut = np.concatenate([device.current(part) for part in np.split(volts, [1, 4, 255, 513, 690], axis=1)], axis=1)
    assert np.array_equal(whole, cut)


def test_impossible_meshes_are_refused() -> None:
    for wrong in ({"ports": 1}, {"layers": 0}, {"output": 4}, {"half_wave_volts": 0.0}, {"photocurrent_amperes": -1.0}):
        with pytest.raises(RangeError):
            MeshDevice(**wrong)  # type: ignore[arg-type]


# python -------------------------------------------------------------------------------------------------------------


def test_a_function_from_a_file(tmp_path: Path, rng: np.random.Generator) -> None:
    device = PythonDevice.from_file(written(tmp_path, SQUARES), 2, jacobian="slopes")
    assert isinstance(device, Device)
    assert (device.electrodes, device.outputs) == (2, 1)
    volts = rng.uniform(-1, 1, (2, 9))
    before = volts.copy()
    np.testing.assert_array_equal(device.current(volts)[0], 1e-9 * (volts[0] ** 2 + 3 * volts[0] * volts[1]))
    exact = device.jacobian(volts)
    differences = PythonDevice.from_file(tmp_path / "device.py", 2).jacobian(volts)
    np.testing.assert_allclose(differences, exact, atol=1e-18)
    np.testing.assert_array_equal(volts, before)
    two = PythonDevice.from_file(tmp_path / "device.py", 2, function="both")
    assert two.outputs == 2
    np.testing.assert_allclose(two.jacobian(volts)[:, :, 0], [[1, 0], [0, -1]], atol=1e-9)


def test_an_edited_file_is_read_anew(tmp_path: Path) -> None:
    text = "def current(volts):\n    return {} * volts[0]\n"
    one = PythonDevice.from_file(written(tmp_path, text.format(1)), 1)
    two = PythonDevice.from_file(written(tmp_path, text.format(2)), 1)
    assert [d.current(np.ones((1, 1)))[0, 0] for d in (one, two)] == [1.0, 2.0]
    assert [p.name for p in tmp_path.iterdir()] == ["device.py"]


def test_a_file_may_import_its_neighbours_and_hold_dataclasses(tmp_path: Path) -> None:
    (tmp_path / "gain_of_mine.py").write_text("GAIN = 3.0\n")
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\nimport gain_of_mine\n"
    text += "@dataclass\nclass G:\n    g: float\n\ndef current(volts):\n    return G(gain_of_mine.GAIN).g * volts[0]\n"
    assert PythonDevice.from_file(written(tmp_path, text), 1).current(np.ones((1, 1)))[0, 0] == 3.0


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("def current(volts):\n    x = 1\n    return volts[7]\n", 3, "IndexError"),
        ("def current(volts):\n    return f(volts)\n\ndef f(v):\n    raise ValueError('no')\n", 5, "ValueError: no"),
        ("def current(volts)\n    return volts\n", 1, "SyntaxError"),
        ("x = 1\nimport no_such_module_of_mine\n", 2, "no_such_module_of_mine"),
        ("import sys\ndef current(volts):\n    sys.exit(3)\n", 3, "SystemExit"),
        ("\n\nraise SystemExit\n", 3, "SystemExit"),
        ("current = 5\n", 1, "no function current"),
        ("def other(volts):\n    return volts[0]\n", 1, "It has other"),
        ("\ndef current(volts):\n    return volts[0, 0]\n", 2, r"shape \(1,\) for volts of shape \(2, 2\)"),
        ("def current(volts):\n    return volts[0] * float('nan')\n", 1, "isn't finite at volts"),
        ("def current(volts):\n    return 'ten'\n", 1, "ValueError"),
        ("def current(volts):\n    return None\n", 1, "returned a number that isn't finite|shape|TypeError"),
    ],
)  # fmt: skip
def test_whatever_goes_wrong_in_the_file_is_one_error_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(UserCodeError, match=words) as error:
        PythonDevice.from_file(path, 2)
    assert str(error.value).startswith(f"{path}:{line}: ")
    assert isinstance(error.value, DriverError)
    assert error.value.exit_code == 2


def test_a_keyboard_interrupt_passes(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        PythonDevice.from_file(written(tmp_path, "def current(volts):\n    raise KeyboardInterrupt\n"), 1)


def test_an_error_in_the_middle_of_a_stream_says_where(tmp_path: Path) -> None:
    text = "def current(volts):\n    if volts.max() > 1:\n        raise RuntimeError('burnt')\n    return volts[0]\n"
    device = PythonDevice.from_file(written(tmp_path, text), 1)
    with pytest.raises(UserCodeError, match=r"device\.py:3: RuntimeError: burnt"):
        device.current(np.full((1, 3), 2.0))
    with pytest.raises(UserCodeError, match="can't be read"):
        PythonDevice.from_file(tmp_path / "none.py", 1)


def test_wrong_derivatives_of_the_user_are_refused(tmp_path: Path) -> None:
    device = PythonDevice.from_file(written(tmp_path, SQUARES), 2, jacobian="current")
    with pytest.raises(UserCodeError, match=r"returned shape \(3,\)"):
        device.jacobian(np.zeros((2, 3)))
