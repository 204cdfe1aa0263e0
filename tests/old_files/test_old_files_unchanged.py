"""Old files are never rewritten, stay small, and say nothing of the machine that made them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import h5py
import pytest

from tests.support.old_files import FORMATS, OldFiles

each_format = pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)


@each_format
def test_old_files_are_as_they_were_written(old: OldFiles) -> None:
    found = {
        path.relative_to(old.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in old.folder.rglob("*")
        if path.is_file() and path.name != "expected.json" and "__pycache__" not in path.parts
    }
    assert found == old.expected["hashes"]


@each_format
def test_old_files_are_small(old: OldFiles) -> None:
    assert sum(path.stat().st_size for path in old.folder.rglob("*") if path.is_file()) < 5_000_000


@each_format
def test_old_records_name_a_bench_that_does_not_exist(old: OldFiles, home_of) -> None:
    for path in sorted((home_of(old) / "lab" / "runs").glob("*.h5")):
        with h5py.File(path, "r", libver="latest", swmr=True) as file:
            origin = json.loads(bytes(file["provenance/origin"][()]))
        assert (origin["host"], origin["user"], origin["platform"]) == ("bench-pc", "physicist", "Linux"), path.name
        assert origin["program"]["git"]["root"] == "/home/physicist/hgx-lab"
        assert origin["process"]["host"] == "bench-pc"
        if origin["run_file"] is not None:
            assert Path(origin["run_file"]["path"]).parent == Path(old.expected["lab"])
