"""Runs in other processes when the first one is told to go, dies, or loses one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hgx_lab.records import open_record
from tests.support.terminal import Terminal

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="signals, and processes in /proc"),
]

ROOT = Path(__file__).parents[2]
#: Three jobs that go on for hours, on two processes.
PROGRAM = """
import sys
from pathlib import Path
from hgx_drivers.errors import DriverError
from hgx_lab.errors import HgxError
from hgx_lab.reproduction import Job, do_jobs
from tests.support.runs import TEXT

if __name__ == "__main__":
    folder, processes = Path(sys.argv[1]), int(sys.argv[2])
    text = TEXT.replace("stop: {iterations: 4}", "stop: {iterations: 1000000}")
    jobs = [Job(name, text.replace("name: small", f"name: {name}")) for name in "abc"]
    try:
        do_jobs(jobs, folder, processes=processes)
    except (HgxError, DriverError) as error:
        (folder / "said.txt").write_text(str(error))
        sys.exit(error.exit_code)
"""


def offspring(process: int) -> list[int]:
    with suppress(FileNotFoundError):
        text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
        return [int(child) for child in text.split()]
    return []


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: Callable[[], object], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Started:
    """The program, and what it does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "program.py"
        self.script.write_text(PROGRAM, encoding="utf-8")
        search = os.pathsep.join([str(ROOT), str(ROOT / "drivers")])
        self.environment = {"PYTHONPATH": search, "OPENBLAS_NUM_THREADS": "1"}
        self.run: subprocess.Popen[bytes] | None = None
        self.known: set[int] = set()

    def start(self, processes: int, *, terminal: bool = False) -> Terminal | None:
        command = [sys.executable, str(self.script), str(self.folder), str(processes)]
        shown = Terminal(command, **self.environment) if terminal else None
        self.run = shown.process if shown else subprocess.Popen(command, env=os.environ | self.environment)
        # Every run is at work on its device.
        wait_for(lambda: len([r for r in self.records if self.iterations(r)]) == min(processes, 2))
        self.known = set(offspring(self.run.pid))
        return shown

    @property
    def records(self) -> list[Path]:
        return sorted(self.folder.glob("*.h5"))

    @staticmethod
    def iterations(record: Path) -> int:
        with suppress(Exception), open_record(record) as opened:
            return opened.rows("iterations")
        return 0

    def assert_all_ended(self, reason: str) -> None:
        wait_for(lambda: not [process for process in self.known if alive(process)])
        assert self.records
        for path in self.records:
            with open_record(path) as record:
                assert record.status == "interrupted"
                assert reason in record.reason
                kinds = [event.kind for event in record.events]
                assert kinds[-2:] == ["at-rest", "end"]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    made = Started(tmp_path)
    yield made
    for process in (*made.known, *([made.run.pid] if made.run else [])):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    if made.run:
        made.run.wait(10)


def test_a_signal_to_the_first_process_ends_all(started: Started) -> None:
    started.start(2)
    assert started.run is not None
    started.run.terminate()
    assert started.run.wait(60) == 128 + signal.SIGTERM
    started.assert_all_ended("the process that asked for the run")
    # The third job isn't begun when the first two are stopped.
    assert len(started.records) == 2
    assert "Stopped by SIGTERM" in (started.folder / "said.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("processes", [1, 2])
def test_a_closed_terminal_ends_all(started: Started, processes: int) -> None:
    """All of its processes get SIGHUP when the leader of the session has ended; the first one gets it before."""
    terminal = started.start(processes, terminal=True)
    assert terminal is not None
    terminal.close()
    assert terminal.process.wait(60) == 128 + signal.SIGHUP
    started.assert_all_ended("SIGHUP" if processes == 1 else "the process that asked for the run")
    assert len(started.records) == processes


def test_ctrl_c_in_a_terminal_ends_all(started: Started) -> None:
    """The terminal sends it to all processes at once."""
    terminal = started.start(2, terminal=True)
    assert terminal is not None
    os.write(terminal.master, b"\x03")
    assert terminal.process.wait(60) == 130
    started.assert_all_ended("the process that asked for the run")
    terminal.close()


def test_runs_whose_first_process_is_killed_end_at_rest_and_go(started: Started) -> None:
    started.start(2)
    assert started.run is not None
    started.run.kill()
    started.run.wait(10)
    started.assert_all_ended("the process that asked for the run")


def test_a_process_that_is_killed_is_named_and_ends_the_others(started: Started) -> None:
    started.start(2)
    assert started.run is not None
    workers = [p for p in started.known if b"spawn_main" in Path(f"/proc/{p}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    assert started.run.wait(60) == 1
    assert "ended from outside" in (started.folder / "said.txt").read_text(encoding="utf-8")
    wait_for(lambda: not [process for process in started.known if alive(process)])
