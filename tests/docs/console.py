"""Fenced blocks of a page, and a shell that types their commands."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass
class Command:
    """A line after ``$``, the lines shown below it, and whether somebody presses Ctrl-C."""

    text: str
    shown: list[str] = field(default_factory=list)
    interrupted: bool = False


def blocks(page: Path, *languages: str) -> Iterator[tuple[str, str]]:
    """(language, text) of the fenced blocks of a page, in order."""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language in languages:
            yield language, text


def commands(text: str) -> list[Command]:
    """The commands of a console block."""
    found: list[Command] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:]))
        elif line == "^C":
            found[-1].interrupted = True
        elif line.strip():
            found[-1].shown.append(line)
    return found


def environment() -> dict[str, str]:
    """hgx and python of this environment first, and a screen as wide as the lines."""
    here = str(Path(sys.executable).parent)
    return os.environ | {"PATH": here + os.pathsep + os.environ["PATH"], "COLUMNS": "160", "NO_COLOR": "1"}


def type_in(command: Command, folder: Path, last_code: int) -> tuple[int, str]:
    """Run a command in bash; return its exit code and all that it printed."""
    text = f"(exit {last_code}); {command.text}" if command.text == "echo $?" else command.text
    shell = subprocess.Popen(
        ["bash", "-c", f"exec {text}" if command.interrupted else text],
        cwd=folder,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    assert shell.stdout is not None
    printed = ""
    if command.interrupted:
        for line in shell.stdout:
            printed += line
            if line.startswith("iteration"):
                shell.send_signal(signal.SIGINT)
                break
    rest, _ = shell.communicate(timeout=240)
    return shell.returncode, printed + rest


def stable(line: str) -> str:
    """What of a shown line doesn't depend on what was measured: all before the first measured number."""
    return squeezed(re.split(r"-?\d+\.\d|\s\d+$", line, maxsplit=1)[0])


def squeezed(text: str) -> str:
    """Text without the width of its gaps."""
    return " ".join(text.split())
