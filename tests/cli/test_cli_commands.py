"""Every command of ``hgx`` on small files: what it prints, what it leaves, and its exit code."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from hgx_lab.config import load_run_file
from hgx_lab.records import digest, open_record

Hgx = Callable[..., Any]

HEAVY = ("numpy", "scipy", "h5py", "xarray", "matplotlib", "ruamel", "nidaqmx", "pyvisa", "PyQt5")


def edit(path: Path, *changes: tuple[str, str]) -> Path:
    text = path.read_text("utf-8")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text, "utf-8")
    return path


def no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} isn't JSON")


def json_lines(out: str) -> list[dict[str, Any]]:
    return [json.loads(line, parse_constant=no_constant) for line in out.splitlines()]


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"], ["device", "--help"], ["check", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        "from hgx_lab.cli import main\n"
        f"sys.argv = ['hgx', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print('HEAVY', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "HEAVY []"
    assert "Usage: hgx" in done.stdout


def test_without_a_command_it_shows_its_help(hgx: Hgx) -> None:
    said = hgx()
    for command in ("run", "resume", "check", "plan", "schema", "show", "list", "device"):
        assert command in said.out + said.err
    assert "Exit codes" in said.out + said.err


def test_run_leaves_a_record_and_says_where(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    said = hgx("run", run_file, "-o", tmp_path / "r.h5")
    assert said.code == 0
    assert str(tmp_path / "r.h5") in said.out
    assert "all 4 iterations done" in said.out
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "completed"
        assert record.run_file_text == run_file.read_text("utf-8")


def test_run_into_a_folder_names_the_record_itself(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    for _ in range(2):
        assert hgx("run", run_file, "-q", "-o", tmp_path / "runs").code == 0
    records = sorted((tmp_path / "runs").rglob("*.h5"))
    assert len(records) == 2
    assert all("small" in record.name for record in records)
    assert digest(records[0]) == digest(records[1])


def test_run_by_default_writes_where_the_run_file_says(
    hgx: Hgx, run_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_file.write_text(run_file.read_text("utf-8") + "record: {directory: results}\n", "utf-8")
    assert hgx("run", run_file, "-q").code == 0
    assert len(list((tmp_path / "results").rglob("*.h5"))) == 1


def test_quiet_says_nothing(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    said = hgx("run", run_file, "--quiet", "-o", tmp_path / "r.h5")
    assert (said.code, said.out, said.err) == (0, "", "")


def test_json_lines_tell_the_run(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    said = hgx("run", run_file, "--json", "-o", tmp_path / "r.h5")
    assert said.code == 0
    lines = json_lines(said.out)
    assert (lines[0]["event"], lines[-1]["event"]) == ("began", "end")
    assert lines[0]["record"] == lines[-1]["record"] == str(tmp_path / "r.h5")
    iterations = [line for line in lines if line["event"] == "iteration"]
    with open_record(tmp_path / "r.h5") as record:
        assert [line["iteration"] for line in iterations] == list(record.column("iterations", "iteration"))
        np.testing.assert_array_equal(
            [line["controls"] for line in iterations], record.column("iterations", "controls")
        )
        assert [line["loss"] for line in iterations] == list(record.column("iterations", "loss"))
    assert [line["kind"] for line in lines if line["event"] == "acquisition"] == ["started", "ramp-to-rest", "at-rest"]
    assert [line["set"] for line in lines if line["event"] == "validation"] == ["training"]


def test_another_seed(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    for seed in (7, 8, 8):
        path = tmp_path / f"{seed}-{len(list(tmp_path.glob('*.h5')))}.h5"
        assert hgx("run", run_file, "-q", "--seed", seed, "-o", path).code == 0
    seven, eight, again = sorted(tmp_path.glob("*.h5"))
    assert digest(eight) == digest(again) != digest(seven)
    with open_record(eight) as record:
        assert record.header["seed"] == 8


def test_simulate(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    assert hgx("run", run_file, "--simulate", "-q", "-o", tmp_path / "r.h5").code == 0
    assert hgx("check", run_file, "--simulate").code == 0


def test_a_goal_reached_is_0_and_missed_is_3(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    edit(run_file, ("stop: {iterations: 4}", "stop: {iterations: 4, margin: 1 uA}"))
    said = hgx("run", run_file, "-o", tmp_path / "missed.h5")
    assert said.code == 3
    assert "without reaching the goal" in said.out
    assert hgx("run", run_file, "--quiet", "-o", tmp_path / "quiet.h5").code == 3
    said = hgx("run", run_file, "--json", "-o", tmp_path / "json.h5")
    assert said.code == 3
    assert json_lines(said.out)[-1]["solved"] is False
    edit(run_file, ("stop: {iterations: 4, margin: 1 uA}", "stop: {iterations: 300, accuracy: 1}"))
    said = hgx("run", run_file, "-o", tmp_path / "reached.h5")
    assert said.code == 0
    assert "Solved" in said.out


@pytest.mark.parametrize(
    ("kind", "word"),
    [("underflow", "ran empty"), ("overflow", "was full"), ("disconnect", "doesn't answer"), ("stall", "arrived")],
)
def test_a_fault_of_the_instrument_is_4(kind: str, word: str, hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    edit(run_file, ("  delay: 100 us", f"  delay: 100 us\n  faults: [{{kind: {kind}, at: 0.2 s}}]"))
    said = hgx("run", run_file, "-q", "-o", tmp_path / "r.h5")
    assert said.code == 4
    assert word in said.err
    assert "Traceback" not in said.err
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "failed"
        assert word in record.reason
        assert ("at-rest" in [e.kind for e in record.events]) == (kind != "disconnect")


def test_a_refusal_of_the_guard_is_5(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    (tmp_path / "cases.csv").write_text("x,y,t\n-0.5,-0.5,0\n0.5,0.5,1\n0.2,0.81,1\n", "utf-8")
    text = run_file.read_text("utf-8").splitlines()
    text = [line for line in text if not line.startswith("task:")]
    text.append("task: {kind: table, file: cases.csv, inputs: {x: x, y: y}, target: t}")
    run_file.write_text("\n".join(text), "utf-8")
    said = hgx("run", run_file, "-q", "-o", tmp_path / "r.h5")
    assert said.code == 5
    assert "y would reach 810 mV" in said.err
    assert "Traceback" not in said.err


def test_a_record_that_exists_is_6(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    (tmp_path / "r.h5").write_bytes(b"mine")
    said = hgx("run", run_file, "-q", "-o", tmp_path / "r.h5")
    assert said.code == 6
    assert (tmp_path / "r.h5").read_bytes() == b"mine"
    assert hgx("show", tmp_path / "r.h5").code == 6
    assert hgx("show", tmp_path / "absent.h5").code == 6
    assert hgx("resume", tmp_path / "absent.h5").code == 6


#: What is replaced, by what, and how many lines further down the problem is found.
BROKEN = [
    ("  rate: 20 kHz", "  rate: 20 khz", 0),
    ("  rate: 20 kHz", "  rat: 20 kHz", 0),
    ("seed: 7", "seed: seven", 0),
    ("task: {kind: gate, gate: AND,", "task: {kind: gate, gate: NADN,", 0),
    ("stop: {iterations: 4}", "stop: {iterations: 4", 1),
    ("  block: 2 ms", "  block: 20 ms", 1),
    ("safety: {slew: 2 kV/s,", "safety: {slew: 2 V/s,", 0),
    ("experiment: train", "experiment: tarin", 0),
]


@pytest.mark.parametrize("command", ["run", "check", "plan"])
@pytest.mark.parametrize(("old", "new", "below"), BROKEN, ids=[new for _, new, _ in BROKEN])
def test_a_broken_run_file_is_2_with_its_line(
    command: str, old: str, new: str, below: int, hgx: Hgx, run_file: Path, tmp_path: Path
) -> None:
    text = edit(run_file, (old, new)).read_text("utf-8")
    line = text.count("\n", 0, text.index(new)) + 1 + below
    said = hgx(command, run_file, *(["-o", tmp_path / "r.h5"] if command == "run" else []))
    assert said.code == 2
    assert f"{run_file}:{line}:" in said.err
    assert "Traceback" not in said.err + said.out
    assert not (tmp_path / "r.h5").exists()


@pytest.mark.parametrize("command", ["run", "check", "plan"])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"[1, 2]", b"a: &a [*a]", b"\xff\xfea\x00"])
def test_what_is_no_run_file_is_2(command: str, content: bytes, hgx: Hgx, tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(content)
    for file in (path, tmp_path / "absent.yaml", tmp_path):
        said = hgx(command, file)
        assert said.code == 2
        assert "Traceback" not in said.err + said.out
        assert said.err.strip()


def test_what_only_the_planning_finds_is_2(hgx: Hgx, run_file: Path) -> None:
    edit(
        run_file, ("tones: {plan: octave, period: 10 ms", "tones: {plan: hessian, period: 5 ms"), ("2 kHz]", "700 Hz]")
    )
    for command in ("check", "plan", "run"):
        said = hgx(command, run_file)
        assert said.code == 2
        assert "Traceback" not in said.err + said.out


def test_unknown_options_and_commands_are_2(hgx: Hgx, run_file: Path) -> None:
    assert hgx("rnu", run_file).code == 2
    assert hgx("run", run_file, "--qiuet").code == 2
    assert hgx("run").code == 2
    assert hgx("run", run_file, "--seed", "-1").code == 2


def test_check_reads_all_files_and_reports_all_problems(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    broken.write_text(run_file.read_text("utf-8").replace("seed: 7", "sed: 7"), "utf-8")
    said = hgx("check", run_file, broken, tmp_path / "absent.yaml")
    assert said.code == 2
    assert f"{run_file}: ok" in said.out
    assert f"{broken}:3:" in said.err
    assert "absent.yaml" in said.err
    said = hgx("check", run_file, run_file)
    assert (said.code, said.out.count(": ok")) == (0, 2)


def test_plan_shows_what_would_be_done_and_touches_nothing(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    said = hgx("plan", run_file)
    assert said.code == 0
    for word in ("Tones", "Electrodes", "a", "b", "20 mV", "iteration", "record up to"):
        assert word in said.out
    assert sorted(tmp_path.rglob("*")) == before


def test_schema_is_json_that_knows_every_key(hgx: Hgx, tmp_path: Path) -> None:
    said = hgx("schema")
    assert said.code == 0
    printed = json.loads(said.out)
    assert hgx("schema", "-o", tmp_path / "schema.json").code == 0
    assert json.loads((tmp_path / "schema.json").read_text("utf-8")) == printed
    for key in ("electrodes", "safety", "rest_slope", "in-flight"):
        assert f'"{key}"' in said.out


def test_show_and_list(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    record = tmp_path / "runs" / "r.h5"
    assert hgx("run", run_file, "-q", "-o", record).code == 0
    (tmp_path / "runs" / "junk.h5").write_bytes(b"junk")
    said = hgx("show", record, "--no-figure")
    assert said.code == 0
    assert "train" in said.out
    assert "completed" in said.out
    assert hgx("show", record).code == 0
    assert record.with_suffix(".png").stat().st_size > 1000
    pictures = [tmp_path / "a.png", tmp_path / "b.pdf"]
    assert hgx("show", record, "-s", pictures[0], "-s", pictures[1]).code == 0
    assert pictures[0].read_bytes()[1:4] == b"PNG"
    assert pictures[1].read_bytes()[:4] == b"%PDF"
    said = hgx("list", tmp_path / "runs")
    assert said.code == 0
    assert "r.h5" in said.out or "small" in said.out
    assert "junk.h5" in said.out


def test_list_of_a_folder_that_is_not_there(hgx: Hgx, tmp_path: Path) -> None:
    said = hgx("list", tmp_path / "nowhere")
    assert "Traceback" not in said.err + said.out
    assert said.code in (0, 2, 6)


def test_show_of_a_run_that_failed(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    edit(run_file, ("  delay: 100 us", "  delay: 100 us\n  faults: [{kind: underflow, at: 0 s}]"))
    assert hgx("run", run_file, "-q", "-o", tmp_path / "r.h5").code == 4
    said = hgx("show", tmp_path / "r.h5")
    assert said.code == 0
    assert "failed" in said.out
    assert "OutputUnderflow" in said.out


def test_resume_goes_on_in_a_new_record(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    parent, child, other = (tmp_path / f"{name}.h5" for name in ("parent", "child", "other"))
    assert hgx("run", run_file, "-q", "-o", parent).code == 0
    before = digest(parent)
    said = hgx("resume", parent, "--iteration", 1, "--json", "-o", child)
    assert said.code == 0
    assert [line["iteration"] for line in json_lines(said.out) if line["event"] == "iteration"] == [2, 3]
    assert hgx("resume", parent, "--iteration", 1, "-q", "-o", other).code == 0
    assert digest(child) == digest(other)
    assert digest(parent) == before
    said = hgx("resume", parent, "--iteration", 17, "-o", tmp_path / "no.h5")
    assert said.code == 2
    assert "after iterations 0 to 3" in said.err
    assert not (tmp_path / "no.h5").exists()


def test_a_resumed_record_is_branched_and_listed_by_the_numbers_it_shows(
    hgx: Hgx, run_file: Path, tmp_path: Path
) -> None:
    parent, child, grandchild = (tmp_path / f"{name}.h5" for name in ("1-parent", "2-child", "3-grandchild"))
    assert hgx("run", run_file, "-q", "-o", parent).code == 0
    assert hgx("resume", parent, "--iteration", 0, "-q", "-o", child).code == 0
    assert "Iterations  3 (1 to 3)" in hgx("show", child, "--no-figure").out
    rows = [line.split() for line in hgx("list", tmp_path).out.splitlines()[1:]]
    assert [row[3] for row in rows] == ["4", "3"]
    assert rows[1][4:6] == ["from", "1"]
    said = hgx("resume", child, "--iteration", 2, "--json", "-o", grandchild)
    assert [line["iteration"] for line in json_lines(said.out) if line["event"] == "iteration"] == [3]
    said = hgx("resume", child, "--iteration", 0, "-o", tmp_path / "no.h5")
    assert said.code == 2
    assert "after iterations 1 to 3, not 0" in said.err
    assert "1-parent.h5: resume that one" in said.err.replace("\n", "")
    assert not (tmp_path / "no.h5").exists()


def test_resume_needs_no_run_file(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    assert hgx("run", run_file, "-q", "-o", tmp_path / "p.h5").code == 0
    known = load_run_file(run_file)
    run_file.unlink()
    assert hgx("resume", tmp_path / "p.h5", "--iteration", 0, "-q", "-o", tmp_path / "c.h5").code == 0
    with open_record(tmp_path / "c.h5") as record:
        assert record.run_file["seed"] == known.seed
        assert record.rows("iterations") == 3


def test_device_import_of_what_is_no_checkpoint(hgx: Hgx, tmp_path: Path) -> None:
    for content in (b"", b"PK\x03\x04 no archive", b"\x80\x02cos\nsystem\n(S'touch /tmp/never'\ntR."):
        (tmp_path / "net.pt").write_bytes(content)
        said = hgx("device", "import", tmp_path / "net.pt", tmp_path / "out.npz")
        assert said.code == 2
        assert "Traceback" not in said.err + said.out
        assert not (tmp_path / "out.npz").exists()
    assert hgx("device", "import", tmp_path / "absent.pt", tmp_path / "out.npz").code == 2


def test_device_import_of_a_real_device(hgx: Hgx, device_data: Path, tmp_path: Path) -> None:
    checkpoints = sorted(device_data.rglob("*.pt"))
    if not checkpoints:
        pytest.skip("there is no checkpoint among the real-device data")
    said = hgx("device", "import", checkpoints[0], tmp_path / "out.npz")
    assert said.code == 0
    assert "electrodes" in said.out
    assert (tmp_path / "out.npz").exists()
