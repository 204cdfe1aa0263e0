"""A run in another process, watched, commanded, killed; and those who watch it, stalled and killed."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hgx_lab.errors import ExperimentError
from hgx_lab.live import LiveSource, RecordSource, RunState, attach
from hgx_lab.live._door import Door, cut, door_path
from hgx_lab.live._run_process import RunProcess
from hgx_lab.records import open_record
from tests.live.live_runs import LONG, learning, start, wait_for
from tests.support.runs import TEXT
from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and Unix sockets")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[RunProcess]:
    process = start(tmp_path)
    yield process
    if process.running:
        process.process.kill()
    process.process.wait(10)
    process.close()


def assert_interrupted_at_rest(record: Path) -> None:
    with open_record(record) as opened:
        assert opened.status == "interrupted"
        assert [e.kind for e in opened.events][-2:] == ["at-rest", "end"]
        assert opened.rows("iterations") == opened.checkpoints > 0


def test_watch_pause_resume_and_stop(run: RunProcess) -> None:
    wait_for(run, learning(2))
    assert stat.S_IMODE(door_path(run.record).stat().st_mode) == 0o600
    late = attach(run.record)
    assert isinstance(late, LiveSource)
    wait_for(late, lambda s: s.trace is not None and learning(3)(s))
    seen = late.snapshot()
    assert seen.description is not None
    assert seen.description.controls == ("a", "b")
    # The late one has the whole history too.
    assert seen.history["iteration"].tolist() == list(range(len(seen.history)))
    assert {"started"} <= {e.kind for e in seen.events}
    late.pause()
    wait_for(run, lambda s: s.status.state is RunState.PAUSED)
    before = late.snapshot().status.iteration
    trace = wait_for(late, lambda s: s.trace is not None and s.trace.start + len(s.trace.current) > 0)
    assert trace < 1
    assert late.snapshot().status.iteration == before
    late.resume()
    wait_for(late, learning(before + 2))
    late.close()
    run.stop()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    assert "dashboard" in run.snapshot().status.detail
    run.process.wait(10)
    assert not door_path(run.record).exists()
    assert_interrupted_at_rest(run.record)
    past = attach(run.record)
    assert isinstance(past, RecordSource)
    shown, lived = past.snapshot(), run.snapshot()
    assert shown.status.state is RunState.FINISHED
    for name in ("loss", "controls", "gradient", "derivative", "quadrature"):
        np.testing.assert_array_equal(shown.history[name], lived.history[name])
    past.close()


def test_rest_now(run: RunProcess) -> None:
    wait_for(run, learning(2))
    run.rest_now()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    run.process.wait(10)
    assert_interrupted_at_rest(run.record)


def test_a_killed_run_is_lost_within_a_second(run: RunProcess) -> None:
    wait_for(run, learning(2))
    run.process.kill()
    assert wait_for(run, lambda s: s.status.state is RunState.LOST) < 1
    source = attach(run.record)  # the door is still there, with nobody behind it
    assert source.snapshot().status.state is RunState.LOST
    source.close()


def test_a_killed_or_stalled_reader_leaves_the_run_alone(run: RunProcess) -> None:
    wait_for(run, learning(1))
    code = "import sys, time; from pathlib import Path; from hgx_lab.live import attach; "
    code += "s = attach(Path(sys.argv[1])); print(type(s).__name__, flush=True); time.sleep(60)"
    readers = [
        subprocess.Popen([sys.executable, "-c", code, str(run.record)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "LiveSource\n"
    readers[0].kill()
    os.kill(readers[1].pid, signal.SIGSTOP)
    before = run.snapshot().status.iteration
    wait_for(run, learning(before + 5))
    readers[1].kill()
    for reader in readers:
        reader.communicate()
    run.stop()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    run.process.wait(10)
    assert_interrupted_at_rest(run.record)


def test_whoever_stalls_at_the_door_keeps_nobody_from_ending(run: RunProcess) -> None:
    import socket

    wait_for(run, learning(1))
    door = Door.read(run.record)
    assert door is not None
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(door.address))
        run.stop()
        run.process.wait(15)
    assert_interrupted_at_rest(run.record)


def test_stop_and_rest_reach_an_own_run_that_has_lost_its_connection(run: RunProcess) -> None:
    wait_for(run, learning(2))
    source = run._source
    assert isinstance(source, LiveSource)
    door_path(run.record).unlink()  # so that there is no way back
    cut(source._connection)
    deadline = time.monotonic() + 20
    while source.connected:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert run.snapshot().status.state is RunState.LEARNING  # it goes on, and nobody says otherwise
    with pytest.raises(ExperimentError, match="can't be reached"):
        run.pause()
    run.rest_now()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    run.process.wait(20)
    assert_interrupted_at_rest(run.record)


def test_an_own_run_whose_file_is_refused_is_shown_and_comes_to_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hgx_lab.live._trust._PRIVATE", 0o644)  # this process believes no file of a run
    run = start(tmp_path)
    wait_for(run, learning(2))
    assert isinstance(run._source, RecordSource)
    assert "not attached" in [event.kind for event in run.snapshot().events]
    run.stop()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    run.process.wait(20)
    run.close()
    assert_interrupted_at_rest(run.record)


def test_files_in_the_working_folder_are_no_part_of_the_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("h5py", "signal", "hgx_lab"):
        Path(f"{name}.py").write_text("raise SystemExit(77)\n")
    run = start(tmp_path, TEXT)
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    assert run.process.wait(20) == 0
    run.close()


def test_an_unplugged_card_is_a_fault_with_its_message(tmp_path: Path) -> None:
    text = LONG.replace("  delay: 100 us\n", "  delay: 100 us\n  faults: [{kind: disconnect, at: 1.5 s}]\n", 1)
    run = start(tmp_path, text)
    wait_for(run, learning(2))
    wait_for(run, lambda s: s.status.state is RunState.FAULT)
    shown = time.time()
    run.process.wait(10)
    assert "CardDisconnected" in run.snapshot().status.detail
    with open_record(run.record) as record:
        assert record.status == "failed"
        fault = next(e for e in record.events if e.kind == "fault")
        assert shown - fault.time < 1
    run.close()


def test_a_start_that_fails_is_a_fault_with_its_remedy(tmp_path: Path) -> None:
    run = RunProcess(
        TEXT.replace("limits: [-1 V, 1 V], rest: 0.1 V", "limits: [-1 V, 1 V], rest: 3 V"), tmp_path / "r.h5"
    )
    wait_for(run, lambda s: s.status.state is RunState.FAULT)
    assert "rest" in run.snapshot().status.detail
    assert run.process.wait(10) == 2
    run.close()


def test_a_run_that_is_over_at_once_is_seen_to_its_end(tmp_path: Path) -> None:
    run = start(tmp_path, TEXT)
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    wait_for(run, lambda s: s.status.iteration == 4)
    assert len(run.snapshot().history) == 4
    run.process.wait(10)
    run.close()


@pytest.mark.parametrize("name", ["SIGHUP", "SIGQUIT", "SIGTERM"])
def test_a_run_that_is_told_to_go_by_a_signal_has_finished(run: RunProcess, name: str) -> None:
    wait_for(run, learning(1))
    run.process.send_signal(getattr(signal, name))
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    assert name in run.snapshot().status.detail
    run.process.wait(10)
    assert_interrupted_at_rest(run.record)


def test_a_run_that_is_stopped_before_it_begins_isnt_a_fault(tmp_path: Path) -> None:
    """The signal strikes while the program is still being imported, and has its usual effect."""
    run = start(tmp_path)
    run.stop()
    wait_for(run, lambda s: s.status.state is RunState.FINISHED)
    assert not run.record.exists()
    assert run.process.wait(10) == -signal.SIGTERM
    run.close()


STARTER = """
import sys, time
from pathlib import Path
from hgx_lab.live._run_process import RunProcess
run = RunProcess(Path(sys.argv[1]).read_text(), Path(sys.argv[2]))
print("started", run.process.pid, flush=True)
time.sleep(600)
"""


def test_a_closed_terminal_ends_the_window_and_not_its_run(tmp_path: Path) -> None:
    """``hgx dashboard`` in a terminal, a run started in its window, and the terminal closed."""
    text = tmp_path / "long.yaml"
    text.write_text(LONG, encoding="utf-8")
    record = tmp_path / "run.h5"
    terminal = Terminal(
        [sys.executable, "-c", STARTER, str(text), str(record)],
        PYTHONPATH=os.pathsep.join([str(ROOT), str(ROOT / "drivers")]),
    )
    terminal.read("started")
    terminal.close()
    assert terminal.process.wait(30) == -signal.SIGHUP
    deadline = time.monotonic() + 60.0
    while not (record.exists() and Door.read(record)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    source = attach(record)
    wait_for(source, learning(1))
    source.stop()
    wait_for(source, lambda s: s.status.state is RunState.FINISHED)
    source.close()
    assert_interrupted_at_rest(record)
