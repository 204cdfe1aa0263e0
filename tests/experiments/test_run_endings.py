"""Every way in which a run can end leaves the outputs at rest and a record that says why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import CardDisconnected, DriverError, InputOverflow, OutputUnderflow, ReadTimeout
from hgx_lab.errors import AcquisitionError, ExperimentError, GuardRefusal, RecordError
from hgx_lab.experiments import Interrupts, RunInterrupted, train
from hgx_lab.experiments._recorder import Recorder
from hgx_lab.experiments._tones import RunTones
from hgx_lab.learning import MeanSquaredError
from hgx_lab.records import open_record
from tests.support.runs import Ended, Heard, make_run, run_to_its_end

MEASURED = {"calibration": {"kind": "measure", "duration": "0.3 s"}}


class UserError(Exception):
    """What the code of a user may raise."""


def raise_at(call: int) -> Callable[..., None]:
    calls = count()

    def fail(*_: Any) -> None:
        if next(calls) == call:
            raise UserError(f"call {call}")

    return fail


def assert_failed(ended: Ended, error: type[BaseException], *words: str, iterations: int | None = None) -> None:
    """It failed with this error, the outputs are at rest, and the record gives the reason."""
    assert isinstance(ended.error, error), ended.error
    ended.assert_safe()
    ended.assert_at_rest()
    assert_recorded(ended, "failed", type(ended.error).__name__, *words, iterations=iterations)


def assert_recorded(ended: Ended, status: str, *words: str, iterations: int | None = None) -> None:
    with ended.record() as record:
        assert record.status == status
        for word in words:
            assert word in record.reason
        assert record.events[-1].kind == "end"
        if iterations is not None:
            assert record.rows("iterations") == iterations == record.checkpoints
        # Whatever was kept can be read as labelled data.
        assert record["iterations"].sizes["iteration"] == record.rows("iterations")
        assert record["segments"].sizes["segment"] == record.rows("segments")


def test_a_goal_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run({"stop": {"iterations": 200, "accuracy": 1.0}})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    assert ended.result is not None
    assert ended.result.outcome.solved
    ended.assert_safe()
    ended.assert_at_rest()
    assert_recorded(ended, "completed", "accuracy", iterations=ended.result.outcome.iterations)
    with ended.record() as record:
        assert next(e for e in record.events if e.kind == "outcome").data["solved"] is True


@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_a_budget_of_iterations_ends_it(update: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run({"timing.update": update, "stop": {"iterations": 3, "margin": "1 uA"}})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    assert ended.result is not None
    assert not ended.result.outcome.solved
    ended.assert_safe()
    ended.assert_at_rest()
    assert_recorded(ended, "completed", "all 3 iterations done without reaching the goal", iterations=3)


def test_a_budget_of_time_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run({"stop": {"iterations": 1000, "duration": "0.35 s"}})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    ended.assert_at_rest()
    assert_recorded(ended, "completed", "0.35 s")


@pytest.mark.parametrize("changes", [{}, MEASURED], ids=["fixed", "measured"])
@pytest.mark.parametrize(
    ("moment", "which"), [("began", 0), ("event", 0), ("iteration", 0), ("iteration", 2), ("validation", 0)]
)
def test_a_request_to_stop_ends_it(
    changes: dict[str, Any], moment: str, which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts = Interrupts()
    calls = count()

    def ask(_: object) -> None:
        if next(calls) == which:
            interrupts.request("the button", 130)

    # A validation of two sets of cases: there is something left to interrupt after the first.
    shape = {"kind": "ring", "inputs": {"x": [-0.5, 0.5], "y": [-0.5, 0.5]}, "points": 4, "test_points": 4}
    run = make_run({**changes, "task": shape})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch, audience=Heard({moment: ask}), interrupts=interrupts)
    assert isinstance(ended.error, RunInterrupted)
    assert ended.error.exit_code == 130
    ended.assert_safe()
    ended.assert_at_rest()
    assert_recorded(ended, "interrupted", "Stopped by the button.")


def test_a_request_from_another_thread_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupts = Interrupts()
    asked = threading.Event()
    thread = threading.Thread(target=lambda: (asked.wait(30), interrupts.request("another thread")))
    thread.start()

    def iteration(_: object) -> None:
        asked.set()
        thread.join()

    run = make_run({"stop.iterations": 1000})
    ended = run_to_its_end(
        run, tmp_path / "r.h5", monkeypatch, audience=Heard({"iteration": iteration}), interrupts=interrupts
    )
    assert isinstance(ended.error, RunInterrupted)
    ended.assert_at_rest()
    assert_recorded(ended, "interrupted", "another thread", iterations=1)


@pytest.mark.parametrize("update", ["wait", "in-flight"])
@pytest.mark.parametrize("call", [0, 2])
def test_an_exception_in_the_loss(call: int, update: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = MeanSquaredError(low=0.0, high=20e-9)
    fail = raise_at(call)

    class Loss:
        def evaluate(self, outputs: np.ndarray, targets: np.ndarray) -> Any:
            fail()
            return genuine.evaluate(outputs, targets)

    monkeypatch.setattr("hgx_lab.experiments._train.make_loss", lambda run: Loss())
    ended = run_to_its_end(make_run({"timing.update": update}), tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, UserError, f"UserError: call {call}", iterations=call)


@pytest.mark.parametrize("what", ["task", "optimizer", "stop"])
def test_an_exception_while_the_learning_is_made(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"hgx_lab.experiments._train.make_{what}", raise_at(0))
    path = tmp_path / "r.h5"
    if what == "task":
        with pytest.raises(UserError):
            train(make_run(), record=path)
        assert not path.exists()  # nothing was opened, nothing moved
        return
    assert_failed(run_to_its_end(make_run(), path, monkeypatch), UserError, iterations=0)


@pytest.mark.parametrize(("method", "call"), [("message", 0), ("message", 30), ("iteration", 1), ("validation", 0)])
def test_an_exception_in_the_record(method: str, call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine, fail = getattr(Recorder, method), raise_at(call)

    def failing(self: Recorder, *arguments: Any) -> None:
        genuine(self, *arguments)
        fail()

    monkeypatch.setattr(Recorder, method, failing)
    assert_failed(run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch), UserError)


@pytest.mark.parametrize("call", [0, 3, 25])
@pytest.mark.parametrize("method", ["process", "expect"])
def test_an_exception_in_the_demodulator(
    method: str, call: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = RunTones.demodulator

    def make(self: RunTones, *arguments: Any) -> Any:
        demodulator = genuine(self, *arguments)
        inner, calls = getattr(demodulator, method), count()

        def failing(*given: Any) -> Any:
            if next(calls) >= call:
                raise UserError(f"{method} {call}")
            return inner(*given)

        setattr(demodulator, method, failing)
        return demodulator

    monkeypatch.setattr(RunTones, "demodulator", make)
    ended = run_to_its_end(make_run({"stop.iterations": 8}), tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, UserError, f"{method} {call}")
    with ended.record() as record:
        [fault] = [e for e in record.events if e.kind == "fault"]
        assert fault.message == f"UserError: {method} {call}"


@pytest.mark.parametrize("changes", [{}, MEASURED], ids=["fixed", "measured"])
@pytest.mark.parametrize("at", ["0 s", "0.31 s"])
@pytest.mark.parametrize(
    ("kind", "error", "event"),
    [
        ("underflow", OutputUnderflow, "underflow"),
        ("overflow", InputOverflow, "overrun"),
        ("nan", AcquisitionError, "fault"),
        ("stall", ReadTimeout, "fault"),
    ],
)
def test_a_fault_of_the_card(
    kind: str,
    error: type[Exception],
    event: str,
    at: str,
    changes: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = make_run({**changes, "bench.faults": [{"kind": kind, "at": at}], "stop.iterations": 20})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, error)
    with ended.record() as record:
        assert len([e for e in record.events if e.kind == event]) == 1


@pytest.mark.parametrize("changes", [{}, MEASURED], ids=["fixed", "measured"])
@pytest.mark.parametrize("at", ["0 s", "0.2 s"])
def test_a_card_that_is_unplugged(
    at: str, changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run({**changes, "bench.faults": [{"kind": "disconnect", "at": at}], "stop.iterations": 20})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    assert isinstance(ended.error, CardDisconnected)
    ended.assert_safe()
    assert_recorded(ended, "failed", "CardDisconnected")
    with ended.record() as record:
        kinds = [e.kind for e in record.events]
        assert kinds.count("not-at-rest") == 1
        assert kinds[-2:] == ["not-at-rest", "end"]


@pytest.mark.parametrize("faults", [("underflow", "stall"), ("nan", "overflow", "underflow")])
def test_several_faults(faults: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second strikes on the way to rest."""
    script = [{"kind": kind, "at": f"{150 + 5 * i} ms"} for i, kind in enumerate(faults)]
    ended = run_to_its_end(make_run({"bench.faults": script, "safety.rest_slope": 5.0}), tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, (AcquisitionError, DriverError))  # type: ignore[arg-type]


def test_a_case_outside_the_limits_is_refused_by_the_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table can ask for what no run file is checked for."""
    table = tmp_path / "cases.csv"
    table.write_text("x,y,t\n-0.5,-0.5,0\n0.5,0.5,1\n0.2,0.81,1\n")
    task = {"kind": "table", "file": str(table), "inputs": {"x": "x", "y": "y"}, "target": "t"}
    ended = run_to_its_end(make_run({"task": task}), tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, GuardRefusal, "y would reach 810 mV", iterations=0)


def test_a_bench_that_cannot_be_opened_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ExperimentError("the bench is on fire")

    monkeypatch.setattr("hgx_lab.experiments._laboratory.open_bench", refuse)
    with pytest.raises(ExperimentError, match="on fire"):
        train(make_run(), record=tmp_path / "r.h5")
    with open_record(tmp_path / "r.h5") as record:
        assert (record.status, record.reason) == ("failed", "ExperimentError: the bench is on fire")


def test_a_record_that_exists_is_not_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.h5"
    path.write_bytes(b"precious")
    ended = run_to_its_end(make_run(), path, monkeypatch)
    assert isinstance(ended.error, RecordError)
    assert not ended.cards
    assert path.read_bytes() == b"precious"


@pytest.mark.parametrize("sample", [900, 3000])
def test_a_sample_that_only_the_guard_sees(sample: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = RunTones.bank

    def wild(self: RunTones) -> Any:
        bank = genuine(self)
        add = bank.add

        def adding(block: np.ndarray, start: int, *arguments: Any, **more: Any) -> None:
            add(block, start, *arguments, **more)
            if start <= sample < start + block.shape[1]:
                block[0, sample - start] += 0.5

        bank.add = adding  # type: ignore[method-assign]
        return bank

    monkeypatch.setattr(RunTones, "bank", wild)
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch)
    assert_failed(ended, GuardRefusal, f"a at sample {sample}")


def test_the_thread_is_gone_and_signals_are_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import signal

    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch)
    assert ended.error is None
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert not [t for t in threading.enumerate() if t.name == "hgx-acquisition"]
