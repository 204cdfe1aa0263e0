"""Bringing several generators to rest: the failure of one, whatever it is, doesn't leave another one on."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import DriverError, OutputUnderflow
from hgx_drivers.interface import Identity
from hgx_drivers.simulated import FastClock, SimulatedCard, Underflow
from hgx_lab.bench_check._reserve import check_open
from hgx_lab.config import RunFile, SimulatedBench, TrainRun, parse_run_file
from hgx_lab.errors import CalibrationError, SelfTestError
from hgx_lab.experiments import Interrupts, RunInterrupted, measure_loop_back, simulated_plant, train
from hgx_lab.experiments._generators import BenchGenerator, StreamGenerators, close_all, stream_generators
from hgx_lab.experiments._tones import plan_tones, silent_tones
from hgx_lab.live import RecordSource, RunState
from hgx_lab.records import list_records, open_record
from tests.support.runs import Heard, make_run
from tests.support.spy import SpyCard, assert_safe


class Device:
    """A generator that fails so many times at a call, and tells what it was asked."""

    identity = Identity("Maker", "Model", "0815")

    def __init__(self, failing: str = "", error: Exception | None = None, times: int = 9) -> None:
        self.failing, self.error, self.times = failing, error, times
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        def call(*_: Any, **__: Any) -> Any:
            self.calls.append(name)
            if name == self.failing and self.times:
                self.times -= 1
                assert self.error is not None
                raise self.error
            if name in ("prepare", "configure_sine"):
                return ()
            return None if name == "started" else type("State", (), {"on": True})

        return call

    def nearest_frequency(self, hz: float) -> float:
        return hz


def two(first: Device, second: Device) -> list[BenchGenerator]:
    devices: list[Any] = [first, second]
    return [BenchGenerator(device, (name,), 1.0) for device, name in zip(devices, "ab", strict=True)]


@pytest.mark.parametrize("error", [DriverError("no"), ValueError("a bug"), OSError("gone")])
@pytest.mark.parametrize("failing", ["rest", "close"])
def test_every_generator_is_disconnected_and_closed_whatever_fails(failing: str, error: Exception) -> None:
    first, second = Device(failing, error), Device()
    with pytest.raises(type(error), match=str(error)):
        close_all(two(first, second))
    assert first.calls == second.calls == ["rest", "close"]


@pytest.mark.parametrize("error", [DriverError("no"), ValueError("a bug"), OSError("gone")])
@pytest.mark.parametrize("failing", ["rest", "configure_sine", "state"])
def test_the_tones_of_a_stream_end_on_every_generator(failing: str, error: Exception) -> None:
    first, second = Device(failing, error), Device()
    run = make_run()
    stream = StreamGenerators(run, two(first, second), plan_tones(run))
    if failing == "rest":
        with pytest.raises(type(error), match=str(error)):
            stream.rest()
    else:
        (note,) = stream.rest()
        assert note.startswith("The tone of a")
        assert str(error) in note
    assert "rest" in first.calls
    assert second.calls[-1] == "rest"


def test_generators_have_no_part_in_a_stream_without_their_tones() -> None:
    run, silent = make_run(), Device()
    assert stream_generators(run, two(silent, silent), plan_tones(run)) is not None
    assert stream_generators(run, two(silent, silent), silent_tones(run)) is None
    assert stream_generators(run, (), plan_tones(run)) is None
    assert not silent.calls


def test_a_generator_that_does_not_obey_at_once_is_asked_again() -> None:
    first, second = Device("rest", DriverError("no answer"), times=1), Device()
    run = make_run()
    (note,) = StreamGenerators(run, two(first, second), plan_tones(run)).rest()
    assert "no answer" in note
    assert first.calls.count("rest") == 2
    assert second.calls.count("rest") == 1


NI = """
bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, start_out: /Dev1/PFI0, generators: [
  {driver: keysight, resource: 'first', channels: {c: 1}}, {driver: keysight, resource: 'second', channels: {d: 1}}]}
"""
COMMON = """
experiment: train
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.1 V}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
calibration: {kind: fixed, delay: 60 us}
self_test: {duration: 200 ms}
stop: {iterations: 3}
"""
REST = np.array([0.0, 0.1, 0.0, 0.0])


def wired(
    monkeypatch: pytest.MonkeyPatch, devices: Sequence[Device | Exception], **card: Any
) -> tuple[TrainRun, SpyCard]:
    """A bench of these generators and a simulated card that doesn't hear them."""
    simulated = parse_run_file("bench: {kind: simulated, rate: 20 kHz, device: {kind: smooth, seed: 5}}" + COMMON)
    assert isinstance(simulated.bench, SimulatedBench)
    spy = SpyCard(SimulatedCard(simulated_plant(simulated, simulated.bench), FastClock(), **card))
    left = iter(devices)

    def opened(run: RunFile, wanted: Any) -> BenchGenerator:
        device: Any = next(left)
        if isinstance(device, Exception):
            raise device
        return BenchGenerator(device, tuple(wanted.channels), 1.0)

    monkeypatch.setattr("hgx_lab.experiments._bench._ni_card", lambda *_: spy)
    # The device of this bench would say that it gets no tones from its generators.
    monkeypatch.setattr("hgx_lab.experiments._workplace.check_generated_tones", lambda *_: ())
    monkeypatch.setattr("hgx_lab.experiments._generators._open", opened)
    run = parse_run_file(NI + COMMON)
    assert isinstance(run, TrainRun)
    return run, spy


def test_a_second_generator_that_is_not_there_leaves_nothing_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Device()
    run, card = wired(monkeypatch, [first, DriverError("refused")])
    with pytest.raises(DriverError, match="refused"):
        train(run, record=tmp_path / "r.h5")
    assert first.calls == ["prepare", "close"]
    assert card.closed
    assert not card.written
    with open_record(tmp_path / "r.h5") as record:
        assert (record.status, record.reason) == ("failed", "DriverError: refused")


def ask(how: str) -> tuple[Heard, Interrupts]:
    """Somebody who does something after the second iteration."""
    interrupts = Interrupts()

    def iteration(it: Any) -> None:
        if it.index == 1 and how in ("request", "finish"):
            getattr(interrupts, how)("the button")
        if it.index == 1 and how in ("pause, then SIGTERM", "pause, then SIGINT"):
            interrupts.pause()
        if it.index == 1 and how in ("SIGTERM", "SIGINT"):
            signal.raise_signal(getattr(signal, how))

    def event(event: Any) -> None:
        if event.kind == "paused":
            signal.raise_signal(getattr(signal, how.removeprefix("pause, then ")))

    return Heard({"iteration": iteration, "event": event}), interrupts


@pytest.mark.parametrize("unwilling", ["", "close"])
@pytest.mark.parametrize(
    ("how", "status", "error"),
    [
        ("", "completed", None),
        ("request", "interrupted", RunInterrupted),
        ("finish", "interrupted", RunInterrupted),
        ("SIGINT", "interrupted", RunInterrupted),
        ("SIGTERM", "interrupted", RunInterrupted),
        ("pause, then SIGINT", "interrupted", RunInterrupted),
        ("pause, then SIGTERM", "interrupted", RunInterrupted),
        ("underflow", "failed", OutputUnderflow),
        ("self-test", "failed", SelfTestError),
        ("calibration", "failed", CalibrationError),
    ],
)
def test_every_ending_leaves_generators_and_card_at_rest_and_closed(
    how: str,
    status: str,
    error: type[Exception] | None,
    unwilling: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Device(unwilling, DriverError("won't")), Device()
    faults = [Underflow(19_000)] if how == "underflow" else []
    run, card = wired(monkeypatch, [first, second], faults=faults)

    def fail(*_: Any, **__: Any) -> None:
        raise SelfTestError("a is open") if how == "self-test" else CalibrationError("made with other instruments")

    if how in ("self-test", "calibration"):
        name = "_workplace.self_test" if how == "self-test" else "_laboratory.check_saved_calibration"
        monkeypatch.setattr(f"hgx_lab.experiments.{name}", fail)
    heard, interrupts = ask(how)
    expected = error or (DriverError if unwilling else None)
    if expected is None:
        train(run, record=tmp_path / "r.h5", audience=heard, interrupts=interrupts)
    else:
        with pytest.raises(expected):
            train(run, record=tmp_path / "r.h5", audience=heard, interrupts=interrupts)
    for device in (first, second):
        # Before the last goodbye the stream has faded and disconnected, where one was.
        assert device.calls[-2:] == ["rest", "close"]
        assert device.calls.count("close") == 1
    assert card.closed
    if card.written:
        assert np.all(np.abs(card.levels() - REST) < 1e-3)
        assert_safe(card.history, np.full(4, -1.0), np.full(4, 1.0), np.full(4, 1e9), 20e3)
    ended = "failed" if unwilling and how == "" else status
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == ended
        if expected is not None and expected is not RunInterrupted:
            assert record.reason.startswith(expected.__name__)
        # What ended the run is its reason; that a generator wouldn't go is told all the same.
        assert bool(unwilling) == any("won't" in e.message for e in record.events)
    assert [told for told, _ in heard.of("ended")] == [ended]
    (row,) = list_records(tmp_path)
    assert (row.status, row.error) == (ended, "")
    source = RecordSource(tmp_path / "r.h5")
    assert source.snapshot().status.state is (RunState.FAULT if ended == "failed" else RunState.FINISHED)
    source.close()


@pytest.mark.parametrize("faults", [(), (Underflow(2_000),)])
@pytest.mark.parametrize("unwilling", ["", "close"])
def test_a_loop_back_disconnects_and_closes_the_generators(
    unwilling: str, faults: tuple[Underflow, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = Device(unwilling, DriverError("won't")), Device()
    run, card = wired(monkeypatch, [first, second], faults=faults)
    if faults or unwilling:
        # The failure that came first is the one to raise.
        with pytest.raises(OutputUnderflow if faults else DriverError) as caught:
            measure_loop_back(run, "a", "Dev1/ai0")
        assert bool(faults and unwilling) == any("won't" in note for note in getattr(caught.value, "__notes__", []))
    else:
        measure_loop_back(run, "a", "Dev1/ai0")
    assert first.calls == second.calls == ["prepare", "rest", "close"]
    assert card.closed
    assert np.all(np.abs(card.levels() - REST) < 1e-3)


def test_the_doctor_tells_of_a_generator_that_will_not_be_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = Device("close", DriverError("won't")), Device()
    run, card = wired(monkeypatch, [first, second])
    found = list(check_open(run))
    assert [f.topic for f in found if f.level == "ok"].count("generator") == 2
    (told,) = [f for f in found if f.level == "fault"]
    assert told.text == "won't"
    assert first.calls == second.calls == ["prepare", "rest", "close"]
    assert card.closed
    assert not card.written
