"""hgx rest: from wherever the outputs stand, if that is known, down the ramp; whatever else is broken."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.records import open_record
from tests.doors.ni_devices import cdaq, x_series
from tests.doors.ni_engine import NiRig
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage
from tests.support.converters import Converters

pytest.importorskip("nidaqmx")

RUN = """
experiment: train
name: broken
bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, %s}
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V]}
safety: {slew: 2 kV/s, rest_slope: 20 V/s}
tones: {period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 200 V/s}
task: {kind: table, file: gone.csv, inputs: {x: a}, target: y}
"""
CARD = "device: Dev1"
CHASSIS = "outputs: {a: cDAQ1Mod1/ao0, b: cDAQ1Mod1/ao1}, input: {terminal: cDAQ1Mod3/ai0}, outputs_known_at_volts: 0 V"
WIRES = {"cDAQ1Mod1/ao0": 0, "cDAQ1Mod1/ao1": 1, "cDAQ1Mod3/ai0": 0, "Dev1/ao0": 0, "Dev1/ao1": 1, "Dev1/ai0": 0}
REST = np.array([0.1, 0.0])


class Bench:
    """Outputs that a killed run has left up, behind the fake library."""

    def __init__(self, levels: tuple[float, float]) -> None:
        self.plant = Plant(
            LinearDevice(np.eye(1, 2)), ChainSettings.ideal(gain_volts_per_ampere=1.0), rest_volts=np.array(levels)
        )
        self.seen = Converters(self.plant)
        self.rig = NiRig([x_series(), *cdaq()], SimulatedCard(self.plant, FastClock()), wires=WIRES)

    def write(self, bench: str) -> str:
        Path("run.yaml").write_text(RUN % bench, encoding="utf-8")
        return "run.yaml"

    def assert_at_rest(self) -> None:
        self.seen.assert_came_in(np.full(2, -1.0), np.full(2, 1.0), np.full(2, 20.0), 20.0, 20e3)
        np.testing.assert_allclose(self.plant.standing_volts, REST, atol=1e-3)


@pytest.fixture
def at(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    from tests.doors.ni_library import installed

    monkeypatch.chdir(tmp_path)
    bench = Bench(getattr(request, "param", (0.8, -0.4)))
    with installed(bench.rig):
        yield bench
        assert not bench.rig.tasks


def the_record() -> Any:
    (path,) = Path("runs").glob("*_broken-rest.h5")
    return open_record(path)


@pytest.mark.parametrize("at", [(0.8, -0.4), (1.002, -3.0)], indirect=True)
@pytest.mark.parametrize("bench", [CARD, CHASSIS], ids=["measured", "stated"])
def test_it_goes_to_rest_from_what_is_known(at: Bench, bench: str, hgx: Callable[..., Any]) -> None:
    """Its task's file isn't even there any more."""
    stated = ["--from", f"a={at.plant.standing_volts[0]}V,b={at.plant.standing_volts[1]}V"] if bench is CHASSIS else []
    at_start = [f"{volts:g}" for volts in at.plant.standing_volts]
    said = hgx("rest", at.write(bench), *stated)
    assert said.code == 0, said.err
    at.assert_at_rest()
    lines = said.out.splitlines()
    assert lines[0].startswith("a: ") and lines[0].endswith(" -> 100 mV")
    assert lines[1].startswith("b: ") and lines[1].endswith(" -> 0 V")
    assert "At rest after" in lines[2] and "_broken-rest.h5" in lines[2]
    with the_record() as record:
        assert record.status == "completed"
        assert record.header["experiment"] == "rest"
        kinds = [event.kind for event in record.events]
        assert "at-rest" in kinds
        assert ("beyond-limits" in kinds) == ("-3" in at_start)
    # A later run finds in it that the outputs are at rest, and any command can read it.
    (path,) = Path("runs").glob("*.h5")
    assert hgx("show", path, "--no-figure").code == 0


def test_it_moves_nothing_that_nobody_knows(at: Bench, hgx: Callable[..., Any]) -> None:
    said = hgx("rest", at.write(CHASSIS))
    assert said.code == 4
    assert not at.seen.moved
    assert at.rig.counts["write_analog"] == 0
    for part in ("can't measure its outputs a, b", "Disconnect the device", "--from 0V", "no proof now"):
        assert part in said.err
    assert "Traceback" not in said.err


def test_no_record_stands_in_for_a_word_here(at: Bench, hgx: Callable[..., Any]) -> None:
    assert hgx("rest", at.write(CHASSIS), "--from", "a=0.8V,b=-0.4V").code == 0
    assert hgx("rest", "run.yaml").code == 4


def test_a_word_against_the_measurement_moves_nothing(at: Bench, hgx: Callable[..., Any]) -> None:
    said = hgx("rest", at.write(CARD), "--from", "0V")
    assert said.code == 4
    assert "--from says 0 V at a, and the card measures 800 mV" in said.err
    assert not at.seen.moved


@pytest.mark.parametrize("text", ["0 A", "z=0V", "", "a=0V,a=0V", "20 V"])
def test_a_word_that_cant_be_read_is_bad_input(at: Bench, hgx: Callable[..., Any], text: str) -> None:
    said = hgx("rest", at.write(CHASSIS), "--from", text)
    assert said.code == 2
    assert not at.rig.asked("create_ao_voltage_chan")


def test_json_for_programs(at: Bench, hgx: Callable[..., Any]) -> None:
    said = hgx("rest", at.write(CARD), "--json")
    found = json.loads(said.out)
    assert found["before"] == pytest.approx({"a": 0.8, "b": -0.4})
    assert found["after"] == pytest.approx({"a": 0.1, "b": 0.0}, abs=1e-3)
    assert found["seconds"] > 0.7 / 20
    assert Path(found["record"]).exists()


def test_a_folder_that_cant_be_written_to_keeps_nothing_from_rest(at: Bench, hgx: Callable[..., Any]) -> None:
    said = hgx("rest", at.write(CARD), "-o", "/proc/none/r.h5")
    assert said.code == 0
    assert "no record of this" in said.err
    at.assert_at_rest()


@pytest.mark.parametrize("full_from", ["the first write", "the end"])
def test_a_full_disk_keeps_nothing_from_rest(
    at: Bench, hgx: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, full_from: str
) -> None:
    from hgx_lab.records._file import RecordFile

    write, calls = RecordFile.write, []

    def full(self: RecordFile, batch: Any) -> None:
        calls.append(batch)
        if full_from == "the first write" or len(calls) > 1:
            raise OSError(28, "No space left on device")
        write(self, batch)

    monkeypatch.setattr(RecordFile, "write", full)
    said = hgx("rest", at.write(CARD))
    assert said.code == 0, said.err
    assert "incomplete" in said.err
    assert "Record:" not in said.out
    at.assert_at_rest()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_dont_cut_the_ramp(at: Bench, hgx: Callable[..., Any], number: signal.Signals) -> None:
    reads = 0

    def press() -> None:
        nonlocal reads
        reads += 1
        # Those that measure the outputs come first.
        if reads in (4, 6, 8):
            os.kill(os.getpid(), number)

    at.rig.before["read_analog"] = press
    said = hgx("rest", at.write(CARD))
    assert reads > 8
    at.assert_at_rest()
    assert said.code == 0, said.err
    with the_record() as record:
        assert record.status == "completed"


def test_a_signal_before_anything_moves_ends_it(at: Bench, hgx: Callable[..., Any]) -> None:
    at.rig.before["create_ao_voltage_chan"] = lambda: os.kill(os.getpid(), signal.SIGINT)
    said = hgx("rest", at.write(CARD))
    assert said.code == 130
    assert not at.seen.moved


@pytest.mark.slow
def test_a_process_that_is_told_to_go_twice_ends_at_rest(tmp_path: Path, popen: Callable[..., Any]) -> None:
    """In real time: a ramp of two seconds."""
    run = tmp_path / "run.yaml"
    text = (
        RUN.replace("kind: nidaq", "kind: simulated, clock: real-time, output_buffer: 2 s") % "device: {kind: smooth}"
    )
    text = (
        text.replace("lead: 20 ms", "lead: 500 ms").replace("20 V/s", "50 mV/s").replace("timing: {slope: 200 V/s}", "")
    )
    run.write_text(text.replace("slew: 2 kV/s", "slew: 5 kV/s"), encoding="utf-8")
    record = tmp_path / "r.h5"
    with popen("rest", run, "-o", record) as process:
        assert process.stderr is not None
        assert "go to rest" in process.stderr.readline()
        for _ in range(3):
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(0.2)
            except subprocess.TimeoutExpired:
                continue
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "a: 0 V -> 100 mV" in out
    with open_record(record) as opened:
        assert [e.kind for e in opened.events][-1] == "end"
        assert "at-rest" in [e.kind for e in opened.events]


GENERATOR = (
    ", start_out: /Dev1/PFI0, generators: [{driver: keysight, resource: '%s', channels: {b: 1}, load: high, "
    "summing_gain: 0.1, timeout: 0.3 s}]"
)


@pytest.fixture
def generator() -> Iterator[ScpiInstrument]:
    pytest.importorskip("pyvisa_py")
    with ExitStack() as stack:
        instrument = stack.enter_context(ScpiInstrument(KeysightLanguage()))
        for output in instrument.outputs:
            output.on = True
        yield instrument


def test_generators_are_disconnected_before_the_ramp(
    at: Bench, hgx: Callable[..., Any], generator: ScpiInstrument
) -> None:
    on_while_moving: list[bool] = []
    at.rig.before["start_task"] = lambda: on_while_moving.append(generator.outputs[0].on)
    said = hgx("rest", at.write(CARD + GENERATOR % generator.resource))
    assert said.code == 0, said.err
    assert "Generators disconnected: 1 of 1." in said.err
    assert on_while_moving
    assert not any(on_while_moving)
    at.assert_at_rest()


def test_a_generator_that_doesnt_answer_keeps_the_card_from_nothing(at: Bench, hgx: Callable[..., Any]) -> None:
    pytest.importorskip("pyvisa_py")
    said = hgx("rest", at.write(CARD + GENERATOR % "TCPIP0::127.0.0.1::9::SOCKET"))
    assert said.code == 4
    assert "Its tone may still be on" in said.err
    assert "Disconnect the device" in said.err
    at.assert_at_rest()
    with the_record() as record:
        assert record.status == "failed"


def test_a_card_that_isnt_there_keeps_no_generator_on(
    at: Bench, hgx: Callable[..., Any], generator: ScpiInstrument
) -> None:
    file = at.write(CARD.replace("Dev1", "Dev7") + GENERATOR % generator.resource)
    said = hgx("rest", file)
    assert said.code == 4
    assert "Dev7" in said.err
    assert not generator.outputs[0].on
    assert not at.seen.moved


def test_what_isnt_known_touches_no_generator(at: Bench, hgx: Callable[..., Any], generator: ScpiInstrument) -> None:
    said = hgx("rest", at.write(CHASSIS + GENERATOR % generator.resource))
    assert said.code == 4
    assert generator.outputs[0].on


def test_a_card_that_breaks_down_on_the_way_says_disconnect(at: Bench, hgx: Callable[..., Any]) -> None:
    at.rig.fail("write_analog", -201003, after=3)
    said = hgx("rest", at.write(CARD))
    assert said.code == 4
    assert "Disconnect the device" in said.err
    with the_record() as record:
        assert record.status == "failed"
        assert "not-at-rest" in [event.kind for event in record.events]


def test_help_says_what_it_does(hgx: Callable[..., Any]) -> None:
    said = hgx("rest", "--help")
    assert said.code == 0
    assert "Bring the outputs of a bench to rest" in said.out
    assert "--from" in said.out
    assert "rest" in hgx("--help").out


def test_a_simulated_bench_comes_to_rest_too(tmp_path: Path, hgx: Callable[..., Any]) -> None:
    run = tmp_path / "run.yaml"
    run.write_text(RUN.replace("kind: nidaq", "kind: simulated") % "device: {kind: smooth}", encoding="utf-8")
    said = hgx("rest", run, "-o", tmp_path / "r.h5")
    assert said.code == 0, said.err
    assert said.out.startswith("a: 0 V -> 100 mV\nb: 0 V -> 0 V\n")
