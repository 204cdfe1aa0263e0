"""Whatever is opened, shown, listed, checked or planned: nothing that stands in it is run, and no program started."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import SimulatedBench, change_run_file, load_run_file, parse_run_file
from hgx_lab.experiments import perform, simulated
from tests.support.audited import audited
from tests.support.runs import TEXT

Hgx = Callable[..., Any]
DEVICE = "import numpy as np\ndef current(volts):\n    return 1e-8 * volts.sum(axis=0)\n"
HOSTILE = "from pathlib import Path\nPath('{mark}').touch()\nraise SystemExit(77)\n"
CONFIGS = Path(__file__).parents[2] / "configs"
#: One of each experiment.
EXPERIMENTS = [
    "xor",
    "abundance",
    "amplitude",
    "convergence",
    "frequency-response",
    "gradient-accuracy",
    "iv",
    "noise",
    "tone-spacing",
]


class Program:
    """A pickle that leaves a file where it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return Path.touch, (self.mark,)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A record and a run file whose device is a program, which has become another one since; git that runs one."""
    (tmp_path / "device.py").write_text(DEVICE)
    text = TEXT.replace("{kind: smooth, seed: 3}", "{kind: python, file: device.py}")
    (tmp_path / "run.yaml").write_text(text)
    perform(parse_run_file(text, folder=tmp_path), record=tmp_path / "r.h5")
    mark = tmp_path / "was run"
    (tmp_path / "device.py").write_text(HOSTILE.format(mark=mark))
    git = tmp_path / ".git"
    git.mkdir()
    (git / "config").write_text(f"[core]\n\tfsmonitor = \"touch '{mark}'\"\n")
    return tmp_path


OPEN = """
from pathlib import Path
from hgx_lab.cli import main
import contextlib, io

def command(*words):
    def run():
        sys.argv = ["hgx", *words]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            try:
                main()
            except SystemExit as end:
                assert end.code in (0, None), said.getvalue()
    return run

def look():
    from hgx_lab.live import Past, attach
    from hgx_lab.records import open_record
    source = attach(Path("r.h5"))
    assert source.snapshot().status.iteration == 4
    source.close()
    with open_record(Path("r.h5")) as record:
        past = Past(record)
        for iteration in past.iterations:
            past.at(int(iteration))

print(json.dumps({
    "show": _watched(command("show", "r.h5", "--save", "figure.png")),
    "list": _watched(command("list", ".")),
    "check": _watched(command("check", "run.yaml")),
    "plan": _watched(command("plan", "run.yaml")),
    "look": _watched(look),
}))
"""


def test_records_and_run_files_of_a_python_device_are_looked_at_without_running_it(folder: Path) -> None:
    for step, noted in audited(OPEN, folder=folder).items():
        assert noted == [], step
    assert not (folder / "was run").exists()


def test_a_record_is_looked_at_when_its_files_are_gone(folder: Path) -> None:
    from hgx_lab.live import attach

    (folder / "device.py").unlink()
    source = attach(folder / "r.h5")
    assert source.snapshot().status.iteration == 4
    source.close()


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_planned_without_running_the_device(tmp_path: Path, name: str) -> None:
    from hgx_lab.experiments import forecast

    mark, device = tmp_path / "was run", tmp_path / "device.py"
    device.write_text(HOSTILE.format(mark=mark))
    run = load_run_file(CONFIGS / f"{name}.yaml")
    if not isinstance(run.bench, SimulatedBench):
        run = simulated(run)
    forecast(change_run_file(run, {"bench.device": {"kind": "python", "file": str(device)}}))
    assert not mark.exists()


@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object/apply:os.system ['touch \"{mark}\"']",
        "!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{mark}']]",
        "!!python/object/new:pathlib.Path ['{mark}']",
        "!!python/name:os.system",
    ],
)
def test_tags_of_a_run_file_construct_nothing(hgx: Hgx, tmp_path: Path, tag: str) -> None:
    from hgx_lab.dashboard.setup._text import changed, without

    mark = tmp_path / "was run"
    text = TEXT.replace("name: small", f"name: {tag.format(mark=mark)}")
    path = tmp_path / "run.yaml"
    path.write_text(text)
    assert hgx("check", str(path)).code == 2
    assert hgx("plan", str(path)).code == 2
    # What the form of the dashboard does with the text, which keeps what it doesn't know.
    for change in (lambda: changed(text, ("seed",), 8), lambda: changed(text, ("stop", "margin"), "1 nA")):
        change()
    without(text, ("seed",))
    assert not mark.exists()


def test_arrays_of_a_surrogate_are_never_unpickled(hgx: Hgx, tmp_path: Path) -> None:
    mark = tmp_path / "was run"
    np.savez(tmp_path / "net.npz", W0=np.array([Program(mark)], dtype=object), allow_pickle=True)
    text = TEXT.replace("{kind: smooth, seed: 3}", "{kind: surrogate, file: net.npz}")
    (tmp_path / "run.yaml").write_text(text)
    for command in ("check", "plan", "run"):
        said = hgx(command, str(tmp_path / "run.yaml"))
        assert (said.code == 0) is (command != "run"), said.err
    (tmp_path / "net.npz").write_bytes(pickle.dumps(Program(mark)))
    assert hgx("run", str(tmp_path / "run.yaml"), "--output", str(tmp_path / "o.h5")).code != 0
    assert not mark.exists()


def test_checkpoints_are_never_unpickled(hgx: Hgx, tmp_path: Path) -> None:
    mark = tmp_path / "was run"
    (tmp_path / "net.pt").write_bytes(pickle.dumps(Program(mark)))
    assert hgx("device", "import", str(tmp_path / "net.pt"), str(tmp_path / "net.npz")).code == 2
    assert not mark.exists()


def test_data_in_other_files_stays_data(hgx: Hgx, tmp_path: Path) -> None:
    """A pickle in the place of a layout, a table of points, a saved calibration, a record or the notes of a folder."""
    from hgx_lab.config.calibration_file import load_calibration
    from hgx_lab.dashboard.runs._notes import Notebook
    from hgx_lab.errors import CalibrationError, RecordError

    mark = tmp_path / "was run"
    program = pickle.dumps(Program(mark), protocol=0)
    for name in ("layout.json", "calibration.json", "table.csv", "record.h5", "hgx-notes.json"):
        (tmp_path / name).write_bytes(program)
    assert hgx("device", "show", str(tmp_path / "layout.json")).code != 0
    assert hgx("show", str(tmp_path / "record.h5")).code == 6
    assert hgx("list", str(tmp_path)).code == 0
    with pytest.raises(CalibrationError):
        load_calibration(tmp_path / "calibration.json")
    with pytest.raises(RecordError):
        Notebook(tmp_path).read()
    text = TEXT.replace(
        "task: {kind: gate, gate: AND, inputs: {x: [-0.5 V, 0.5 V], y: [-0.5 V, 0.5 V]}}",
        "task: {kind: table, file: table.csv, inputs: {x: x, y: y}, target: t}",
    )
    (tmp_path / "run.yaml").write_text(text)
    assert hgx("plan", str(tmp_path / "run.yaml")).code != 0
    assert not mark.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of POSIX")
def test_the_watch_itself_sees_what_it_should(tmp_path: Path) -> None:
    """Otherwise nothing noted would mean nothing."""
    (tmp_path / "code.py").write_text("x = 1\n")
    program = """
import pickle, subprocess, socket, os
from pathlib import Path
def connect():
    with socket.socket() as line:
        line.settimeout(0.01)
        try: line.connect(("127.0.0.1", 9))
        except OSError: pass
print(json.dumps({
    "code": _watched(lambda: exec(compile(Path("code.py").read_text(), os.path.abspath("code.py"), "exec"), {})),
    "program": _watched(lambda: subprocess.run(["true"], check=True)),
    "shell": _watched(lambda: os.system("true")),
    "pickle": _watched(lambda: pickle.loads(pickle.dumps(Path("x")))),
    "connection": _watched(connect),
}))
"""
    for step, noted in audited(program, folder=tmp_path).items():
        assert noted, step
