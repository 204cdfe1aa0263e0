from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.interface import DaqCard
from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.bench_check import Finding, LoopBack, check_bench, has_fault
from hgx_lab.config import load_run_file
from hgx_lab.errors import ConfigurationError
from hgx_lab.experiments import RunInterrupted
from tests.doors.ni_bench import wired
from tests.doors.ni_devices import NiModel, cdaq, nine_slots, usb_6008, x_series
from tests.doors.ni_engine import NiRig
from tests.support.converters import Converters

pytest.importorskip("nidaqmx")

COMMON = """
experiment: train
name: or
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], rest: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V]}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
stop: {iterations: 5}
record: {directory: records}
"""


def run_file(folder: Path, bench: str = "device: Dev1", text: str = COMMON) -> Path:
    path = folder / "run.yaml"
    path.write_text(f"bench: {{kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, {bench}}}" + text)
    return path


@contextmanager
def library(devices: list[NiModel], card: SimulatedCard | None = None, **options: Any) -> Iterator[NiRig]:
    from tests.doors.ni_library import installed

    with ExitStack() as stack:
        bench = card or wired(4)
        stack.callback(bench.close)
        rig = NiRig(devices, bench, **options)
        stack.enter_context(installed(rig))
        yield rig


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def about(findings: list[Finding], topic: str) -> list[Finding]:
    return [f for f in findings if f.topic == topic]


def the_fault(findings: list[Finding]) -> Finding:
    (found,) = [f for f in findings if f.level == "fault"]
    return found


def test_a_card_that_fits(tmp_path: Path) -> None:
    with library([x_series()]) as rig:
        findings = list(check_bench(run_file(tmp_path)))
        assert not rig.counts["write_analog"] and not rig.counts["start_task"]
        assert not rig.tasks
    assert {f.level for f in findings} == {"ok"}, findings
    said = "\n".join(f"{f.topic}: {f.text}" for f in findings)
    for piece in (
        "Dev1: PCIe-6363, serial 01A2B3C4",
        "b is Dev1/ao1",
        "/Dev1/ai/SampleClock",
        "NI-DAQmx ",
        "nidaqmx 1.7",
        "guardian: none was asked for",
    ):
        assert piece in said


def test_it_looks_at_the_server_that_the_file_names(tmp_path: Path) -> None:
    pytest.importorskip("grpc")
    from tests.doors.ni_grpc import serving

    card = wired(4)
    with serving(NiRig([x_series()], card)) as server:
        findings = list(check_bench(run_file(tmp_path, f"device: Dev1, remote: '{server.remote}'")))
    card.close()
    assert not [f for f in findings if f.level == "fault"]
    assert any("grpcio" in f.text for f in about(findings, "software"))
    gone = list(check_bench(run_file(tmp_path, f"device: Dev1, remote: '{server.remote}'")))
    assert "the server runs" in about(gone, "devices")[0].remedy


@pytest.mark.parametrize(
    ("bench", "devices", "topic", "text", "remedy"),
    [
        ("device: Dev7", [x_series()], "terminals", "no NI device 'Dev7'", "hgx devices"),
        ("device: Dev1, outputs: {b: ao9}", [x_series()], "terminals", "b: there is no terminal 'ao9'", "outputs"),
        ("device: Dev1, input: {terminal: ai99}", [x_series()], "terminals", "current: there is no", "hgx devices"),
        ("device: Dev1, output_converter: {range: [-20 V, 20 V]}", [x_series()], "terminals", "a range of", "range"),
        ("device: Dev9", [replace(usb_6008(), outputs=4)], "rates", "at most 150 samples/s", ""),
        (
            "device: PXI1Slot3, input: {terminal: PXI1Slot2/ai0}",
            nine_slots(), "clock", "different clocks", "shared_clock",
        ),
    ],
)  # fmt: skip
def test_what_the_devices_cant_do(
    tmp_path: Path, bench: str, devices: list[NiModel], topic: str, text: str, remedy: str
) -> None:
    with library(devices):
        findings = list(check_bench(run_file(tmp_path, bench)))
    faults = [f for f in about(findings, topic) if f.level == "fault"]
    assert faults, findings
    assert any(text in f.text and remedy in f.remedy for f in faults), faults


def test_every_wrong_terminal_is_told_at_once(tmp_path: Path) -> None:
    bench = "device: Dev1, outputs: {a: ao7, c: ao8}, input: {terminal: ai99}"
    with library([x_series()]):
        findings = list(check_bench(run_file(tmp_path, bench)))
    faults = [f.text for f in about(findings, "terminals") if f.level == "fault"]
    assert [text.split(":")[0] for text in faults] == ["a", "c", "current"]
    assert len({f.text for f in findings}) == len(findings)


def test_a_wrong_terminal_doesnt_hide_clocks_that_differ(tmp_path: Path) -> None:
    with library(nine_slots()):
        bench = "device: PXI1Slot3, outputs: {a: ao99}, input: {terminal: PXI1Slot2/ai0}"
        findings = list(check_bench(run_file(tmp_path, bench)))
    assert [f.topic for f in findings if f.level == "fault"] == ["terminals", "clock"]


def test_outputs_that_clock_themselves_are_no_use(tmp_path: Path) -> None:
    slow = replace(usb_6008("Dev1"), output_rate=1e6, input_rate=1e6, total_input_rate=1e6, outputs=4)
    with library([slow]):
        findings = list(check_bench(run_file(tmp_path)))
    assert "not on a sample clock" in about(findings, "clock")[0].text


def test_a_device_that_another_program_has(tmp_path: Path) -> None:
    with library([x_series()]) as rig:
        rig.fail("task_control", -50103)
        found = the_fault(list(check_bench(run_file(tmp_path))))
    assert found.topic == "open" and "-50103" in found.text and "Another program" in found.remedy


CHASSIS = "device: cDAQ1Mod1, input: {terminal: cDAQ1Mod3/ai0}"


@pytest.mark.parametrize("key", ["", ", outputs_known_at_volts: 0 V"], ids=["no-key", "key"])
def test_levels_that_nobody_knows(tmp_path: Path, key: str) -> None:
    with library(cdaq()):
        findings = list(check_bench(run_file(tmp_path, CHASSIS + key)))
        found = the_fault(findings)
        assert "a, b, c, d" in found.text and "--outputs-at 0V" in found.remedy
        assert found.remedy.startswith("Disconnect the device")
        assert ("no proof now" in found.text) == bool(key)
        # What could be found out all the same is said.
        assert [f.level for f in about(findings, "open")] == ["ok", "fault"]
        known = list(check_bench(run_file(tmp_path, f"{CHASSIS}{key}, watchdog: 1 s"), outputs_at="0 V"))
    assert not has_fault(known), known
    assert "as stated for this start: 0 V" in about(known, "open")[1].text
    assert "after 1 s of silence" in about(known, "watchdog")[0].text
    assert not about(known, "guardian")


def test_levels_that_the_last_record_tells(tmp_path: Path) -> None:
    from hgx_lab.experiments import rest_bench

    path = run_file(tmp_path, CHASSIS)
    with library(cdaq()):
        stated = dict.fromkeys("abcd", 0.0)
        rest_bench(load_run_file(path), record=Path("records/first.h5"), outputs_at=stated)
        findings = list(check_bench(path))
    assert not has_fault(findings)
    assert "a 0 V, b 0 V, c 200 mV, d 0 V" in about(findings, "open")[1].text
    assert "first.h5" in about(findings, "open")[1].text


def test_a_guardian_that_couldnt_measure(tmp_path: Path) -> None:
    text = COMMON + "safety: {guardian: true}\n"
    with library(cdaq()):
        findings = list(check_bench(run_file(tmp_path, CHASSIS, text), outputs_at="0 V"))
    (found,) = about(findings, "guardian")
    assert found.level == "fault" and "must measure" in found.text and "watchdog" in found.remedy


def test_voltages_that_cant_be_read_are_bad_input(tmp_path: Path) -> None:
    with library(cdaq()), pytest.raises(ConfigurationError, match="no electrode 'z'"):
        list(check_bench(run_file(tmp_path, CHASSIS), outputs_at="z=0V"))


def test_an_output_beyond_its_limits_is_a_warning(tmp_path: Path) -> None:
    with library([x_series()], wired(4, rest=1.3)) as rig:
        findings = list(check_bench(run_file(tmp_path)))
        assert not rig.counts["write_analog"]
    assert not has_fault(findings)
    (found,) = [f for f in about(findings, "open") if f.level == "warning"]
    assert "a at 1.3 V (-1 V to 1 V)" in found.text and "20 V/s" in found.text
    assert "hgx rest FILE" in found.remedy


def test_a_watchdog_that_the_card_hasnt(tmp_path: Path) -> None:
    with library([x_series()]):
        findings = list(check_bench(run_file(tmp_path, "device: Dev1, watchdog: 1 s")))
    assert not has_fault(findings)
    assert about(findings, "watchdog")[0].level == "warning"


def test_a_broken_run_file_is_one_line(tmp_path: Path) -> None:
    (finding,) = check_bench(run_file(tmp_path, "device: Dev1", COMMON.replace("gate: OR", "gate: MAYBE")))
    assert (finding.level, finding.topic) == ("fault", "run file") and "MAYBE" in finding.text
    (finding,) = check_bench(tmp_path / "none.yaml")
    assert "none.yaml" in finding.text


def test_without_a_driver(tmp_path: Path) -> None:
    findings = list(check_bench(run_file(tmp_path)))
    assert "NI-DAQmx driver isn't installed" in about(findings, "devices")[0].text
    assert "ni.com" in about(findings, "devices")[0].remedy


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc").is_dir(), reason="needs a folder nobody can write")
def test_a_folder_that_cant_be_written(tmp_path: Path) -> None:
    with library([x_series()]):
        found = the_fault(list(check_bench(run_file(tmp_path, text=COMMON.replace("records", "/proc/records")))))
    assert found.topic == "record" and "record.directory" in found.remedy


def test_a_disk_that_is_too_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    path = run_file(tmp_path)
    with library([x_series()]):
        monkeypatch.setattr(shutil, "disk_usage", lambda where: usage(10**9, 10**9 - 1000, 1000))
        assert "Free some space" in the_fault(list(check_bench(path))).remedy
        monkeypatch.setattr(shutil, "disk_usage", lambda where: usage(10**9, 10**9 - 10**6, 10**6))
        assert [f.level for f in about(list(check_bench(path)), "record")] == ["ok", "warning"]


@pytest.mark.parametrize(("device", "topic"), [("{kind: surrogate, file: none.npz}", "run file"), (None, "device")])
def test_the_file_of_a_simulated_device(tmp_path: Path, device: str | None, topic: str) -> None:
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not an archive")
    bench = f"bench: {{kind: simulated, device: {device or '{kind: surrogate, file: broken.npz}'}}}"
    path = tmp_path / "run.yaml"
    path.write_text(bench + COMMON)
    found = the_fault(list(check_bench(path)))
    assert found.topic == topic
    assert ("none.npz" if device else "broken.npz") in found.text


# The wire.

WIRE = LoopBack("b", "Dev1/ai0")


def looped(gain: float = 1.0, *, delay: float = 0.0, electrode: int = 1) -> SimulatedCard:
    """An input that reads one output, through a gain and a delay in samples."""
    conductances = np.zeros((1, 4))
    conductances[0, electrode] = gain
    settings = replace(ChainSettings.ideal(gain_volts_per_ampere=1.0), delay_samples=delay)
    return SimulatedCard(Plant(LinearDevice(conductances), settings), FastClock())


def loop_back(tmp_path: Path, card: DaqCard, wire: LoopBack = WIRE) -> list[Finding]:
    assert isinstance(card, SimulatedCard)
    with library([x_series()], card) as rig:
        findings = list(check_bench(run_file(tmp_path), loop_back=wire))
        assert not rig.tasks
        levels = card.levels()
        sent = rig.counts["write_analog"]
    assert np.allclose(levels, [0.0, 0.0, 0.2 if sent else 0.0, 0.0], atol=1e-3)  # at rest, or never moved
    return about(findings, "loop-back")


def test_a_wire_gives_back_what_was_sent(tmp_path: Path) -> None:
    findings = loop_back(tmp_path, looped(delay=3.7))
    assert [f.level for f in findings] == ["ok"] * 3, findings
    assert "b to Dev1/ai0" in findings[0].text and "5 mV of 5 mV" in findings[0].text
    assert float(findings[2].text.split()[0]) == pytest.approx(3.7, abs=0.02)


@pytest.mark.parametrize(
    ("card", "line", "text", "remedy"),
    [
        (lambda: looped(0.5), 0, "2.5 mV of 5 mV", "load or divider"),
        (lambda: looped(-1.0), 1, "turned round", "Swap"),
        (lambda: looped(1.0, electrode=0), 0, "of 5 mV", "Look at the wire"),
        (lambda: looped(delay=120.0), None, "120.00 samples", ""),
    ],
)
def test_a_wire_that_isnt_right(tmp_path: Path, card: Any, line: int | None, text: str, remedy: str) -> None:
    findings = loop_back(tmp_path, card())
    if line is None:
        assert not has_fault(findings) and text in findings[2].text
        return
    assert findings[line].level == "fault"
    assert text in findings[line].text and remedy in findings[line].remedy


def test_a_wire_on_an_electrode_that_isnt_there(tmp_path: Path) -> None:
    (found,) = loop_back(tmp_path, looped(), LoopBack("gate", "Dev1/ai0"))
    assert found.level == "fault" and "a, b, c, d" in found.text


def test_the_loop_back_begins_by_bringing_outputs_to_rest(tmp_path: Path) -> None:
    conductances = np.zeros((1, 4))
    conductances[0, 1] = 1.0
    plant = Plant(
        LinearDevice(conductances),
        ChainSettings.ideal(gain_volts_per_ampere=1.0),
        rest_volts=np.array([0.0, -0.4, 0.2, 2.5]),
    )
    seen = Converters(plant)
    findings = loop_back(tmp_path, SimulatedCard(plant, FastClock()))
    assert [f.level for f in findings] == ["ok"] * 3, findings
    limits = np.ones(4)
    seen.assert_came_in(-limits, limits, 5e3 * limits, 20.0, 20e3)
    # d has 1.5 V to go at 20 V/s before any tone is on.
    quiet = seen.history[:, : int(1.5 / 20 * 20e3)]
    assert np.all(np.abs(np.diff(quiet, axis=1)) * 20e3 <= 20 + 1e-3)


def test_the_loop_back_begins_nowhere_that_nobody_could_find_again(tmp_path: Path) -> None:
    path, wire = run_file(tmp_path, CHASSIS), LoopBack("b", "cDAQ1Mod3/ai0")
    with library(cdaq(), looped(), wires={"cDAQ1Mod3/ai0": 0}) as rig:
        away = list(check_bench(path, loop_back=wire, outputs_at="0 V"))
        assert not rig.counts["write_analog"]
        at_rest = list(check_bench(path, loop_back=wire, outputs_at="a=0V,b=0V,c=0.2V,d=0V"))
    (found,) = about(away, "loop-back")
    assert found.level == "fault" and "aren't at rest: 0 V" in found.text
    assert "hgx rest FILE --from" in found.remedy
    assert [f.level for f in about(at_rest, "loop-back")] == ["ok"] * 3, at_rest


def test_nothing_is_sent_on_a_bench_with_a_fault(tmp_path: Path) -> None:
    with library([x_series()], looped()) as rig:
        path = run_file(tmp_path, "device: Dev1, outputs: {c: ao9}")
        findings = list(check_bench(path, loop_back=LoopBack("b", "Dev1/ai0")))
        assert not rig.counts["write_analog"]
    assert about(findings, "loop-back")[0].level == "warning"


def test_ctrl_c_brings_the_outputs_to_rest(tmp_path: Path) -> None:
    card, reads = looped(), 0

    def press() -> None:
        nonlocal reads
        # Reads of a stream, and not those that measure the outputs before it.
        reads += any(task.kind == "ai" and task.running for task in rig.tasks.values())
        if reads == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with library([x_series()], card) as rig, pytest.raises(RunInterrupted, match="SIGINT"):
        rig.before["read_analog"] = press
        list(check_bench(run_file(tmp_path), loop_back=WIRE))
    assert reads > 5
    assert np.allclose(card.levels(), [0.0, 0.0, 0.2, 0.0], atol=1e-3)


def test_a_card_that_dies_during_the_loop_back(tmp_path: Path) -> None:
    with library([x_series()], looped()) as rig:
        # In the stream, whatever was read before to measure the outputs.
        rig.before["start_task"] = lambda: rig.fail("read_analog", -201003, after=2)
        findings = list(check_bench(run_file(tmp_path), loop_back=WIRE))
        assert not rig.tasks
    (found,) = about(findings, "loop-back")
    assert found.level == "fault" and "-201003" in found.text
