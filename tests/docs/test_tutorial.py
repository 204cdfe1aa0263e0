"""Everything in the tutorial works as it is typed, and prints what the tutorial shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.docs import console

ROOT = Path(__file__).parents[2]


def test_tutorial(checkout: Path) -> None:
    """The blocks in their order, in one folder: each command as a user types it, each snippet as a program."""
    code = 0
    for language, text in console.blocks(ROOT / "docs" / "tutorial.md", "console", "python"):
        if language == "python":
            done = subprocess.run(
                [sys.executable, "-W", "error", "-c", text], cwd=checkout, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr
            continue
        block = console.commands(text)
        asked = {i - 1 for i, command in enumerate(block) if command.text == "echo $?"}
        for i, command in enumerate(block):
            code, printed = console.type_in(command, checkout, code)
            for line in command.shown:
                assert console.stable(line) in console.squeezed(printed), f"$ {command.text}\n{printed}"
            if i not in asked and not command.interrupted:
                assert code == 0, f"$ {command.text}\n{printed}"
            if command.text == "echo $?":
                code = 0
    assert (checkout / "first.png").stat().st_size > 10_000
