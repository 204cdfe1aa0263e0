"""Checkpoints of the field are read without torch, and nothing in them is ever run."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.errors import DeviceFileError
from hgx_drivers.simulated.devices import SurrogateDevice, import_checkpoint
from hgx_drivers.simulated.devices._torch_file import read_torch_file

RNG = np.random.default_rng(3)
LAYERS = {
    "0.weight": RNG.standard_normal((4, 3)).astype(np.float32),
    "0.bias": RNG.standard_normal(4).astype(np.float32),
    "2.weight": RNG.standard_normal((1, 4)).astype(np.float32),
    "2.bias": RNG.standard_normal(1).astype(np.float32),
}
INFO = {
    "activation": "relu",
    "electrode_info": {
        "activation_electrodes": {"electrode_no": 3, "voltage_ranges": np.array([[-1.2, 0.6]] * 3)},
        "output_electrodes": {"amplification": [28.5]},
    },
}


def body(value: object) -> bytes:
    """The opcodes that leave a plain value on the stack."""
    return pickle.dumps(value, 2)[2:-1]


def tensor(key: str, array: np.ndarray, strides: tuple[int, ...] | None = None, kind: bytes = b"FloatStorage") -> bytes:
    steps = strides or tuple(s // array.itemsize for s in array.strides)
    storage = b"(" + body("storage") + b"ctorch\n" + kind + b"\n" + body(key) + body("cuda:0") + body(array.size)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"tQ" + body(0) + body(array.shape) + body(steps)
        + body(False) + b"ccollections\nOrderedDict\n)R" + b"tR"
    )  # fmt: skip


def ordered(items: dict[str, bytes]) -> bytes:
    return b"ccollections\nOrderedDict\n)R(" + b"".join(body(k) + v for k, v in items.items()) + b"u"


def flat(info: dict[str, object] = INFO, layers: dict[str, np.ndarray] = LAYERS) -> bytes:
    """A bare state dict with an info entry, whose metadata is set on the dict itself, as torch does."""
    items = {name: tensor(f"s{name}", array) for name, array in layers.items()} | {"info": body(info)}
    return b"\x80\x02" + ordered(items) + b"}" + body("_metadata") + body({"version": 1}) + b"sb."


def nested(info: dict[str, object] = INFO) -> bytes:
    state = ordered({f"raw_model.{name}": tensor(f"s{name}", array) for name, array in LAYERS.items()})
    return (
        b"\x80\x02}(" + body("epoch") + body(7) + body("model_state_dict") + state + body("info") + body(info) + b"u."
    )


def legacy(saved: bytes, layers: dict[str, np.ndarray] = LAYERS) -> bytes:
    start = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
    start += pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {"int": 4}}, 2)
    keys = pickle.dumps(sorted(f"s{name}" for name in layers), 2)
    data = b"".join(struct.pack("<q", layers[n].size) + layers[n].tobytes() for n in sorted(layers))
    return start + saved + keys + data


def zipped(saved: bytes, layers: dict[str, np.ndarray] = LAYERS) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("model/data.pkl", saved)
        archive.writestr("model/byteorder", "little")
        archive.writestr("model/version", "3\n")
        for name, array in layers.items():
            archive.writestr(f"model/data/s{name}", array.tobytes())
    return file.getvalue()


CONTAINERS: dict[str, Callable[..., bytes]] = {"legacy": legacy, "zip": zipped}


def imported(tmp_path: Path, content: bytes) -> SurrogateDevice:
    (tmp_path / "model.pt").write_bytes(content)
    return import_checkpoint(tmp_path / "model.pt", tmp_path / "device.npz")


class TestImport:
    @pytest.mark.parametrize("container", CONTAINERS)
    @pytest.mark.parametrize("saved", [flat(), nested()])
    def test_both_layouts_in_both_containers(self, tmp_path: Path, container: str, saved: bytes) -> None:
        device = imported(tmp_path, CONTAINERS[container](saved))
        volts = np.random.default_rng(0).uniform(-1, 1, (3, 20))
        hidden = np.maximum(LAYERS["0.weight"] @ volts + LAYERS["0.bias"][:, None], 0)
        expected = (LAYERS["2.weight"] @ hidden + LAYERS["2.bias"][:, None]) * 28.5e-9
        assert np.allclose(device.current(volts), expected, rtol=1e-5, atol=1e-14)
        again = SurrogateDevice.from_npz(tmp_path / "device.npz")
        assert np.array_equal(again.current(volts), device.current(volts))
        assert np.array_equal(again.voltage_ranges, [[-1.2, 0.6]] * 3)
        assert again.meta["source"] == "model.pt"

    @pytest.mark.parametrize("name", ["dnpu_A", "dnpu_A2"])
    def test_the_real_checkpoints_equal_their_arrays(self, device_data: Path, tmp_path: Path, name: str) -> None:
        import_checkpoint(device_data / f"{name}_checkpoint.pt", tmp_path / "device.npz")
        with (
            np.load(tmp_path / "device.npz", allow_pickle=False) as made,
            np.load(device_data / f"{name}.npz") as truth,
        ):
            assert set(made.files) == set(truth.files)
            for key in sorted(set(truth.files) - {"meta", "voltage_ranges"}):
                assert np.array_equal(made[key], truth[key]), key
            assert np.allclose(made["voltage_ranges"], truth["voltage_ranges"], rtol=0, atol=1e-12)
            assert json.loads(str(made["meta"]))["activation"] == "relu"

    def test_an_info_of_waveforms_gives_the_ranges(self, tmp_path: Path) -> None:
        info = {"activation": "ReLU", "amplification": 100, "offset": np.full(3, -0.3), "amplitude": np.full(3, 0.9)}
        device = imported(tmp_path, legacy(flat(info)))
        assert np.array_equal(device.voltage_ranges, [[-1.2, 0.6]] * 3)

    def test_a_transposed_tensor_is_read_in_its_order(self, tmp_path: Path) -> None:
        array = np.arange(6, dtype=np.float32).reshape(2, 3)
        saved = b"\x80\x02" + tensor("sx", array.T, (1, 3)) + b"."
        (tmp_path / "t.pt").write_bytes(legacy(saved, {"x": array}))
        assert np.array_equal(read_torch_file(tmp_path / "t.pt"), array.T)

    def test_object_arrays_are_lists(self, tmp_path: Path) -> None:
        names = np.empty(2, dtype=object)
        names[:] = [["ao5", "ao3"], [1, 2]]
        saved = pickle.dumps({"setup": names, "freq": np.array(2.5), "level": np.float64(1.5), "none": None}, 2)
        (tmp_path / "t.pt").write_bytes(legacy(saved, {}))
        read = read_torch_file(tmp_path / "t.pt")
        assert read["setup"] == [["ao5", "ao3"], [1, 2]]
        assert (read["freq"][()], read["level"], read["none"]) == (2.5, 1.5, None)


class TestRefusal:
    @pytest.mark.parametrize(
        ("info", "what"),
        [
            (INFO | {"activation": "tanh"}, "'tanh'; only ReLU"),
            ({k: v for k, v in INFO.items() if k != "electrode_info"}, "between which voltages"),
            ({"amplitude": np.ones(3), "offset": np.zeros(3)}, "amplification"),
            ({"amplitude": np.ones(2), "offset": np.zeros(2), "amplification": 1}, "3 finite pairs"),
        ],
    )
    def test_info_that_is_not_enough(self, tmp_path: Path, info: dict[str, object], what: str) -> None:
        with pytest.raises(DeviceFileError, match=what):
            imported(tmp_path, legacy(flat(info)))
        assert not (tmp_path / "device.npz").exists()

    def test_weights_that_are_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(DeviceFileError, match="layer 2 without weight or bias"):
            fewer = {name: array for name, array in LAYERS.items() if name != "2.bias"}
            imported(tmp_path, legacy(flat(layers=fewer), fewer))
        with pytest.raises(DeviceFileError, match="no layers"):
            imported(tmp_path, legacy(flat(layers={}), {}))
        with pytest.raises(DeviceFileError, match="no entry 'info'"):
            imported(tmp_path, legacy(pickle.dumps({"a": 1}, 2), {}))
        with pytest.raises(DeviceFileError, match="holds a list"):
            imported(tmp_path, legacy(pickle.dumps([1], 2), {}))

    @pytest.mark.parametrize("container", CONTAINERS)
    def test_a_tensor_that_reaches_beyond_its_storage(self, tmp_path: Path, container: str) -> None:
        array = np.zeros(4, dtype=np.float32)
        for strides in ((7,), (-1,)):
            saved = b"\x80\x02" + tensor("sx", array, strides) + b"."
            (tmp_path / "t.pt").write_bytes(CONTAINERS[container](saved, {"x": array}))
            with pytest.raises(DeviceFileError):
                read_torch_file(tmp_path / "t.pt")

    @pytest.mark.parametrize(
        "content",
        [b"", b"hello", b"\x80\x02.", pickle.dumps(1, 2) * 5, zipped(b"\x80\x02N.")[:90]],
        ids=["empty", "text", "bare stop", "numbers", "cut zip"],
    )
    def test_what_is_no_checkpoint(self, tmp_path: Path, content: bytes) -> None:
        with pytest.raises(DeviceFileError, match=r"model\.pt"):
            imported(tmp_path, content)
        with pytest.raises(DeviceFileError, match="can't be read"):
            import_checkpoint(tmp_path / "absent.pt", tmp_path / "device.npz")


class Evil:
    def __init__(self, call: Callable[..., object], *arguments: object) -> None:
        self.reduced = (call, arguments)

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return self.reduced


class TestMalice:
    @pytest.mark.parametrize("container", CONTAINERS)
    @pytest.mark.parametrize("place", ["object", "info", "metadata"])
    def test_no_command_is_run(self, tmp_path: Path, container: str, place: str) -> None:
        mark = tmp_path / "mark"
        evil = body(Evil(os.system, f"touch {mark}"))
        saved = {
            "object": b"\x80\x02" + evil + b".",
            "info": b"\x80\x02" + ordered({"info": evil}) + b".",
            "metadata": b"\x80\x02" + ordered({}) + evil + b"b.",
        }[place]
        with pytest.raises(DeviceFileError, match=r"asks for posix\.system|asks for nt\.system"):
            imported(tmp_path, CONTAINERS[container](saved))
        assert not mark.exists()
        # The same bytes do run in Python's own reader: the test would notice a reader that isn't restricted.
        pickle.loads(b"\x80\x02" + evil + b".")
        assert mark.exists()

    def test_a_command_before_the_header_is_not_run(self, tmp_path: Path) -> None:
        mark = tmp_path / "mark"
        with pytest.raises(DeviceFileError):
            imported(tmp_path, pickle.dumps(Evil(os.system, f"touch {mark}"), 2))
        assert not mark.exists()

    @pytest.mark.parametrize(
        "opcodes",
        [
            b"cbuiltins\neval\n(" + body("1") + b"tR.",
            b"c__builtin__\neval\n(" + body("1") + b"tR.",
            b"cnumpy\nload\n(" + body("x") + b"tR.",
            b"ctorch\nload\n(" + body("x") + b"tR.",
            b"(" + body("1") + b"ibuiltins\neval\n.",
            b"(cbuiltins\neval\n" + body("1") + b"o.",
            b"\x82\x01.",
            b"\x8c\x08builtins\x8c\x04eval\x93(" + body("1") + b"tR.",
            b"ccollections\nOrderedDict.__class__\n.",
            b"ccollections\nOrderedDict\n}" + body("__call__") + body(1) + b"sb.",
            b"ccollections\nOrderedDict\nN}" + body("_make") + body(1) + b"s\x86b.",
            b"ccollections\nOrderedDict\n)\x81.",
            b"ctorch._utils\n_rebuild_tensor_v2\n(" + body(1) * 4 + b"tR.",
            b"cnumpy\nndarray\n(" + body(10**12) + b"tR.",
            b"c_codecs\nencode\n(" + body("x") + body("rot13") + b"tR.",
            b"(" + body("module") + body("x") + b"tQ.",
            b"ctorch\nFloatStorage\n(" + body(3) + b"tR.",
        ],
    )
    @pytest.mark.parametrize("container", CONTAINERS)
    def test_every_other_way_to_reach_code_is_closed(self, tmp_path: Path, opcodes: bytes, container: str) -> None:
        with pytest.raises(DeviceFileError):
            imported(tmp_path, CONTAINERS[container](b"\x80\x04" + opcodes))
        assert imported(tmp_path, legacy(flat())).electrodes == 3

    # The unpickler drops a half-read bytearray with a complaint of its own, which isn't an exception of ours.
    @pytest.mark.qt_no_exception_capture
    @pytest.mark.parametrize("container", CONTAINERS)
    def test_damaged_files_are_refused_or_read_but_never_crash(self, tmp_path: Path, container: str) -> None:
        rng = np.random.default_rng(5)
        good = CONTAINERS[container](flat())
        refused = 0
        for _ in range(300):
            bad = bytearray(good)
            for _ in range(int(rng.integers(1, 4))):
                bad[int(rng.integers(len(bad)))] = int(rng.integers(256))
            if rng.random() < 0.3:
                bad = bad[: int(rng.integers(len(bad)))]
            try:
                imported(tmp_path, bytes(bad))
            except DeviceFileError:
                refused += 1
        assert refused > 100
