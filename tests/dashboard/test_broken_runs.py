"""Whatever happens to a run under the window: what is on the screen is true soon after, and nothing hangs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK
from hgx_lab.live import RunProcess, RunState
from hgx_lab.records import open_record
from tests.live.live_runs import wait_for

XOR = Path(__file__).parents[2] / "configs" / "xor.yaml"
SLOW = {"bench.clock": "real-time", "bench.lead": 0.3, "bench.output_buffer": 0.6, "stop.margin": None}


@pytest.fixture
def desk(qtbot: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk(DARK, settings, tmp_path / "runs")
    monkeypatch.setattr(made, "ask_before_closing", lambda: "leave")
    qtbot.addWidget(made)
    made.show()
    yield made
    if isinstance(made.sources.own, RunProcess):
        made.sources.own.rest_now()
        made.sources.own.process.wait(timeout=30)


def started(desk: Desk, qtbot: Any, **changes: Any) -> RunProcess:
    run = change_run_file(load_run_file(XOR), {**SLOW, **changes})
    desk.start_run(run.to_yaml(), Path.cwd())
    assert isinstance(desk.source, RunProcess)
    qtbot.waitUntil(lambda: desk.snapshot.status.iteration > 0, timeout=60_000)
    return desk.source


def test_a_run_that_is_killed_is_shown_as_lost(desk: Desk, qtbot: Any) -> None:
    source = started(desk, qtbot)
    source.process.kill()
    qtbot.waitUntil(lambda: desk.snapshot.status.state is RunState.LOST, timeout=30_000)
    assert not desk.now.stop.isEnabled()
    assert desk.board.broken == {}
    with open_record(source.record) as record:
        assert record.rows("iterations") > 0


def test_a_card_that_is_unplugged_is_a_fault_with_its_words(desk: Desk, qtbot: Any) -> None:
    source = started(desk, qtbot, **{"bench.faults": [{"kind": "disconnect", "at": 6.0}]})
    qtbot.waitUntil(lambda: desk.snapshot.status.state is RunState.FAULT, timeout=60_000)
    assert "CardDisconnected" in desk.snapshot.status.detail
    source.process.wait(timeout=30)
    assert source.process.returncode == 4
    with open_record(source.record) as record:
        assert record.status == "failed"


def test_pause_resume_and_stop_reach_the_run(desk: Desk, qtbot: Any) -> None:
    source = started(desk, qtbot)
    desk.now.pause.click()
    qtbot.waitUntil(lambda: desk.snapshot.status.state is RunState.PAUSED, timeout=10_000)
    held = desk.snapshot.status.iteration
    desk.now.pause.click()
    qtbot.waitUntil(lambda: desk.snapshot.status.iteration > held, timeout=10_000)
    desk.now.stop.click()
    qtbot.waitUntil(lambda: not desk.snapshot.status.state.alive, timeout=10_000)
    source.process.wait(timeout=30)
    with open_record(source.record) as record:
        assert record.status == "interrupted"
        kinds = [event.kind for event in record.events]
    assert kinds.index("paused") < kinds.index("resumed") < kinds.index("at-rest", kinds.index("resumed"))


def test_a_window_that_freezes_is_true_again_with_its_next_frame(desk: Desk, qtbot: Any) -> None:
    source = started(desk, qtbot)
    desk._timer.stop()
    frozen = desk.snapshot.status.iteration
    wait_for(source, lambda s: s.status.iteration > frozen + 5)  # the run doesn't wait for the window
    assert desk.snapshot.status.iteration == frozen
    desk.draw()
    assert desk.snapshot.status.iteration > frozen + 5
    desk._timer.start()
