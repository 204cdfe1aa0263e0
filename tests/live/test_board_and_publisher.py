"""Buffers that don't grow, a late reader that sees everything, and a stalled one that is dropped."""

from __future__ import annotations

import socket
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from hgx_lab.acquisition import Event, EventKind
from hgx_lab.experiments import Interrupts, plan_tones
from hgx_lab.learning.training import Iteration
from hgx_lab.live import History, LiveEvent, Measured, Publisher, RunState, attach, describe
from hgx_lab.live._board import Board
from hgx_lab.live._reader import Reader
from hgx_lab.live._trace import TraceBuffer
from hgx_lab.live._words import Beat, Samples, Stepped, Turned, Volts, Word
from tests.live.live_runs import wait_for
from tests.support.runs import make_run


def step(index: int) -> Stepped:
    k, cases = np.full(2, float(index)), np.full((4, 2), float(index))
    measured = Measured(index, 0, k, np.full(4, 1e-9), np.zeros(4), cases, cases, cases, k, k, loss=1 / (index + 1))
    return Stepped(measured, 0.5, index % 1000)


def iteration(index: int) -> Iteration:
    s = step(index).measured
    return Iteration(
        index, 0, index, s.controls, s.outputs, s.outputs_std, s.derivatives, s.derivatives_std, s.quadrature,
        s.gradient, s.gradient_std, s.loss, None, 0.1, 0.5, 10, 0,
    )  # fmt: skip


def test_the_description_is_that_of_the_run_file(tmp_path: Path) -> None:
    run = make_run({"stop": {"iterations": 9, "margin": "3 nA"}})
    found = describe(run, tmp_path / "r.h5", text="the text")
    assert found.controls == ("a", "b")
    assert found.inputs == ("x", "y")
    assert (found.iterations, found.goal_margin, found.run_file) == (9, 3e-9, "the text")
    assert [(c.inputs, c.target) for c in found.cases] == [
        ((-0.5, -0.5), 0), ((-0.5, 0.5), 0), ((0.5, -0.5), 0), ((0.5, 0.5), 1),
    ]  # fmt: skip
    a = found.electrode("a")
    assert (a.lower, a.upper, a.rest, a.amplitude, a.role) == (-1, 1, 0.1, 0.02, "control")
    assert a.tone_hz == plan_tones(run).frequencies_hz[0]
    assert found.electrode("c").tone_hz is None
    assert found.overload_amperes == pytest.approx(4 * 100e-9)  # 4 V at 100 nA/V
    assert (found.period_samples, found.lead_samples) == (200, 80)


def test_a_run_that_continues_another_has_its_own_pace() -> None:
    board = Board(trace_samples=0)
    board.take(describe(make_run({"stop": {"iterations": 100}}), Path("r.h5")))
    board.take(Turned(RunState.LEARNING))
    for index in range(50, 60):
        board.take(step(index))
    board.take(Beat(20.0))
    status = board.snapshot().status
    assert (status.iteration, status.total) == (60, 100)
    assert status.remaining_seconds == pytest.approx(20.0 / 10 * 40)


def test_memory_is_flat_over_a_hundred_thousand_iterations() -> None:
    board = Board(trace_samples=20_000)
    board.take(describe(make_run(), Path("r.h5")))
    block = np.zeros(500, dtype=np.float32)

    def feed(first: int, last: int) -> None:
        for i in range(first, last):
            board.take(step(i))
            board.take(Samples(500 * i, block))
            if i % 500 == 0:
                board.snapshot()

    feed(0, 20_000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    feed(20_000, 100_000)
    snapshot = board.snapshot()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 8e6  # new buffers of the same size; 80,000 rows alone would be 13 MB
    history = snapshot.history
    assert (history.seen, snapshot.status.iteration) == (100_000, 100_000)
    assert history["iteration"][0] == 0
    assert history["iteration"][-1] == 99_999
    assert len(history) <= 4096
    np.testing.assert_array_equal(history["loss"], 1 / (history["iteration"] + 1))


@pytest.mark.parametrize("seen", [0, 1, 7, 8, 9, 10, 16, 17, 63, 64, 65, 200])
def test_a_history_that_was_carried_over_goes_on_the_same(seen: int) -> None:
    whole, first, second = (History(8) for _ in range(3))
    for i in range(seen):
        whole.append({"i": i})
        first.append({"i": i})
    second.restore(first.columns(), first.seen)
    for i in range(seen, seen + 40):
        whole.append({"i": i})
        second.append({"i": i})
        assert whole["i"].tolist() == second["i"].tolist()


def test_voltages_are_those_of_rest_once_a_run_is_there_and_unknown_where_it_failed_to(tmp_path: Path) -> None:
    run, board = make_run(), Board()
    board.take(describe(run, tmp_path / "r.h5"))
    board.take(Volts(np.full(len(run.electrodes), 0.7)))
    board.take(LiveEvent("ramp-to-rest", ""))
    np.testing.assert_array_equal(board.snapshot().volts, np.full(len(run.electrodes), 0.7))
    board.take(LiveEvent("at-rest", ""))
    np.testing.assert_array_equal(board.snapshot().volts, [e.rest for e in run.electrodes])
    board.take(LiveEvent("not-at-rest", ""))
    volts = board.snapshot().volts
    assert volts is not None
    assert np.isnan(volts).all()


def test_the_trace_keeps_the_newest_without_gaps_and_shows_its_tone() -> None:
    rate, tone = 10e3, 1234.0
    buffer = TraceBuffer(rate, 4000)
    wave = np.sin(2 * np.pi * tone * np.arange(30_000) / rate)
    held = None
    for start in range(0, 30_000, 300):
        buffer.append(start, wave[start : start + 300])
        trace = buffer.trace()
        assert trace is not None
        np.testing.assert_array_equal(trace.current, wave[trace.start : start + 300])
        if start == 3000:
            held = trace, trace.current.copy()
    assert held is not None
    np.testing.assert_array_equal(held[0].current, held[1])  # who still draws it doesn't see it change
    assert len(buffer.trace().current) == 4000  # type: ignore[union-attr]
    buffer._made = -10.0
    trace = buffer.trace()
    assert trace is not None
    peak = trace.frequencies_hz[np.argmax(trace.psd)]
    assert peak == pytest.approx(tone, abs=2 * rate / 4000)
    power = np.sum(trace.psd) * (trace.frequencies_hz[1] - trace.frequencies_hz[0])
    assert power == pytest.approx(0.5, rel=0.02)  # of a sine of amplitude 1
    buffer.append(99_999, wave[:5])
    trace = buffer.trace()
    assert trace is not None
    assert (trace.start, len(trace.current)) == (99_999, 5)


def test_the_overload_lamp_latches_until_it_is_reset() -> None:
    board = Board()
    description = describe(make_run(), Path("r.h5"))
    board.take(description)
    board.take(Samples(0, np.array([2 * description.overload_amperes], dtype=np.float32)))
    board.take(Samples(1, np.zeros(10, dtype=np.float32)))
    assert board.snapshot().overload
    board.reset_overload()
    board.take(Samples(11, np.zeros(10, dtype=np.float32)))
    assert not board.snapshot().overload


def test_a_late_reader_gets_the_history_and_the_commands_arrive(tmp_path: Path) -> None:
    interrupts = Interrupts()
    record = tmp_path / "r.h5"
    with Publisher(interrupts) as publisher:
        publisher.began(record, make_run())
        publisher.state("learning")
        publisher.event(Event(EventKind.OVERLOAD, 5, "The converter clips."))
        for i in range(10_000):
            publisher.iteration(iteration(i))
        source = attach(record)
        wait_for(source, lambda s: s.status.iteration == 10_000)
        seen = source.snapshot()
        assert seen.history.seen == 10_000
        assert seen.overload
        assert [e.kind for e in seen.events] == ["overload"]
        source.pause()
        deadline = time.monotonic() + 10
        while not interrupts.paused and time.monotonic() < deadline:
            time.sleep(0.01)
        assert interrupts.paused
        source.resume()
        source.stop()
        wait_for(source, lambda s: s.status.state is RunState.STOPPING)
        assert interrupts.finishing
        assert not interrupts.paused
        source.resume()
        wait_for(source, lambda s: s.status.state is not RunState.STOPPING)
        assert not interrupts.finishing
        source.rest_now()
        wait_for(source, lambda s: s.status.state is RunState.RAMPING)
        source.resume()  # leaving at once isn't taken back
        source.pause()
        deadline = time.monotonic() + 10
        while not interrupts.paused and time.monotonic() < deadline:
            time.sleep(0.01)
        assert interrupts.paused  # so the resume has been heard too
        assert interrupts.finishing
        assert source.snapshot().status.state is RunState.RAMPING
        publisher.ended("failed", "CardDisconnected: the card is gone")
    wait_for(source, lambda s: s.status.state is RunState.FAULT)
    assert source.snapshot().status.detail == "CardDisconnected: the card is gone"
    source.close()


def test_a_reader_that_comes_before_the_first_word_sees_a_run_that_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = tmp_path / "r.h5"
    with Publisher(Interrupts()) as publisher:
        with monkeypatch.context() as patch:
            # Nothing of what the run says is passed on yet: the reader has the board as it was made.
            patch.setattr(publisher, "_pass_on", lambda: None)
            publisher.began(record, make_run())
            source = attach(record)
            wait_for(source, lambda s: s.status.detail == "starting")
            assert source.snapshot().status.state is RunState.OPENING
            assert source.snapshot().description is None
        wait_for(source, lambda s: s.description is not None)
        source.close()


def test_a_stalled_reader_is_dropped_after_a_bounded_backlog() -> None:
    from multiprocessing.connection import Connection

    ours, theirs = socket.socketpair()
    commands: list[str] = []
    reader = Reader(Connection(ours.detach()), [], commands.append)
    words: list[Word] = [Turned(RunState.LEARNING, "x" * 100)] * 1000
    longest = 0.0
    for _ in range(200):
        begin = time.monotonic()
        reader.put(words)
        longest = max(longest, time.monotonic() - begin)
        if reader.gone:
            break
    assert reader.gone
    assert len(reader._words) <= 21_000
    reader.close(0.1)
    theirs.close()
