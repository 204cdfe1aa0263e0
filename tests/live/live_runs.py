"""Runs in processes of their own, and waiting for what they say."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from hgx_lab.live import RunState, Snapshot, Source
from hgx_lab.live._run_process import RunProcess
from tests.support.runs import TEXT

#: In real time, for a minute: long enough to be interfered with.
LONG = (
    TEXT.replace("stop: {iterations: 4}", "stop: {iterations: 600}")
    .replace("kind: simulated\n", "kind: simulated\n  clock: real-time\n")
    .replace("block: 2 ms", "block: 10 ms")
    .replace("lead: 4 ms", "lead: 300 ms\n  output_buffer: 600 ms")
)


def wait_for(source: Source | RunProcess, seen: Callable[[Snapshot], bool], seconds: float = 30.0) -> float:
    """Wait until a snapshot is as wanted; the seconds that it took."""
    begin = time.monotonic()
    while not seen(snapshot := source.snapshot()):
        if time.monotonic() - begin > seconds:
            raise AssertionError(f"not seen within {seconds} s: {snapshot.status}")
        time.sleep(0.01)
    return time.monotonic() - begin


def learning(iterations: int) -> Callable[[Snapshot], bool]:
    return lambda s: s.status.state is RunState.LEARNING and s.status.iteration >= iterations


def start(folder: Path, text: str = LONG) -> RunProcess:
    return RunProcess(text, folder / "run.h5")
