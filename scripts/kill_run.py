"""Kill real runs with SIGKILL at random moments, many times, and count what is lost of their records.

    python scripts/kill_run.py --tries 100

Each try is ``hgx run --json`` in a process of its own, killed a random time after a random line of its output; the
first line says that the record has been opened. Every iteration that was announced before the kill must be in the
record, with its checkpoint, and the run must be fit to be resumed.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

# Imported before the runs are forked, so that a try takes the time of the run and not that of its imports.
from hgx_lab import experiments
from hgx_lab.cli import main as hgx
from hgx_lab.errors import HgxError
from hgx_lab.records import Record, open_record

RUN_FILE = """\
experiment: train
name: kill
seed: 1
bench:
  kind: simulated
  rate: 20 kHz
  block: 2 ms
  lead: 4 ms
  device: {kind: smooth, seed: 3}
electrodes:
  - {name: e0, role: control, limits: [-1 V, 1 V]}
  - {name: e1, role: input,   limits: [-1 V, 1 V]}
  - {name: e2, role: input,   limits: [-1 V, 1 V]}
  - {name: e3, role: control, limits: [-1 V, 1 V]}
tones: {period: 10 ms, band: [300 Hz, 2 kHz], amplitude: 20 mV}
timing: {slope: 500 V/s, settle: 1 ms, periods: 1}
calibration: {kind: fixed, delay: 60 us}
task: {kind: gate, gate: XOR, inputs: {e1: [-0.5 V, 0.5 V], e2: [-0.5 V, 0.5 V]}}
stop: {iterations: 1000000}
record: {raw: true}
"""


@dataclass(frozen=True, slots=True)
class Try:
    """One kill: iterations announced and found, raw samples found; or what is wrong."""

    announced: int
    found: int = 0
    raw_samples: int = 0
    error: str = ""


def start(run_file: Path, record: Path) -> tuple[int, int]:
    """Fork ``hgx run``; its process and the end of the pipe that its lines come out of."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    process = os.fork()
    if process == 0:
        os.close(reading)
        os.dup2(writing, sys.stdout.fileno())
        _become(run_file, record)
    os.close(writing)
    return process, reading


def _become(run_file: Path, record: Path) -> NoReturn:
    sys.argv = ["hgx", "run", str(run_file), "--json", "--output", str(record)]
    try:
        hgx()
    finally:
        os._exit(70)  # it wasn't killed: the parent's clean-up isn't this process's business


def kill_once(run_file: Path, record: Path, lines: int, seconds: float) -> Try:
    """Start a run, kill it so many seconds after its n-th line, read what is left."""
    process, reading = start(run_file, record)
    said = b""
    deadline = float("inf")
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([reading], [], [], min(left, 60))
        data = os.read(reading, 65536) if ready else b""
        if not data and deadline == float("inf"):
            break  # it ended, or hangs, before it began
        said += data
        if deadline == float("inf") and said.count(b"\n") >= lines:
            deadline = time.monotonic() + seconds
    os.kill(process, signal.SIGKILL)
    while data := os.read(reading, 65536):
        said += data
    os.close(reading)
    _, status = os.waitpid(process, 0)
    if not (os.WIFSIGNALED(status) and b'"began"' in said):
        return Try(0, error="the run didn't start")
    told = [json.loads(line) for line in said.split(b"\n")[:-1]]
    announced = sum(line["event"] == "iteration" for line in told)
    try:
        with open_record(record) as opened:
            found, raw = check(opened)
        if found:
            experiments.resumed(record)
    except (HgxError, ValueError) as error:
        return Try(announced, error=str(error))
    return Try(announced, found, raw)


def check(record: Record) -> tuple[int, int]:
    """Iterations and raw samples that a killed record has; ValueError where it contradicts itself."""
    table, count = record["iterations"], record.rows("iterations")
    raw = record.raw()
    samples = raw["sample"].values
    right = (
        record.status == "killed"
        and np.array_equal(table["iteration"], np.arange(count))
        and bool(np.isfinite(table["outputs"].values).all())
        and record.checkpoints == count
        and (not count or record.checkpoint().state["completed"] == count)
        and record.rows("readings") >= 4 * count
        and np.array_equal(samples, np.arange(len(samples)))
        and bool(np.isfinite(raw.values).all())
    )
    if not right:
        raise ValueError(f"{record.path}: {count} iterations that don't fit together ({record.status})")
    return count, len(samples)


def kill_many(folder: Path, tries: int, seed: int, longest: int) -> list[Try]:
    """Kill ``tries`` runs up to 20 ms, the time of an iteration, after one of their first ``longest`` lines."""
    run_file = folder / "kill.yaml"
    run_file.write_text(RUN_FILE, encoding="utf-8")
    rng = np.random.default_rng(seed)
    moments = zip(rng.integers(1, longest + 1, tries), rng.uniform(0, 0.02, tries), strict=True)
    return [kill_once(run_file, folder / f"{i}.h5", int(n), float(wait)) for i, (n, wait) in enumerate(moments)]


def main() -> int:
    """Print how many records opened and the most that was lost; 0 if no announced iteration was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=int, default=30, help="Lines of output after which a run is killed at most.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tries = kill_many(Path(folder), arguments.tries, arguments.seed, arguments.longest)
    opened = [t for t in tries if not t.error]
    for failed in (t for t in tries if t.error):
        print(failed.error)
    lost = max((t.announced - t.found for t in opened), default=0)
    print(f"{len(opened)} of {len(tries)} killed runs have a record that opens and is fit to be resumed;")
    print(
        f"{sum(t.found for t in opened)} iterations found, median {np.median([t.found for t in opened]):.0f} a record, "
        f"and {sum(t.raw_samples for t in opened)} raw samples;"
    )
    print(f"most lost: {max(0, lost)} announced iteration(s).")
    return 0 if len(opened) == len(tries) and lost <= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
