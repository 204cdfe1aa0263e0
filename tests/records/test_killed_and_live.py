from __future__ import annotations

import subprocess
import sys

import h5py
import pytest

from hgx_lab.records import Record, list_records, open_record, repair


@pytest.fixture
def stepwise(kill_test, path):
    """A writer in another process, which writes a block for each call; ``kill`` kills it."""

    class Writer:
        def __init__(self) -> None:
            command = [sys.executable, kill_test.__file__, "--write", str(path), "--stepwise"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            self.expect("created")

        def expect(self, words: str) -> None:
            assert self.process.stdout.readline().strip() == words

        def write(self, block: int) -> None:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            self.expect(f"begin {block}")
            self.expect(f"done {block}")

        def finish(self) -> None:
            self.process.stdin.close()
            assert self.process.wait(30) == 0

    writer = Writer()
    with writer.process:
        yield writer
        writer.process.kill()


def test_reading_while_another_process_writes(kill_test, stepwise, path):
    with open_record(path) as record:
        for block in range(12):
            stepwise.write(block)
            record.refresh()
            assert kill_test.check_blocks(record) == block + 1
            assert record.status == "running"
        snapshot = record.rows("rows")
        stepwise.write(12)
        assert record["rows"].sizes["row"] == snapshot  # until refreshed
        stepwise.finish()
        record.refresh()
        assert (record.rows("rows"), record.status) == (13, "completed")


def test_every_glimpse_of_a_running_record_is_consistent(kill_test, path):
    command = [sys.executable, kill_test.__file__, "--write", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "created\n"
        counts = []
        with open_record(path) as record:
            while len(counts) < 25 or counts[-1] < 10:
                process.stdout.readline()
                record.refresh()
                counts.append(kill_test.check_blocks(record))
        process.kill()
    assert counts == sorted(counts)


def test_a_killed_writer_leaves_a_readable_record(kill_test, stepwise, path):
    for block in range(3):
        stepwise.write(block)
    stepwise.process.kill()
    stepwise.process.wait()
    before = path.read_bytes()
    with open_record(path) as record:
        assert (record.status, record.reason) == ("killed", "")
        assert kill_test.check_blocks(record) == 3
    assert path.read_bytes() == before
    assert [entry.status for entry in list_records(path.parent)] == ["killed"]

    assert repair(path) is True
    with h5py.File(path, "r") as file:
        assert file["tables/rows/index"][()].tolist() == [0, 1, 2]
    with Record(path) as record:
        assert record.status == "killed"
        assert kill_test.check_blocks(record) == 3
    assert repair(path) is False


@pytest.mark.slow
def test_killed_at_random_moments(kill_test, tmp_path):
    tries = kill_test.kill_many(tmp_path, 20, seed=1)
    assert [t.error for t in tries if t.error] == []
    assert {t.status for t in tries} == {"killed"}
    assert max(t.begun - t.found for t in tries) <= 1
    assert all(t.found >= t.acknowledged for t in tries)
    assert len({t.found for t in tries}) > 5  # the moments did differ
