"""The way down to the C library: what must be installed, what ctypes lets through, a library in C."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.nidaq import NiDaqCard
from tests.doors.ni_bench import local_card, stream, wired

SOURCE = Path(__file__).parents[2] / "doors" / "nidaqmx_loopback.c"

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the library is found otherwise here")


@pytest.fixture
def nothing_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    library = pytest.importorskip("nidaqmx._lib").lib_importer
    for name in ("_windll", "_cdll", "_encoding"):
        monkeypatch.setattr(library, name, None)


def test_importing_the_driver_imports_neither_nidaqmx_nor_grpc() -> None:
    code = "import sys, hgx_drivers.nidaq; print([m for m in ('nidaqmx', 'grpc') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_missing_package_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nidaqmx", None)
    with pytest.raises(DriverError, match=r"package nidaqmx isn't installed.*pip install 'hgx-lab\[hardware\]'"):
        NiDaqCard("Dev1")


@linux
@pytest.mark.usefixtures("nothing_loaded")
def test_a_missing_driver_is_one_sentence_with_the_download(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nidaqmx._lib.find_library", lambda name: None)
    with pytest.raises(
        DriverError, match=r"^The NI-DAQmx driver isn't installed on this machine\. .*ni\.com/downloads"
    ):
        NiDaqCard("Dev1")


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 8), dtype=np.float32), np.zeros((2, 16))[:, ::2], np.zeros((8, 2)).T],
    ids=["float32", "strided", "transposed"],
)
def test_the_fake_rejects_what_ctypes_rejects(array: np.ndarray) -> None:
    """So a driver that passed such arrays on would fail in these tests as it fails at the card."""
    card = local_card(wired(2))
    from nidaqmx import Task
    from nidaqmx.stream_writers import AnalogMultiChannelWriter

    with Task() as task:
        for terminal in ("Dev1/ao0", "Dev1/ao1"):
            task.ao_channels.add_ao_voltage_chan(terminal)
        with pytest.raises(ctypes.ArgumentError, match="argument 6"):
            AnalogMultiChannelWriter(task.out_stream, auto_start=False).write_many_sample(array)
    card.close()


@linux
@pytest.mark.usefixtures("nothing_loaded")
def test_through_a_real_c_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = tmp_path / "libnidaqmx.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", str(library), str(SOURCE)], check=True, capture_output=True)
    monkeypatch.setattr("nidaqmx._lib.find_library", lambda name: str(library))
    card = NiDaqCard("Dev1", initial_levels=0.0)
    assert (card.identity.model, card.identity.serial) == ("Loopback", "0000C0DE")
    card.configure(stream(buffer=1000))
    written = np.random.default_rng(5).uniform(-1, 1, (2, 900))
    card.write(written)
    card.start()
    out = np.empty((1, 250))
    for begin in (0, 250, 500):
        card.read(out, timeout_seconds=1.0)
        assert np.array_equal(out[0], written[0, begin : begin + 250])
    assert card.samples_generated == 750
    assert np.array_equal(card.levels(), written[:, 749])
    card.close()
    assert ctypes.CDLL(str(library)).loopback_open_tasks() == 0
