"""A paused run stands still and goes on as if nothing had been; a stopped one ends well and can be resumed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.simulated import ScriptedClock
from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.experiments import Interrupts, RunInterrupted, Source, perform, resumed
from hgx_lab.records import open_record
from tests.support.runs import IDEAL, TEXT, Ended, Heard, make_run, run_to_its_end, spy_on

#: The same device, whose currents along a line are measured.
IV = TEXT.split("task:", 1)[0].replace("experiment: train", "experiment: iv") + (
    "sweep: {electrode: a, span: [-0.5 V, 0.5 V], steps: 5}\nagainst: {electrode: b, span: [0 V, 0.5 V], steps: 8}\n"
)


def pausing(interrupts: Interrupts, at: int, then: Any) -> Heard:
    """Pauses after iteration ``at``, and does something else as soon as the run says that it is paused."""

    def iteration(it: Any) -> None:
        if it.index == at:
            interrupts.pause()

    def event(event: Any) -> None:
        if event.kind == "paused":
            then()

    return Heard({"iteration": iteration, "event": event})


def kinds(ended: Ended) -> list[str]:
    with ended.record() as record:
        return [e.kind for e in record.events]


@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_a_pause_changes_nothing_on_the_fast_clock(
    update: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run({"timing.update": update, "stop": {"iterations": 6, "duration": "30 s"}})
    plain = run_to_its_end(run, tmp_path / "plain.h5", monkeypatch)
    interrupts, timers = Interrupts(), []

    def later() -> None:
        timers.append(threading.Timer(0.15, interrupts.resume))
        timers[-1].start()

    heard = pausing(interrupts, 2, later)
    paused = run_to_its_end(run, tmp_path / "paused.h5", monkeypatch, audience=heard, interrupts=interrupts)
    timers[0].join()
    assert paused.error is None
    with plain.record() as a, paused.record() as b:
        for table in a.tables:
            assert a.rows(table) == b.rows(table)
            for column in a.columns(table):
                np.testing.assert_array_equal(a.column(table, column), b.column(table, column), err_msg=column)
    np.testing.assert_array_equal(plain.card.history, paused.card.history)
    assert [k for k in kinds(paused) if k not in ("paused", "resumed")] == kinds(plain)
    assert kinds(paused).count("paused") == kinds(paused).count("resumed") == 1


def test_a_pause_in_real_time_holds_the_outputs_and_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts, timers = Interrupts(), []

    def later() -> None:
        timers.append(threading.Timer(1.2, interrupts.resume))
        timers[-1].start()

    run = make_run(
        {"bench.clock": "real-time", "bench.block": "10 ms", "bench.lead": "200 ms", "bench.output_buffer": "500 ms"}
    )
    ended = run_to_its_end(
        run, tmp_path / "r.h5", monkeypatch, audience=pausing(interrupts, 1, later), interrupts=interrupts
    )
    timers[0].join()
    assert ended.error is None
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record:
        begin = next(e for e in record.events if e.kind == "paused")
        end = next(e for e in record.events if e.kind == "resumed")
        late = [e for e in record.events if e.kind == "late-update"]
        assert not [e for e in late if begin.sample <= e.sample <= end.sample]  # type: ignore[operator]
        held = end.sample - begin.sample  # type: ignore[operator]
        assert held > 0.5 * run.bench.rate
        assert held == end.data["held_samples"]
        starts, labels = record.column("segments", "start"), record.column("segments", "kind")
        holding = (labels == 3) & (starts > begin.sample) & (starts < end.sample)
        assert holding.any()
        dc = record.column("segments", "dc")[holding]
        np.testing.assert_array_equal(dc, np.broadcast_to(dc[0], dc.shape))
        assert record.rows("iterations") == 4


@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_a_pause_is_in_no_figure_of_the_learning(update: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six seconds of the bench in a run that takes less than one and may last four; nobody waits for them."""
    monkeypatch.setattr("hgx_drivers.simulated.RealTimeClock", ScriptedClock)
    run = make_run({"bench.clock": "real-time", "timing.update": update, "stop": {"iterations": 6, "duration": "4 s"}})
    interrupts, begin = Interrupts(), []
    heard = pausing(interrupts, 2, lambda: None)
    note_pause = heard.on["event"]

    def event(event: Any) -> None:
        note_pause(event)
        if event.kind == "paused":
            begin.append(event.sample)

    def placed(placed: Any) -> None:
        if begin and placed.start > begin[0] + 6 * run.bench.rate:
            interrupts.resume()

    heard.on |= {"event": event, "placed": placed}
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch, audience=heard, interrupts=interrupts)
    assert ended.error is None
    with ended.record() as record:
        assert record.reason == "all 6 iterations done"
        (held,) = [e.data["held_samples"] for e in record.events if e.kind == "resumed"]
        assert held > 5.5 * run.bench.rate
        duty = record.column("iterations", "duty")
        # 80 ms of windows in the pause and what follows are 0.013; a machine that is late has time for a share of 0.02.
        assert np.all((duty > 0.02) & (duty <= 1))
        latency = record.column("iterations", "latency_samples")
        first = 3 if update == "wait" else 4  # the first that was scheduled after the pause
        assert latency[first] == -1
        assert np.all(latency[first + 1 :] >= 0)
        assert record.checkpoint(-1).state["elapsed_seconds"] < 4


def test_a_run_that_was_paused_and_stopped_is_a_part_of_the_whole_and_goes_on_with_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = {**IDEAL, "tones.drift": False, "timing.update": "in-flight", "stop": {"iterations": 7}}
    whole = run_to_its_end(make_run(changes), tmp_path / "whole.h5", monkeypatch)
    interrupts = Interrupts()
    heard = pausing(interrupts, 2, lambda: interrupts.finish("the button"))
    part = run_to_its_end(make_run(changes), tmp_path / "part.h5", monkeypatch, audience=heard, interrupts=interrupts)
    assert isinstance(part.error, RunInterrupted)
    run, source = resumed(part.path)
    child = run_to_its_end(run, tmp_path / "child.h5", monkeypatch, source=source)
    with whole.record() as a, part.record() as b, child.record() as c:
        assert b.rows("iterations") == 3
        for column in a.columns("iterations"):
            # To the last bit, what the checkpoint holds included.
            np.testing.assert_array_equal(
                a.column("iterations", column)[:3], b.column("iterations", column), err_msg=column
            )
        assert a.checkpoint(2).state == b.checkpoint(-1).state
        assert c.column("iterations", "iteration").tolist() == [3, 4, 5, 6]
        # The tones have other phases at the child's windows: that is the last digits of a float.
        for column in ("controls", "outputs", "loss"):
            np.testing.assert_allclose(
                a.column("iterations", column)[3:], c.column("iterations", column), rtol=1e-6, atol=1e-12
            )


def test_a_run_that_was_ended_in_its_last_validation_is_validated_when_it_is_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = {"kind": "ring", "inputs": {"x": [-0.5, 0.5], "y": [-0.5, 0.5]}, "points": 4, "test_points": 4}
    run = make_run({**IDEAL, "tones.drift": False, "task": shape})
    whole = run_to_its_end(run, tmp_path / "whole.h5", monkeypatch)
    interrupts = Interrupts()
    heard = Heard({"validation": lambda _: interrupts.request("the button")})
    part = run_to_its_end(run, tmp_path / "part.h5", monkeypatch, audience=heard, interrupts=interrupts)
    assert isinstance(part.error, RunInterrupted)
    again, source = resumed(part.path)
    child = run_to_its_end(again, tmp_path / "child.h5", monkeypatch, source=source)
    assert whole.result is not None
    assert child.result is not None
    there, here = whole.result.outcome, child.result.outcome
    assert (here.decision, here.iterations, here.restarts) == (there.decision, there.iterations, there.restarts)
    np.testing.assert_array_equal(here.controls, there.controls)
    assert here.loss == there.loss
    assert [v.name for v in here.validations] == ["training", "test"]
    for mine, theirs in zip(here.validations, there.validations, strict=True):
        np.testing.assert_allclose(mine.outputs, theirs.outputs, rtol=1e-6, atol=1e-12)
    with child.record() as record:
        assert (record.status, record.rows("iterations")) == ("completed", 0)


@pytest.mark.parametrize("moment", ["validation", "placed"])
def test_a_stop_in_the_last_validation_lets_it_end(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shape = {"kind": "ring", "inputs": {"x": [-0.5, 0.5], "y": [-0.5, 0.5]}, "points": 4, "test_points": 4}
    interrupts = Interrupts()

    def stop(what: Any) -> None:
        if moment == "validation" or getattr(what.segment.label, "purpose", "") == "validate":
            interrupts.finish("the button")
            interrupts.pause()

    ended = run_to_its_end(
        make_run({"task": shape}), tmp_path / "r.h5", monkeypatch, audience=Heard({moment: stop}), interrupts=interrupts
    )
    assert ended.error is None
    ended.assert_at_rest()
    with ended.record() as record:
        assert (record.status, record.reason) == ("completed", "all 4 iterations done")


@pytest.mark.parametrize("section", ["calibration", "self_test"])
@pytest.mark.parametrize("paused_before", [False, True])
def test_a_stop_before_the_learning_ends_at_rest_at_the_next_plateau(
    section: str, paused_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measures: dict[str, Any] = {"calibration": {"kind": "measure", "duration": "1 s"}, "self_test": {"duration": "1 s"}}
    interrupts, begun = Interrupts(), []

    def placed(placed: Any) -> None:
        begun.append(placed.start)
        if len(begun) == 4:
            (interrupts.pause if paused_before else lambda: interrupts.finish("the button"))()

    def event(event: Any) -> None:
        if event.kind == "paused":
            interrupts.finish("the button")

    ended = run_to_its_end(
        make_run({section: measures[section]}),
        tmp_path / "r.h5",
        monkeypatch,
        audience=Heard({"placed": placed, "event": event}),
        interrupts=interrupts,
    )
    assert isinstance(ended.error, RunInterrupted)
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record:
        assert (record.status, record.reason) == ("interrupted", "Stopped by the button.")
        names = [e.kind for e in record.events]
        assert ("paused" in names) == paused_before
        assert names.count("started") == 1
        assert "self-test" not in names
        assert "calibration" not in names


@pytest.mark.parametrize("paused_before", [False, True])
@pytest.mark.parametrize("how", ["finish", "request"])
def test_stop_and_rest_now_end_at_rest_and_can_be_resumed(
    how: str, paused_before: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupts = Interrupts()

    def end() -> None:
        getattr(interrupts, how)("the button", 130)

    if paused_before:
        heard = pausing(interrupts, 1, end)
    else:
        heard = Heard({"iteration": lambda it: end() if it.index == 1 else None})
    ended = run_to_its_end(make_run(), tmp_path / "r.h5", monkeypatch, audience=heard, interrupts=interrupts)
    assert isinstance(ended.error, RunInterrupted)
    ended.assert_safe()
    ended.assert_at_rest()
    with ended.record() as record:
        assert (record.status, record.reason) == ("interrupted", "Stopped by the button.")
        assert record.rows("iterations") == 2
    assert heard.of("ended") == [("interrupted", "Stopped by the button.")]
    run, source = resumed(ended.path)
    child = run_to_its_end(run, tmp_path / "child.h5", monkeypatch, source=source)
    whole = run_to_its_end(make_run(), tmp_path / "whole.h5", monkeypatch)
    assert child.error is None
    with child.record() as a, whole.record() as b:
        assert a.column("iterations", "iteration").tolist() == [2, 3]
        # The bench's noise goes on elsewhere, the first controls of the child are those of the whole run.
        np.testing.assert_array_equal(a.column("iterations", "controls")[0], b.column("iterations", "controls")[2])


def test_stop_waits_for_the_iteration_that_rest_now_leaves_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = {}
    for how in ("finish", "request"):
        interrupts = Interrupts()

        def end(_: object, how: str = how, interrupts: Interrupts = interrupts) -> None:
            getattr(interrupts, how)("the button")

        ended = run_to_its_end(
            make_run(), tmp_path / f"{how}.h5", monkeypatch, audience=Heard({"placed": end}), interrupts=interrupts
        )
        assert isinstance(ended.error, RunInterrupted)
        ended.assert_at_rest()
        with ended.record() as record:
            rows[how] = record.rows("iterations")
    assert rows == {"finish": 1, "request": 0}


def iv_run() -> RunFile:
    return parse_run_file(IV)


@pytest.mark.parametrize("how", ["finish", "request"])
def test_measurements_pause_and_stop_too(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = iv_run()
    cards = spy_on(monkeypatch)
    perform(run, record=tmp_path / "plain.h5", source=Source(text=IV))
    interrupts, timers, steps = Interrupts(), [], []

    def progress(_: object) -> None:
        steps.append(1)
        if len(steps) == 3:
            interrupts.pause()
        if len(steps) == 5:
            getattr(interrupts, how)("the button")

    def event(event: Any) -> None:
        if event.kind == "paused":
            timers.append(threading.Timer(0.1, interrupts.resume))
            timers[-1].start()

    with pytest.raises(RunInterrupted):
        perform(
            run,
            record=tmp_path / "r.h5",
            source=Source(text=IV),
            audience=Heard({"progress": progress, "event": event}),
            interrupts=interrupts,
        )
    timers[0].join()
    rest = np.array([e.rest for e in run.electrodes])
    assert np.all(np.abs(cards[1].levels() - rest) < 1e-3)
    played = cards[1].history.shape[1] // 4  # its first quarter lies before the ramp to rest
    np.testing.assert_array_equal(cards[0].history[:, :played], cards[1].history[:, :played])
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "interrupted"
        names = [e.kind for e in record.events]
        assert names.index("paused") < names.index("resumed") < names.index("ramp-to-rest")


def test_a_stop_that_is_withdrawn_in_time_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run({"stop": {"iterations": 5, "duration": "30 s"}})
    plain = run_to_its_end(run, tmp_path / "plain.h5", monkeypatch)
    interrupts, withdrawn = Interrupts(), []

    def iteration(it: Any) -> None:
        if it.index == 2:
            interrupts.finish("a button")
            withdrawn.append(interrupts.unfinish())

    heard = Heard({"iteration": iteration})
    ended = run_to_its_end(run, tmp_path / "stopped.h5", monkeypatch, audience=heard, interrupts=interrupts)
    assert ended.error is None
    assert withdrawn == [True]
    np.testing.assert_array_equal(plain.card.history, ended.card.history)


def test_a_stop_that_has_been_carried_out_or_a_signal_is_not_withdrawn() -> None:
    interrupts = Interrupts()
    assert interrupts.unfinish()
    interrupts.finish("a button")
    with pytest.raises(RunInterrupted):
        interrupts.at_boundary()
    assert not interrupts.unfinish()
    assert interrupts.finishing
    signalled = Interrupts()
    signalled.finish("a button")
    signalled.request("SIGTERM")
    assert not signalled.unfinish()
    with pytest.raises(RunInterrupted, match="SIGTERM"):
        signalled.at_boundary()
