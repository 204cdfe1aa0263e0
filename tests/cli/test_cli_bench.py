"""``hgx devices`` and ``hgx doctor``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.doors.ni_bench import wired
from tests.doors.ni_devices import cdaq, x_series
from tests.doors.ni_engine import NiRig
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import SiglentLanguage

pytest.importorskip("nidaqmx")
pytest.importorskip("pyvisa_py")

Hgx = Callable[..., Any]


@pytest.fixture
def rig() -> Iterator[NiRig]:
    from tests.doors.ni_library import installed

    card = wired(5)
    rig = NiRig([x_series(), *cdaq()], card)
    with installed(rig):
        yield rig
    card.close()


def test_devices_lists_everything(hgx: Hgx, rig: NiRig) -> None:
    with ScpiInstrument(SiglentLanguage()) as instrument:
        said = hgx("devices", "--identify", "--address", instrument.resource)
    assert said.code == 0, said.err
    for piece in (
        "Dev1: PCIe-6363, serial 01A2B3C4, card",
        "outputs ao0 to ao3, ±5 V, ±10 V, up to 2.86 MS/s",
        "multiplexed, up to 2 MS/s for one, 1 MS/s for all together",
        "cDAQ1: cDAQ-9185, serial 0C0FFEE0, chassis",
        "cDAQ1Mod3: NI 9215, serial 00000013, module in cDAQ1",
        "simultaneous, up to 100 kS/s each",
        "watchdog: yes",
        "watchdog: no",
        f"{instrument.resource}: Siglent Technologies,SDG2042X",
        "cdaq: 25 kHz, blocks of 40 ms, lead 200 ms, delay 1.6 ms",
    ):
        assert piece in said.out


def test_devices_as_json(hgx: Hgx, rig: NiRig) -> None:
    said = hgx("devices", "--json")
    found = json.loads(said.out)
    assert found["ni"]["entries"][0]["device"]["maximum_output_rate_hz"] == 2.86e6
    assert [preset["name"] for preset in found["presets"]] == ["usb", "pcie", "cdaq"]


def test_devices_of_a_server(hgx: Hgx) -> None:
    pytest.importorskip("grpc")
    from tests.doors.ni_grpc import serving

    card = wired(2)
    with serving(NiRig([x_series()], card)) as server:
        said = hgx("devices", "--remote", server.remote)
        assert f"at {server.remote}" in said.out and "PCIe-6363" in said.out
    card.close()
    gone = hgx("devices", "--remote", server.remote)
    assert gone.code == 0 and "server" in gone.out and "Traceback" not in gone.out + gone.err


@pytest.mark.parametrize("missing", ["nidaqmx", "pyvisa", "the driver"])
def test_what_isnt_installed_is_one_line(hgx: Hgx, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if missing != "the driver":
        monkeypatch.setitem(sys.modules, missing, None)
    said = hgx("devices")
    assert said.code == 0 and "Traceback" not in said.out + said.err
    name = {"nidaqmx": "nidaqmx isn't installed", "pyvisa": "pyvisa isn't installed"}.get(missing, "driver isn't")
    (line,) = [line for line in said.out.splitlines() if name in line]
    assert "pip install" in line or "ni.com" in line
    assert "Simulated bench" in said.out


def test_doctor_says_ok_line_by_line(hgx: Hgx, run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    said = hgx("doctor", run_file)
    assert said.code == 0, said.out
    assert all(line.startswith("ok ") for line in said.out.splitlines())
    assert "simulated card with 5 electrodes" in said.out


def test_doctor_ends_with_the_code_of_an_instrument(hgx: Hgx, run_file: Path, tmp_path: Path, rig: NiRig) -> None:
    text = run_file.read_text()
    start, end = text.index("bench:"), text.index("electrodes:")
    run_file.write_text(text[:start] + "bench: {kind: nidaq, device: Dev1}\n" + text[end:])
    said = hgx("doctor", run_file)  # five electrodes, four outputs
    assert said.code == 4
    fault = next(line for line in said.out.splitlines() if line.startswith("fault"))
    assert "terminals: c: there is no terminal 'ao4'" in fault
    as_json = hgx("doctor", run_file, "--json")
    assert as_json.code == 4
    assert {"level", "topic", "text", "remedy"} == set(json.loads(as_json.out)[0])


def test_doctor_refuses_a_wire_that_is_none(hgx: Hgx, run_file: Path) -> None:
    said = hgx("doctor", run_file, "--loop-back", "ai0")
    assert said.code == 2 and "ELECTRODE" not in said.out and "--loop-back gate=Dev1/ai0" in said.err


def test_doctor_has_no_wire_on_a_simulated_bench(hgx: Hgx, run_file: Path) -> None:
    said = hgx("doctor", run_file, "--loop-back", "a=ai0")
    assert said.code == 4 and "no terminals" in said.out
