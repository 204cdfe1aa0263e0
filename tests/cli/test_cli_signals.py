"""A real ``hgx run`` in a process of its own: signals, a closed pipe, kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hgx_lab.experiments import resumed
from hgx_lab.records import Record, open_record

ROOT = Path(__file__).parents[2]
Popen = Callable[..., "subprocess.Popen[str]"]

CLOCKS = {
    "fast": [("stop: {iterations: 4}", "stop: {iterations: 1000000}")],
    "real-time": [
        ("stop: {iterations: 4}", "stop: {iterations: 1000000}"),
        ("  kind: simulated", "  kind: simulated\n  clock: real-time\n  output_buffer: 2 s"),
        # A machine with other things to do may be late.
        ("  block: 2 ms\n  lead: 4 ms", "  block: 5 ms\n  lead: 1 s"),
    ],
}


def lengthen(run_file: Path, clock: str) -> Path:
    """The run file, to go on for hours."""
    text = run_file.read_text("utf-8")
    for old, new in CLOCKS[clock]:
        assert old in text
        text = text.replace(old, new)
    run_file.write_text(text, "utf-8")
    return run_file


def wait_for(process: subprocess.Popen[str], wanted: dict[str, Any]) -> None:
    """Read lines until one says this; the end of the output is a failure with what was said instead."""
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        if wanted.items() <= said.items():
            return
    raise AssertionError(f"never said {wanted}: {process.communicate()}")


def assert_ended_at_rest(record: Record) -> None:
    kinds = [e.kind for e in record.events]
    assert "not-at-rest" not in kinds
    last_ramp = max(i for i, kind in enumerate(kinds) if kind == "ramp-to-rest")
    assert "at-rest" in kinds[last_ramp:]
    assert kinds[-1] == "end"


BEGAN = {"event": "began"}
STARTED = {"event": "acquisition", "kind": "started"}
LATER = {"event": "iteration", "iteration": 1}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "code", "moment", "clock"),
    [
        (signal.SIGINT, 130, LATER, "fast"),
        (signal.SIGTERM, 143, LATER, "fast"),
        (signal.SIGINT, 130, LATER, "real-time"),
        (signal.SIGTERM, 143, LATER, "real-time"),
        (signal.SIGTERM, 143, STARTED, "real-time"),
        (signal.SIGHUP, 129, LATER, "real-time"),
        (signal.SIGQUIT, 131, STARTED, "fast"),
        (signal.SIGINT, 130, BEGAN, "fast"),
    ],
)
def test_a_signal_ends_a_run_at_rest(
    number: signal.Signals,
    code: int,
    moment: dict[str, Any],
    clock: str,
    run_file: Path,
    tmp_path: Path,
    popen: Popen,
) -> None:
    long_run = lengthen(run_file, clock)
    record = tmp_path / "r.h5"
    with popen("run", long_run, "--json", "-o", record) as process:
        wait_for(process, moment)
        process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == code, errors
    assert f"Stopped by {number.name}" in errors
    assert "Traceback" not in errors
    with open_record(record) as opened:
        assert opened.status == "interrupted"
        assert number.name in opened.reason
        assert_ended_at_rest(opened)
        if moment is LATER:
            assert opened.rows("iterations") >= 2
            assert opened.rows("iterations") == opened.checkpoints
    if moment is LATER:
        resumed(record)


@pytest.mark.slow
def test_signals_in_a_hurry_change_nothing(run_file: Path, tmp_path: Path, popen: Popen) -> None:
    """Somebody presses Ctrl-C again and again: the way to rest isn't interrupted."""
    long_run = lengthen(run_file, "real-time")
    record = tmp_path / "r.h5"
    with popen("run", long_run, "--json", "-o", record) as process:
        wait_for(process, {"event": "iteration", "iteration": 0})
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGINT):
            process.send_signal(number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode in (130, 143), errors
    with open_record(record) as opened:
        assert opened.status == "interrupted"
        assert_ended_at_rest(opened)


@pytest.mark.slow
def test_kill_9_loses_nothing_that_was_announced() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "kill_run.py"), "--tries", "10", "--seed", "11"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 of 10 killed runs" in done.stdout
    assert "most lost: 0 announced" in done.stdout


def test_a_program_error_shows_its_traceback_and_is_1(run_file: Path, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "import hgx_lab.experiments._train as train\n"
        "from hgx_lab.cli import main\n"
        "class Loss:\n"
        "    def evaluate(self, outputs, targets):\n"
        "        raise ZeroDivisionError('in the loss')\n"
        "train.make_loss = lambda run: Loss()\n"
        f"sys.argv = ['hgx', 'run', {str(run_file)!r}, '-q', '-o', {str(tmp_path / 'r.h5')!r}]\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert "ZeroDivisionError: in the loss" in done.stderr
    with open_record(tmp_path / "r.h5") as opened:
        assert (opened.status, opened.reason) == ("failed", "ZeroDivisionError: in the loss")
        assert_ended_at_rest(opened)
