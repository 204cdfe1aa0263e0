from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys

import h5py
import numpy as np
import pytest

from hgx_lab.errors import RecordError
from hgx_lab.records import list_records, open_record, repair
from hgx_lab.records._superblock import checksum, read_superblock


@pytest.fixture
def finished(make, path, row):
    with make() as writer:
        for i in range(20):
            writer.append("steps", **row(i))
            writer.flush()
    return path


def left_open(source, target):
    """A copy of a record that is open for writing: what a killed writer leaves."""
    shutil.copy(source, target)
    return target


def test_missing_and_foreign_files(tmp_path):
    with pytest.raises(RecordError, match="no file"):
        open_record(tmp_path / "none.h5")
    text = tmp_path / "text.h5"
    text.write_text("not HDF5" * 100)
    with pytest.raises(RecordError, match="isn't an HDF5 file"):
        open_record(text)
    (tmp_path / "empty.h5").touch()
    with pytest.raises(RecordError, match=r"isn't an HDF5 file \(0 bytes\)"):
        open_record(tmp_path / "empty.h5")
    for libver in ("earliest", "latest"):
        with h5py.File(tmp_path / "other.h5", "w", libver=libver) as file:
            file["x"] = 1
        with pytest.raises(RecordError, match="not a complete hgx-lab record"):
            open_record(tmp_path / "other.h5")


def test_a_newer_format_is_refused(finished):
    with h5py.File(finished, "r+", libver="latest") as file:
        file.attrs["format_version"] = 2
    with pytest.raises(RecordError, match=r"format version 2; this program reads up to 1\. Update"):
        open_record(finished)


@pytest.mark.parametrize("share", [0.0001, 0.3, 0.7, 0.9999])
def test_a_file_cut_short_is_refused_with_numbers(finished, share):
    whole = finished.read_bytes()
    kept = int(len(whole) * share)
    finished.write_bytes(whole[:kept])
    with pytest.raises(RecordError, match=f"cut short: {kept} of {len(whole)} bytes|isn't an HDF5 file"):
        open_record(finished)


def test_damage_is_a_record_error_or_harmless(finished, rng):
    whole = finished.read_bytes()
    refused = 0
    for _ in range(30):
        broken = bytearray(whole)
        at = int(rng.integers(0, len(whole) - 64))
        broken[at : at + 64] = rng.bytes(64)
        finished.write_bytes(broken)
        try:
            with open_record(finished) as record:
                assert record.status
        except RecordError:
            refused += 1
        assert len(list_records(finished.parent)) == 1
    assert refused > 0


def test_the_checksum_of_the_superblock_is_that_of_hdf5(tmp_path):
    for i in range(5):
        with h5py.File(tmp_path / f"{i}.h5", "w", libver="latest") as file:
            file["x"] = np.zeros(10**i)
        head = (tmp_path / f"{i}.h5").read_bytes()[:48]
        assert struct.unpack("<I", head[44:])[0] == checksum(head[:44])


def test_published_values_of_lookup3():
    # From the driver in Bob Jenkins' lookup3.c.
    assert checksum(b"") == 0xDEADBEEF
    assert checksum(b"Four score and seven years ago") == 0x17770551


def test_a_file_left_open_is_read_as_it_is_and_repaired_on_demand(make, path, row, tmp_path):
    writer = make()
    for i in range(5):
        writer.append("steps", **row(i))
        writer.append_raw(10 * i, np.ones((2, 10)))
        writer.flush()
    copy = left_open(path, tmp_path / "killed.h5")
    with pytest.raises(RecordError, match=f"written by process {os.getpid()}"):
        repair(path)
    writer.close()
    before = copy.read_bytes()
    with open_record(copy) as record:
        assert record.rows("steps") == 5
        assert record.status == "running"  # this process, which wrote it, lives
    assert copy.read_bytes() == before
    with pytest.raises(OSError, match="already open for write"):
        h5py.File(copy, "r")


def test_a_writer_that_had_not_started_swmr(finished, tmp_path):
    # As if another program had opened the record for writing and been killed.
    copy = tmp_path / "copy.h5"
    with h5py.File(finished, "r+", libver="latest") as file:
        file.flush()
        shutil.copy(finished, copy)
    assert read_superblock(copy).left_open
    before = copy.read_bytes()
    with open_record(copy) as record:
        assert record["steps"].sizes["step"] == 20
    assert copy.read_bytes() == before
    assert repair(copy) and not repair(copy)
    with h5py.File(copy, "r") as file:
        assert file["tables/steps/step"].shape == (20,)


def test_rows_that_were_never_completed_are_not_read(make, path, row):
    writer = make()
    writer.append("steps", **row(0))
    writer.flush()
    # What a kill in the middle of a flush leaves: a column that has grown and isn't filled.
    with h5py.File(path, "r", libver="latest", swmr=True, locking="best-effort"):
        step = writer._file._columns["steps"]["step"]
        step.append(np.array([9, 9], dtype=np.int32))
        writer._file._file.flush()
        with open_record(path) as record:
            assert record["steps"]["step"].values.tolist() == [0]
    step.rewind(1)


@pytest.mark.parametrize("setting", ["TRUE", "FALSE", "BEST_EFFORT", ""])
def test_any_setting_of_hdf5_file_locking(finished, setting):
    code = (
        "import sys, numpy as np\n"
        "from hgx_lab.records import *\n"
        "path = sys.argv[1] + '.locks.h5'\n"
        "with RecordWriter.create(path, header={}, reserve_bytes=0) as w:\n"
        "    w.event('a'); w.flush()\n"
        "    with open_record(path) as r: print(r.status, len(r.events))\n"
        "with open_record(sys.argv[1]) as r: print(r.status, r.rows('steps'))\n"
    )
    environment = os.environ | {"HDF5_USE_FILE_LOCKING": setting}
    done = subprocess.run(
        [sys.executable, "-c", code, str(finished)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["running", "1", "completed", "20"], done.stderr


def test_listing_tolerates_broken_files(finished, tmp_path):
    (tmp_path / "a_broken.h5").write_text("no")
    broken, good = list_records(tmp_path)
    assert (broken.name, broken.status) == ("a_broken", "unreadable")
    assert "isn't an HDF5 file" in broken.error
    assert (good.name, good.status, good.experiment, good.error) == ("run", "completed", "test", "")
    assert good.started is not None and good.started.hour == 12 and good.iterations is None
    with pytest.raises(RecordError, match="no folder"):
        list_records(tmp_path / "none")
