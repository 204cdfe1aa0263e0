"""Kill a process with SIGKILL while it writes a record, many times, and count what is lost.

    python scripts/kill_test.py --tries 100

Each try starts a writer that appends blocks as fast as it can (a table row, an event, a checkpoint and 72 kB of
raw input a block), kills it at a random moment, and reads the record. Every number in it is checked.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hgx_lab.errors import RecordError
from hgx_lab.records import (
    Column,
    Coordinate,
    RawSpec,
    Record,
    RecordWriter,
    TableSpec,
    list_records,
    open_record,
)

SAMPLES = 4500  # a channel and block: 2 x 4500 x 8 bytes = 72 kB
TABLE = TableSpec("rows", (Column("index", dtype="int64"), Column("values", (200,), dims=("item",))), "row")


def write_blocks(path: Path, *, stepwise: bool = False) -> None:
    """Write for ever, saying "created", then "begin" and "done" around each block; stepwise: one a line of stdin."""
    raw = RawSpec(("a", "b"), 1e5, "float64")
    coordinates = [Coordinate("item", np.arange(200.0))]
    header = {"experiment": "kill-test", "run_file": {}}
    with RecordWriter.create(path, header=header, tables=[TABLE], coordinates=coordinates, raw=raw) as record:
        print("created", flush=True)
        block = 0
        while not stepwise or sys.stdin.readline():
            print("begin", block, flush=True)
            record.append("rows", index=block, values=np.full(200, block + 0.5))
            record.event("block", block * SAMPLES, f"block {block}")
            record.checkpoint(block, {"values": np.full(50, float(block))})
            record.append_raw(block * SAMPLES, block + np.linspace(0, 0.5, SAMPLES) * np.array([[1.0], [-1.0]]))
            record.flush()
            print("done", block, flush=True)
            block += 1


def check_blocks(record: Record) -> int:
    """How many blocks the record has; ValueError where a number in it is wrong."""
    count = record.rows("rows")
    table = record["rows"]
    last = np.arange(max(0, count - 3), count)  # of raw input only the last few: the rest is big
    raw = record.raw(max(0, count - 3) * SAMPLES)
    expected = last[:, None] + np.linspace(0, 0.5, SAMPLES)
    right = (
        np.array_equal(table["index"], np.arange(count))
        and np.array_equal(table["values"], np.arange(count)[:, None] + np.full(200, 0.5))
        and [e.message for e in record.events if e.kind == "block"] == [f"block {i}" for i in range(count)]
        and record.checkpoints == count
        and (not count or record.checkpoint().state["values"][-1] == count - 1)
        and np.array_equal(raw.sel(channel="a"), expected.ravel())
        and np.array_equal(raw["sample"], np.arange(max(0, count - 3) * SAMPLES, count * SAMPLES))
    )
    if not right:
        raise ValueError(f"{record.path}: the {count} blocks aren't what was written")
    return count


@dataclass(frozen=True, slots=True)
class Try:
    """One kill: blocks begun, acknowledged and found; or why the record couldn't be opened."""

    begun: int
    acknowledged: int
    found: int
    status: str
    error: str = ""


def kill_once(path: Path, seconds: float) -> Try:
    """Start a writer, kill it so many seconds after it has created its record, read what is left."""
    command = [sys.executable, __file__, "--write", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        if process.stdout is None or process.stdout.readline() != "created\n":
            process.kill()
            raise RuntimeError("the writer didn't start")
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        said = process.stdout.read().splitlines()
        timer.join()
    begun = sum(line.startswith("begin") for line in said)
    acknowledged = sum(line.startswith("done") for line in said)
    try:
        with open_record(path) as record:
            return Try(begun, acknowledged, check_blocks(record), record.status)
    except (RecordError, ValueError) as error:
        return Try(begun, acknowledged, 0, "", str(error))


def kill_many(folder: Path, tries: int, seed: int) -> list[Try]:
    """Kill ``tries`` writers at moments spread evenly over the first 0.2 s of writing."""
    moments = np.random.default_rng(seed).uniform(0, 0.2, tries)
    return [kill_once(folder / f"{i}.h5", float(moment)) for i, moment in enumerate(moments)]


def main() -> int:
    """Print how many records opened and the most that was lost; 0 if every one lost one block at most."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--stepwise", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write is not None:
        write_blocks(arguments.write, stepwise=arguments.stepwise)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        tries = kill_many(Path(folder), arguments.tries, arguments.seed)
        listed = sum(not entry.error for entry in list_records(folder))
    opened = [t for t in tries if not t.error]
    for failed in (t for t in tries if t.error):
        print(failed.error)
    lost = max((t.begun - t.found for t in opened), default=0)
    lost_acknowledged = max((t.acknowledged - t.found for t in opened), default=0)
    print(f"{len(opened)} of {len(tries)} records opened ({listed} listed), every number in them right;")
    print(f"{sum(t.found for t in opened)} blocks found, median {np.median([t.found for t in opened]):.0f} a record;")
    print(f"most lost: {lost} block(s) being written, {max(0, lost_acknowledged)} block(s) already flushed.")
    return 0 if len(opened) == len(tries) and lost <= 1 and lost_acknowledged <= 0 else 1


if __name__ == "__main__":
    sys.exit(main())
