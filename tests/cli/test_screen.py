"""To a screen a text is a text, in whatever is printed."""

from __future__ import annotations

import ast
import io
from pathlib import Path
from typing import Any

import pytest
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import BarColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from hgx_lab.cli._output import Screen, Words, progress_bar

#: What people, paths and instruments may say, and how it is to be shown.
HOSTILE = {
    "[/dev/ttyUSB0]": "[/dev/ttyUSB0]",
    "[/red]": "[/red]",
    "[bold]x[/bold]": "[bold]x[/bold]",
    "[link=https://example.org]": "[link=https://example.org]",
    ":smile: :warning:": ":smile: :warning:",
    "\\[bold]": "\\[bold]",
    "\x1b[2J": "\\x1b[2J",
    "\x1b]0;t\x07": "\\x1b]0;t\\x07",
    "a\rb": "a\\rb",
    "\x9b2J": "\\x9b2J",
    "\udcff": "\\udcff",
}

ROOT = Path(__file__).parents[2]


def table(text: str) -> Table:
    made = Table(title=text, caption=text)
    made.add_column(text)
    made.add_row(text)
    made.add_row(Text(text))
    return made


WAYS: dict[str, Any] = {
    "text": lambda screen, text: screen.print(text),
    "styled": lambda screen, text: screen.print(text, style="bold red", soft_wrap=True),
    "markup asked for": lambda screen, text: screen.print(text, markup=True, emoji=True),
    "Text": lambda screen, text: screen.print(Text.assemble((text, "bold"), text)),
    "table": lambda screen, text: screen.print(table(text)),
    "padding": lambda screen, text: screen.print(Padding(text, 1)),
    "rule": lambda screen, text: screen.print(Rule(text)),
    "tree": lambda screen, text: screen.print(Tree(text)),
    "log": lambda screen, text: screen.log(text),
    "panel": lambda screen, text: screen.print(Panel(text)),
}


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("way", WAYS)
def test_nothing_in_a_text_is_done(way: str, text: str) -> None:
    file = io.StringIO()
    WAYS[way](Screen(file=file, width=100), text)
    shown = HOSTILE[text].replace("\\x07", "").replace("\\r", "") if way == "Text" else HOSTILE[text]  # as rich has it
    assert shown in file.getvalue()
    assert not set("\x1b\x07\r\x9b\udcff") & set(file.getvalue())


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_a_text_of_a_bar_or_a_spinner_is_done(text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    file = Terminal()
    screen = Screen(file=file, width=100)  # type: ignore[arg-type]
    bar = progress_bar(screen, Words("{task.description}", "bold"), BarColumn(), Words("{task.fields[figures]}"))
    with bar:
        bar.add_task(text, total=1, figures=text)
        bar.refresh()
    with screen.status(text):
        pass
    assert file.getvalue().count(HOSTILE[text]) >= 3
    for acted in ("\x1b[2J", "\x1b]0;", "\x07", "\x9b", "\udcff"):
        assert acted not in file.getvalue()


def test_columns_stay_straight_in_any_encoding() -> None:
    class Ascii(io.StringIO):
        encoding = "ascii"

    file = Ascii()
    made = Table()
    made.add_column("value")
    for text in ("1 nA ± 2 fA", "\x1b[2J", "plain"):
        made.add_row(text)
    Screen(file=file, width=60).print(made)  # type: ignore[arg-type]
    lines = file.getvalue().splitlines()
    assert len({len(line.rstrip()) for line in lines if line.strip()}) == 1, lines
    assert file.getvalue().isascii()
    assert "1 nA +- 2 fA" in file.getvalue()


@pytest.mark.parametrize("columns", ["0", "1", "7"])
def test_a_terminal_without_width_hides_nothing(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    file = io.StringIO()
    Screen(file=file).print("Disconnect the device")
    Screen(file=file).print(table("Disconnect the device"))
    assert file.getvalue().count("Disconnect the device") == 6


#: What of rich may be used outside of the screen: these take a string for a text, or hand it to the screen.
_HARMLESS = {
    "rich.console": {"Group"},
    "rich.filesize": {"decimal"},
    "rich.padding": {"Padding"},
    "rich.progress": {"BarColumn", "TaskID", "TimeElapsedColumn", "TimeRemainingColumn"},
    "rich.table": {"Table"},
    "rich.text": {"Text"},
}
#: Where text may meet a stream.
_THE_ONE_PLACE = {"hgx_lab/cli/_output.py", "hgx_lab/cli/_alarm.py", "hgx_lab/cli/_streams.py"}


def ways_round(path: Path) -> list[str]:
    """What in a module prints, or makes markup, past the screen."""
    found: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        line = getattr(node, "lineno", 0)
        if isinstance(node, ast.Import):
            found += [f"{line}: import {a.name}" for a in node.names if a.name.split(".")[0] == "rich"]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "rich":
            allowed = _HARMLESS.get(node.module or "", set())
            found += [f"{line}: {a.name} of {node.module}" for a in node.names if a.name not in allowed]
        elif isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            if call in ("print", "typer.echo", "typer.secho", "sys.stdout.write") or call.endswith(
                (".from_markup", ".from_ansi")
            ):
                found.append(f"{line}: {call}")
            found += [f"{line}: {call}(markup=...)" for k in node.keywords if k.arg in ("markup", "emoji")]
    return found


def test_there_is_no_way_round_the_screen() -> None:
    modules = [*sorted((ROOT / "hgx_lab").rglob("*.py")), *sorted((ROOT / "drivers").rglob("*.py"))]
    assert len(modules) > 200
    found = {
        str(path.relative_to(ROOT)): ways
        for path in modules
        if path.relative_to(ROOT).as_posix() not in _THE_ONE_PLACE and (ways := ways_round(path))
    }
    assert found == {}
