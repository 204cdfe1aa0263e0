"""Terminals, pipes and disks that go away under a run: it goes on to its end, and its record and exit code are its own.

Every run is a process of its own. Its record is compared, to the last bit, with that of an undisturbed one.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hgx_lab.errors import RecordError
from hgx_lab.experiments import train
from hgx_lab.records import open_record
from tests.support.runs import TEXT, make_run

pytestmark = [pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals, /dev/full"), pytest.mark.slow]

ROOT = Path(__file__).parents[2]
#: More lines of JSON than the smallest pipe holds: a reader that has gone is met with while the run goes on.
ITERATIONS = 30
HGX = [sys.executable, "-c", "from hgx_lab.cli import main; main()"]


def environment(**more: str) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), str(ROOT / "drivers"), os.environ.get("PYTHONPATH", "")])
    return os.environ | {"PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1", "COLUMNS": "200", "NO_COLOR": "1"} | more


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("plain") / "r.h5"
    train(make_run({"stop.iterations": ITERATIONS}), record=path)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(TEXT.replace("iterations: 4", f"iterations: {ITERATIONS}"), encoding="utf-8")
    return path


def assert_complete(path: Path, undisturbed: Path) -> list[str]:
    """The whole measurement, ended at rest; returns what was noted of the displays."""
    with open_record(path) as record, open_record(undisturbed) as other:
        assert (record.status, record.reason) == ("completed", f"all {ITERATIONS} iterations done")
        assert record.events[-1].kind == "end"
        for table in other.tables:
            for column in other.columns(table):
                np.testing.assert_array_equal(record.column(table, column), other.column(table, column))
        kinds = [e.kind for e in record.events]
        assert [k for k in kinds if k != "observer"] == [e.kind for e in other.events]
        return [e.message for e in record.events if e.kind == "observer"]


BOTH = ("output", "error")


def small_pipe() -> tuple[int, int]:
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    return reading, writing


CLOSED = {
    "closed": ">&- 2>&-",
    "all three closed": "<&- >&- 2>&-",
    "full": ">/dev/full 2>/dev/full",
    "not for writing": "1</dev/null 2>&1",
}


@pytest.mark.parametrize(
    ("how", "options"), [("closed", ""), ("all three closed", "--json"), ("full", ""), ("not for writing", "")]
)
def test_a_display_that_is_dead_from_the_start(
    how: str, options: str, file: Path, tmp_path: Path, undisturbed: Path
) -> None:
    command = f'exec "$@" run {file} {options} -o {tmp_path}/r.h5 {CLOSED[how]}'
    done = subprocess.run(["bash", "-c", command, "hgx", *HGX], env=environment(), timeout=240, check=False)
    assert done.returncode == 0
    noted = assert_complete(tmp_path / "r.h5", undisturbed)
    if "closed" in how:
        assert noted == []  # somebody wanted it so
    else:
        why = {"full": "No space left on device", "not for writing": "Bad file descriptor"}[how]
        assert len([n for n in noted if n.startswith("Standard error can't be written") and why in n]) == 1


@pytest.mark.parametrize("options", [[], ["--json"], ["--live"]], ids=["plain", "json", "live"])
def test_a_reader_that_has_seen_enough(options: list[str], file: Path, tmp_path: Path, undisturbed: Path) -> None:
    """``hgx run 2>&1 | head -1``, and a ``tee`` that dies."""
    reading, writing = small_pipe()
    command = [*HGX, "run", str(file), *options, "-o", str(tmp_path / "r.h5")]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.STDOUT, env=environment()) as process:
        os.close(writing)
        with os.fdopen(reading, "rb", buffering=0) as pipe:
            assert pipe.read(1)
        assert process.wait(240) == 0
    noted = assert_complete(tmp_path / "r.h5", undisturbed)
    if "--json" in options:  # the others may have said nothing more but for their last line
        # Standard error was to say it, and is the same pipe.
        assert noted == [f"Standard {one} can't be written: [Errno 32] Broken pipe. The run goes on." for one in BOTH]


def test_the_other_stream_says_that_one_is_dead(file: Path, tmp_path: Path, undisturbed: Path) -> None:
    with Path("/dev/full").open("w") as full:
        command = [*HGX, "run", str(file), "--json", "-o", str(tmp_path / "r.h5")]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environment(), text=True, timeout=240, check=False
        )
    assert done.returncode == 0
    assert done.stderr == "Standard output can't be written: [Errno 28] No space left on device. The run goes on.\n"
    assert_complete(tmp_path / "r.h5", undisturbed)


def test_a_terminal_whose_window_is_closed(file: Path, tmp_path: Path, undisturbed: Path) -> None:
    """EIO, with a progress bar on it; the signal that comes with it is another matter."""
    import pty

    ours, theirs = pty.openpty()
    command = [*HGX, "run", str(file), "-o", str(tmp_path / "r.h5")]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment()) as process:
        os.close(theirs)
        seen = b""
        while b"Record" not in seen:
            seen += os.read(ours, 1000)
        os.close(ours)
        assert process.wait(240) == 0
    noted = assert_complete(tmp_path / "r.h5", undisturbed)
    assert all("Input/output error" in n for n in noted)


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(path: Path, status: str) -> bool:
    try:
        with open_record(path) as record:
            return record.status == status
    except (RecordError, OSError):
        return False


def rows(path: Path) -> int:
    try:
        with open_record(path) as record:
            return record.rows("iterations")
    except (RecordError, OSError):
        return 0


def test_a_reader_that_stalls_holds_up_neither_the_run_nor_its_end(file: Path, tmp_path: Path) -> None:
    """A pager that nobody scrolls, a frozen connection: outputs mustn't stay up because of it."""
    file.write_text(TEXT.replace("iterations: 4", "iterations: 1000000"), encoding="utf-8")
    record = tmp_path / "r.h5"
    reading, writing = small_pipe()
    command = [*HGX, "run", str(file), "--json", "-o", str(record)]
    with subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, env=environment()) as process:
        os.close(writing)
        wait_until(lambda: rows(record) > 3 * 4096 // 200)  # more than what the pipe holds, by far
        process.send_signal(signal.SIGTERM)
        wait_until(lambda: ended(record, "interrupted"))
        with open_record(record) as opened:
            last = [e.kind for e in opened.events][-2:]
            count = opened.rows("iterations")
        assert last == ["at-rest", "end"]
        with os.fdopen(reading, encoding="utf-8") as pipe:  # whoever comes back to it finds everything
            lines = [json.loads(line) for line in pipe]
        assert process.wait(60) == 143
    assert [line["iteration"] for line in lines if line["event"] == "iteration"] == list(range(count))


#: A card that is gone, under whatever options; arguments are passed on.
GONE = """
import sys
from hgx_drivers.errors import CardDisconnected
from hgx_drivers.simulated import SimulatedCard
def gone(self, *_, **__):
    raise CardDisconnected("[/dev/ttyUSB0] doesn't answer.")
SimulatedCard.read = gone
from hgx_lab.cli import main
main()
"""
WARNING = "not-at-rest: The outputs could not be brought to rest: [/dev/ttyUSB0] doesn't answer. Their voltages are unknown. Disconnect the device before you touch the bench."  # noqa: E501


@pytest.mark.parametrize("error", ["2>&-", "2>/dev/full"])
def test_a_warning_goes_to_the_stream_that_lives(error: str, file: Path, tmp_path: Path) -> None:
    command = ["bash", "-c", f'exec "$@" {error}', "hgx", sys.executable, "-c", GONE]
    done = subprocess.run(
        [*command, "run", str(file), "--quiet", "-o", str(tmp_path / "r.h5")],
        stdout=subprocess.PIPE, env=environment(), text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 4
    assert WARNING in done.stdout.splitlines()
    with open_record(tmp_path / "r.h5") as record:
        assert "not-at-rest" in [e.kind for e in record.events]


def test_a_warning_doesnt_come_between_lines_for_programs(file: Path, tmp_path: Path) -> None:
    command = ["bash", "-c", 'exec "$@" 2>&-', "hgx", sys.executable, "-c", GONE]
    done = subprocess.run(
        [*command, "run", str(file), "--json", "-o", str(tmp_path / "r.h5")],
        stdout=subprocess.PIPE, env=environment(), text=True, timeout=240, check=False,
        start_new_session=True,
    )  # fmt: skip
    assert done.returncode == 4
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert "not-at-rest" in [line.get("kind") for line in lines]


def test_with_both_streams_dead_a_warning_goes_to_the_terminal_itself(file: Path, tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    # In a session of its own the first terminal that is opened is the controlling one.
    program = f"import os; os.open({os.ttyname(theirs)!r}, os.O_RDWR)\n" + GONE
    command = ["bash", "-c", 'exec "$@" </dev/null >/dev/full 2>/dev/full', "hgx", sys.executable, "-c", program]
    arguments = ["run", str(file), "-o", str(tmp_path / "r.h5")]
    with subprocess.Popen([*command, *arguments], env=environment(), start_new_session=True) as process:
        assert process.wait(240) == 4
        seen = os.read(ours, 100_000).decode()
    os.close(theirs)
    os.close(ours)
    assert WARNING in seen


def test_a_closed_stream_isnt_the_next_file_that_is_opened(file: Path, tmp_path: Path) -> None:
    """A library that prints an error by its descriptor would write into the record."""
    program = (
        "import os, sys\n"
        "from hgx_lab.experiments import _train\n"
        "genuine = _train.make_task\n"
        "def shout(run):\n"
        "    os.write(1, b'x' * 100000)\n"
        "    os.write(2, b'x' * 100000)\n"
        "    return genuine(run)\n"
        "_train.make_loss = (lambda make: lambda run: (shout(run), make(run))[1])(_train.make_loss)\n"
        "from hgx_lab.cli import main\n"
        "main()\n"
    )
    command = ["bash", "-c", 'exec "$@" <&- >&- 2>&-', "hgx", sys.executable, "-c", program]
    done = subprocess.run(
        [*command, "run", str(file), "-o", str(tmp_path / "r.h5")], env=environment(), timeout=240, check=False
    )
    assert done.returncode == 0
    assert b"x" * 1000 not in (tmp_path / "r.h5").read_bytes()
    with open_record(tmp_path / "r.h5") as record:
        assert record.status == "completed"


#: Several commands in one process, the exit code of each on the last line of standard error.
SEVERAL = """
import os, sys
from hgx_lab.cli import main
codes = []
for line in os.fsdecode(open(sys.argv[1], "rb").read()).splitlines():
    sys.argv = ["hgx", *line.split("|")]
    try:
        main()
        codes.append(0)
    except SystemExit as end:
        codes.append(end.code or 0)
sys.stderr.write(f"\\ncodes {codes}\\n")
"""


def several(
    tmp_path: Path, commands: list[list[str]], redirect: str = "", passed: tuple[int, ...] = (), **more: str
) -> tuple[int, list[int], bytes, str]:
    """Exit code of the process and of each command, and what it printed."""
    text = "\n".join("|".join(command) for command in commands)
    (tmp_path / "commands").write_bytes(os.fsencode(text))
    command = ["bash", "-c", f'exec "$@" {redirect}', "hgx", sys.executable, "-c", SEVERAL, str(tmp_path / "commands")]
    done = subprocess.run(
        command, capture_output=True, env=environment(**more), pass_fds=passed, timeout=280, check=False
    )
    said = done.stderr.decode(errors="replace")
    codes = json.loads(said.splitlines()[-1].removeprefix("codes ")) if "codes" in said else []
    return done.returncode, codes, done.stdout, said


@pytest.mark.parametrize(
    "locale",
    [
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"PYTHONIOENCODING": "latin-1:strict"},
        {"PYTHONIOENCODING": "cp437:strict"},
    ],
    ids=lambda e: next(iter(e.values())),
)
def test_odd_locales(locale: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "µ Ω ±"
    folder.mkdir()
    file, record = folder / "small.yaml", folder / "r.h5"
    file.write_text(TEXT.replace("name: small\n", 'name: small\ndescription: "10 MΩ ± 5 µV — 日本"\n'), "utf-8")
    commands = [
        ["check", str(file)],
        ["plan", str(file)],
        ["run", str(file), "-o", str(record)],
        ["run", str(file), "-o", str(record)],  # exists
        ["run", str(file), "--json", "-o", str(folder / "json.h5")],
        ["show", str(record), "--no-figure"],
        ["list", str(folder)],
        ["devices"],
        ["schema"],
        ["doctor", str(file)],
        ["run", "--help"],
    ]
    code, codes, out, said = several(tmp_path, commands, **locale)
    assert (code, codes) == (0, [0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0]), said
    assert "Traceback" not in said
    printed = out.decode("latin-1") + said
    for piece in ("all 4 iterations done", "10 M", "completed", "usb: 100 kHz"):
        assert piece in printed
    if "latin" not in str(locale) and "cp437" not in str(locale):
        assert out.isascii()
        assert "10 MOhm +- 5 uV - \\u65e5\\u672c" in printed
        assert "± " not in said


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe")
    Path(folder).mkdir()
    file, record = f"{folder}/small.yaml", f"{folder}/r.h5"
    Path(file).write_text(TEXT, encoding="utf-8")
    commands = [
        ["check", file],
        ["run", file, "-o", record],
        ["run", file, "-o", record],
        ["run", file, "--json", "-o", f"{folder}/json.h5"],
        ["show", record],
        ["list", folder],
        ["resume", record, "--iteration", "1", "-o", f"{folder}/child.h5"],
    ]
    code, codes, out, said = several(tmp_path, commands)
    assert (code, codes) == (0, [0, 0, 6, 0, 0, 0, 0]), said
    assert b"\\udcff\\udcfe/r.h5" in out
    with open_record(Path(record)) as opened:
        assert opened.status == "completed"
    with open_record(Path(f"{folder}/child.h5")) as opened:
        assert opened.header["parent"]


PRINTING = [["show", "r.h5", "--no-figure"], ["list", "."], ["plan", "small.yaml"], ["schema"], ["devices"], ["--help"]]


@pytest.mark.parametrize(("out", "code"), [("closed", 0), ("head", 0), ("full", 1)])
def test_commands_that_only_print_end_quietly_but_for_a_full_disk(
    out: str, code: int, file: Path, tmp_path: Path, undisturbed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.h5").write_bytes(undisturbed.read_bytes())
    # A pipe whose reader has gone before anything was written.
    reading, writing = os.pipe()
    os.close(reading)
    try:
        redirect = {"closed": ">&-", "head": f">&{writing}", "full": ">/dev/full"}[out]
        whole, codes, _, said = several(tmp_path, PRINTING, redirect, passed=(writing,))
    finally:
        os.close(writing)
    assert (whole, codes) == (0, [code] * len(PRINTING)), said
    assert "Traceback" not in said
    assert "Exception ignored" not in said
    assert said.count("Standard output can't be written") == (len(PRINTING) if code else 0)
