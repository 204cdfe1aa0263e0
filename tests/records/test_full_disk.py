from __future__ import annotations

import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest

from hgx_lab.errors import RecordError
from hgx_lab.records import open_record


def test_a_full_disk_is_seen_before_it_hurts(make, path, row, monkeypatch):
    writer = make(reserve_bytes=32_000_000)
    writer.append("steps", **row(0))
    writer.flush()
    writer.append("steps", **row(1))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, free=12_300_000))
        with pytest.raises(RecordError, match=r"nearly full: 12.3 MB free, 32.0 MB needed. Free some space"):
            writer.flush()
    writer.flush()  # nothing was lost
    writer.append("steps", **row(2))
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(total=10**9, free=12_300_000))
        writer.close("failed", "disk full")  # the reserve is for this
    with open_record(path) as record:
        assert record["steps"]["step"].values.tolist() == [0, 1, 2]
        assert (record.status, record.reason) == ("failed", "disk full")


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes")
@pytest.mark.parametrize("limit", [150_000, 1_000_000, 3_210_987])
def test_a_failed_write_leaves_what_was_flushed(path, limit):
    # A limit on the file size fails a write as a full disk does.
    code = """
import resource, sys
import numpy as np
from hgx_lab.errors import RecordError
from hgx_lab.records import Column, RecordWriter, TableSpec
writer = RecordWriter.create(sys.argv[1], header={}, tables=[TableSpec("t", tuple(
    Column(f"c{i}", (50,), dims=("item",)) for i in range(8)))])
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
n = 0
try:
    while True:
        writer.append("t", **{f"c{i}": np.full(50, float(n)) for i in range(8)})
        writer.event("row", n)
        writer.flush()
        n += 1
except RecordError as error:
    print(n, str(error).replace(chr(10), " "))
try:
    writer.event("more")
except RecordError as error:
    print(error)
writer.close("failed", "full")
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(limit)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    count = int(first.split()[0])
    assert f"failed after {limit / 1e6:.3f} MB" in first or count == 0
    assert "What was flushed before can be read" in first
    assert "ended with a failed write" in second
    with open_record(path) as record:
        assert record.rows("t") == count
        for i in range(8):
            assert (record["t"][f"c{i}"].values.mean(axis=1) == range(count)).all()
        assert record.status == "killed"
