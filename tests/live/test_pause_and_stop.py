"""A paused run stands still and goes on as if nothing had been; a stopped one ends well and can be resumed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.experiments import Interrupts, RunInterrupted, Source, perform, resumed
from hgx_lab.records import open_record
from tests.support.runs import TEXT, Ended, Heard, make_run, run_to_its_end, spy_on

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
