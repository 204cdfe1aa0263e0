"""Every command with names, paths, descriptions and messages of instruments that look like markup or control a
terminal: they are shown as they are, and nothing ends because of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from hgx_drivers.errors import CardDisconnected, DriverError
from hgx_drivers.nidaq import NiEntry, NiInventory
from hgx_drivers.nidaq._devices import NiDevice
from hgx_drivers.simulated import SimulatedCard
from hgx_drivers.visa import VisaInventory, VisaResource
from hgx_lab.bench_check import BenchInventory, Finding, look_around
from hgx_lab.cli._app import app
from hgx_lab.records import open_record
from hgx_lab.reproduction import JobDone, Reproduced
from hgx_lab.reproduction._recipe import Comparison
from tests.support.runs import TEXT

Hgx = Callable[..., Any]

#: What they may contain, and how it is to be shown.
TEXTS = {
    "[/dev/ttyUSB0]": "[/dev/ttyUSB0]",
    "[/red]": "[/red]",
    "[bold]b[/bold]": "[bold]b[/bold]",
    ":smile:": ":smile:",
    "$x_{$": "$x_{$",
    "\x1b[2J": "\\x1b[2J",
    "\x1b]0;t\x07": "\\x1b]0;t\\x07",
    "\x9bA\u202e": "\\x9bA\\u202e",
}
ALL, SHOWN = " ".join(TEXTS), " ".join(TEXTS.values())
#: A folder's name can't hold a slash nor, in text that is YAML, a byte that is no text.
FOLDER = "[bold] [ [red] :smile: $x_{$ \x1b[2J"
FOLDER_SHOWN = "[bold] [ [red] :smile: $x_{$ \\x1b[2J"

_tried: set[str] = set()


@pytest.fixture(autouse=True)
def _no_warnings_of_glyphs(recwarn: pytest.WarningsRecorder) -> Iterator[None]:
    """Fonts have no pictures of control characters, and matplotlib says so."""
    import warnings

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


@pytest.fixture
def say(hgx: Hgx) -> Callable[..., str]:
    """Type a command; whatever it says, nothing in it is acted upon by a terminal, and nothing is a traceback."""

    def run(*arguments: object, code: int = 0) -> str:
        _tried.add(" ".join(str(a) for a in arguments[: 2 if arguments[0] == "device" else 1]))
        said = hgx(*arguments)
        printed = said.out + said.err
        assert said.code == code, printed
        assert "Traceback" not in printed
        assert not set(printed) & set("\x1b\x07\x9b\u202e\r"), repr(printed)
        return printed

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / FOLDER
    made.mkdir()
    return made


@pytest.fixture
def file(folder: Path) -> Path:
    """A run file whose name and description are hostile."""
    quoted = ALL.replace("\\", "\\\\").replace("\x1b", "\\e").replace("\x07", "\\a").replace("\x9b", "\\x9b")
    text = TEXT.replace("name: small\n", f'name: small\ndescription: "{quoted}"\n')
    path = folder / "run.yaml"
    path.write_text(text.replace("\u202e", "\\u202e"), encoding="utf-8")
    return path


def test_the_commands_that_run(say: Callable[..., str], file: Path, folder: Path) -> None:
    record = folder / "r.h5"
    said = say("run", file, "-o", record)
    assert said.count(SHOWN) == 1  # the description
    assert said.count(f"{FOLDER_SHOWN}/r.h5") == 2
    with open_record(record) as opened:
        assert opened.status == "completed"
        assert opened.header["title"] == ALL
    said = say("resume", record, "--iteration", 1, "-o", folder / "child.h5")
    assert f"{FOLDER_SHOWN}/child.h5" in said
    assert FOLDER in say("run", file, "--json", "-o", folder / "json.h5").encode().decode("unicode_escape")
    said = say("calibrate", file, "-o", folder / "c.json", "--duration", "0.3 s")
    assert f"{FOLDER_SHOWN}/c.json" in said
    assert f"{FOLDER_SHOWN}/r.h5 exists" in say("run", file, "-o", record, code=6)


@pytest.mark.parametrize("options", [[], ["--quiet"], ["--json"], ["--live"]], ids=lambda o: "".join(o) or "plain")
def test_a_warning_that_names_such_a_path_says_what_to_do(
    options: list[str], say: Callable[..., str], file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: SimulatedCard, *_: Any, **__: Any) -> Any:
        raise CardDisconnected(f"{ALL} doesn't answer.", remedy=f"Look at {ALL}.")

    monkeypatch.setattr(SimulatedCard, "read", gone)
    said = say("run", file, *options, "-o", folder / "r.h5", code=4)
    warning = f"not-at-rest: The outputs could not be brought to rest: {SHOWN} doesn't answer."
    assert warning in said
    assert "Disconnect the device before you touch the bench." in said
    assert f"{SHOWN} doesn't answer.\n" in said  # the error itself
    with open_record(folder / "r.h5") as record:
        [event] = [e for e in record.events if e.kind == "not-at-rest"]
        assert ALL in event.message
        assert record.status == "failed"


def test_the_commands_that_read(
    say: Callable[..., str], file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    say("run", file, "-q", "-o", folder / "r.h5")
    say("run", file, "-q", "-o", folder / "[red] :smile: \x1b[2J.h5")
    said = say("show", folder / "r.h5", "--save", folder / "r.png")
    assert f"{FOLDER_SHOWN}/r.png" in said
    assert (folder / "r.png").stat().st_size > 10_000
    assert "[red] :smile: \\x1b[2J.h5" in say("list", folder)
    (folder / "no.h5").write_bytes(b"no")
    assert "unreadable" in say("list", folder)
    assert FOLDER_SHOWN in say("show", folder / "no.h5", code=6)
    assert f"{FOLDER_SHOWN}/run.yaml: ok" in say("check", file)
    assert f"small: {SHOWN}" in say("plan", file)
    file.write_text(file.read_text("utf-8").replace("seed: 7", f'"{TEXTS["[/red]"]}": 7'), encoding="utf-8")
    said = say("check", file, code=2)
    assert FOLDER_SHOWN in said
    assert "[/red]" in said
    monkeypatch.setattr("hgx_lab.cli._dashboard.find_spec", lambda _: None)  # a window isn't for this test
    say("dashboard", folder / "none.h5", code=2)


def test_the_schema(say: Callable[..., str], folder: Path) -> None:
    assert say("schema") == (say("schema", "-o", folder / "s.json") or (folder / "s.json").read_text("utf-8"))


def hostile_device() -> NiDevice:
    names = (f"ao0{ALL}", f"ao1{ALL}")
    return NiDevice(
        ALL, ALL, ALL, ALL, True, names, names, ((-10.0, 10.0),), ((-10.0, 10.0),), True, 1e6, 1e6, 1e6, True
    )


@pytest.mark.parametrize("fault", [False, True])
def test_what_is_on_the_bench(say: Callable[..., str], fault: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding("fault", ALL, ALL, ALL)
    entries = (NiEntry(hostile_device(), "module", None, ALL),)
    ni = finding if fault else NiInventory(ALL, ALL, entries)
    visa = finding if fault else VisaInventory(ALL, ALL, (VisaResource(ALL, ALL), VisaResource(ALL, "", ALL)))
    found = BenchInventory(ni, visa, look_around().presets)
    monkeypatch.setattr("hgx_lab.bench_check.look_around", lambda *_, **__: found)
    said = say("devices")
    assert said.count(SHOWN) == (6 if fault else 17)
    say("devices", "--json")


def test_the_doctor(say: Callable[..., str], file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert f"{FOLDER_SHOWN}/run.yaml is valid" in say("doctor", file)
    monkeypatch.setattr("hgx_lab.bench_check.check_bench", lambda *_, **__: iter([Finding("fault", ALL, ALL, ALL)]))
    assert say("doctor", file, code=4).count(SHOWN) == 3


def test_the_way_to_rest(say: Callable[..., str], file: Path, folder: Path) -> None:
    assert f"{FOLDER_SHOWN}/" in say("rest", file, "-o", folder)
    say("rest", file, "-o", folder, "--json")


def test_devices_as_files(say: Callable[..., str], folder: Path) -> None:
    layout = folder / "d.json"
    small = ["--acceptors", 6, "--donors", 1, "--electrodes", 4]
    assert f"{FOLDER_SHOWN}/d.json: {SHOWN}, 3 driven" in say("device", "make", layout, *small, "--name", ALL)
    said = say("device", "show", layout, "--points", 20, "--save", folder / "d.png")
    assert f"{FOLDER_SHOWN}/d.png" in said
    assert "[/dev/ttyUSB0]" in said
    assert SHOWN in say("device", "validate", layout, "--vectors", 3, "--draws", 400)
    assert FOLDER_SHOWN in say("device", "import", folder / "none.pt", folder / "o.npz", code=2)
    (folder / "t.csv").write_text(f'a,"{ALL}",c\n1,2,x\n', encoding="utf-8")
    assert FOLDER_SHOWN in say("device", "fit", folder / "t.csv", folder / "o.npz", code=2)


def test_a_fit(say: Callable[..., str], folder: Path) -> None:
    pytest.importorskip("sklearn")
    rows = [f"{a / 20 - 1},{b / 20},{5e-9 * a / 20}" for a in range(40) for b in range(20)]
    (folder / "t.csv").write_text("\n".join([f'left,"{ALL}",amperes', *rows]), encoding="utf-8")
    said = say("device", "fit", folder / "t.csv", folder / "o.npz", "--hidden", "16", "--epochs", 200)
    assert f"{FOLDER_SHOWN}/o.npz" in said


def test_a_reproduction(say: Callable[..., str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(*_: Any, hear: Callable[[JobDone], None], **__: Any) -> Iterator[Reproduced]:
        hear(JobDone(ALL, {}, ALL, 1.0))
        yield Reproduced(ALL, ALL, (folder / "f.png",), (Comparison(ALL, ALL, ALL, met=True),))

    monkeypatch.setattr("hgx_lab.reproduction.reproduce", make)
    assert say("reproduce", "fig2c", "-o", folder).count(SHOWN) == 7


@pytest.mark.parametrize("arguments", [(ALL,), ("run", f"--{ALL}"), ("run", "a", ALL), ("check", ALL), ("device", ALL)])
def test_a_command_line_with_mistakes(say: Callable[..., str], arguments: tuple[str, ...]) -> None:
    said = say(*arguments, code=2)
    assert SHOWN in said or repr(ALL)[1:-1] in said


def test_faults_of_the_program_and_errors_of_drivers(
    say: Callable[..., str], hgx: Hgx, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(error: Exception) -> Callable[..., Any]:
        def run(*_: Any, **__: Any) -> Any:
            raise error

        return run

    monkeypatch.setattr("hgx_lab.config.load_run_file", fail(DriverError(ALL, remedy=ALL)))
    assert say("check", file, code=4).count(SHOWN) == 2
    assert say("plan", file, code=4).count(SHOWN) == 2
    monkeypatch.setattr("hgx_lab.config.load_run_file", fail(ZeroDivisionError(ALL)))
    said = hgx("plan", file)
    assert said.code == 1
    assert said.err.startswith("Traceback (most recent call last)")
    assert said.err.endswith(f"ZeroDivisionError: {SHOWN}\n")
    monkeypatch.setattr("hgx_lab.config.load_run_file", fail(BrokenPipeError(32, f"socket of {ALL}")))
    said = hgx("plan", file)
    assert (said.code, SHOWN in said.err) == (1, True)


def test_every_command_was_tried() -> None:
    """In the order of this file; a command that is added has to be added here."""
    group: Any = typer.main.get_command(app)
    commands = {name for name in group.commands if name != "device"}
    commands |= {f"device {name}" for name in group.commands["device"].commands}
    assert commands <= {" ".join(tried.split()[: 2 if tried.startswith("device ") else 1]) for tried in _tried}
