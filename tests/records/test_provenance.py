from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest

from hgx_lab.records import git_state, provenance
from hgx_lab.records._process import is_writing, this_process


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "user code"
    folder.mkdir()
    (folder / "run.yaml").write_text("a: 1\n")
    who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    for command in (["init", "-q", "-b", "trunk"], ["add", "."], [*who, "commit", "-q", "-m", "first", "--no-verify"]):
        subprocess.run(["git", "-C", str(folder), *command], check=True, capture_output=True)
    return folder


def test_the_state_of_the_users_repository(repository):
    state = provenance(run_file=repository / "run.yaml")["run_file"]
    commit = subprocess.run(
        ["git", "-C", str(repository), "rev-parse", "HEAD"], check=True, capture_output=True, text=True
    ).stdout.strip()
    assert state["git"] == {"root": str(repository), "commit": commit, "branch": "trunk", "dirty": False}
    (repository / "run.yaml").write_text("a: 2\n")
    assert provenance(run_file=repository / "run.yaml")["run_file"]["git"]["dirty"] is True


def test_a_file_that_is_not_tracked_is_not_credited_to_the_repository(repository):
    (repository / "installed.py").touch()
    assert git_state(repository, of=repository / "installed.py") is None
    assert git_state(repository, of=repository / "run.yaml") is not None


def test_variables_of_a_git_hook_do_not_mislead(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert git_state(repository) is not None


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
@pytest.mark.parametrize("key", ["core.fsmonitor", "filter.f.clean", "filter.f.process"])
def test_programs_that_a_repository_names_are_not_run(repository, key):
    mark = repository.parent / "was run"
    (repository / ".gitattributes").write_text("* filter=f\n")
    config = ["git", "-C", str(repository), "config", "--local", key, f"touch '{mark}'; cat"]
    subprocess.run(config, check=True, capture_output=True)
    os.utime(repository / "run.yaml", (1, 1))  # so that it is compared
    state = git_state(repository)
    assert not mark.exists()
    assert state is not None and state["commit"]
    assert state["dirty"] is (True if key == "core.fsmonitor" else None)


def test_it_never_fails(tmp_path, monkeypatch):
    assert git_state(tmp_path) is None
    assert git_state(tmp_path / "no such folder") is None
    monkeypatch.setenv("PATH", "")
    found = provenance(run_file=tmp_path / "none.yaml", argv=["hgx", "run"])
    assert found["run_file"]["git"] is None and found["program"]["git"] is None
    assert found["argv"] == ["hgx", "run"]


def test_what_it_says():
    found = provenance(run_id="abc")
    assert found["run_id"] == "abc"
    uuid.UUID(provenance()["run_id"])
    assert abs((datetime.now(UTC) - datetime.fromisoformat(found["started"])).total_seconds()) < 60
    assert found["libraries"]["numpy"] == np.__version__
    assert found["libraries"]["h5py"] == h5py.__version__
    assert found["python"] == sys.version


def test_whether_the_writer_lives():
    me = this_process()
    assert me["pid"] == os.getpid() and is_writing(me, 0.0)
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not is_writing(me | {"pid": child.pid}, 1e12)
    if me["process_started"]:
        assert not is_writing(me | {"process_started": "1"}, 1e12)  # the number was given to another process
    elsewhere = me | {"host": "another computer"}
    assert is_writing(elsewhere, datetime.now().timestamp()) and not is_writing(elsewhere, 0.0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system doesn't tell the state of a process")
def test_a_writer_that_has_ended_and_that_nobody_waits_for_lives_no_more():
    child = subprocess.Popen([sys.executable, "-c", ""])
    state = ""
    deadline = time.monotonic() + 20
    while state != "Z":
        state = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[0]
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert not is_writing(this_process() | {"pid": child.pid, "process_started": ""}, 1e12)
    child.wait()
