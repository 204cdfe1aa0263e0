"""Processes whose records say nothing of the machine: host, user, folders and source tree have made-up names."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["HOST", "SOURCE_TREE", "USER", "Surroundings"]

ROOT = Path(__file__).parents[2]
HOST, USER, SOURCE_TREE = "bench-pc", "physicist", "/home/physicist/hgx-lab"

_GOAL_NOT_REACHED = 3
_CHILD = Path(__file__).with_name("child.py")
#: Stands in for git: the commit is the true one, where it lies isn't; the folder of the runs is no repository.
_GIT = """#!/bin/sh
case "$*" in "-C {lab}"*) exit 128 ;; esac
case "$*" in
*--show-toplevel*) echo {tree} ;;
*--abbrev-ref*) echo main ;;
*"rev-parse HEAD"*) echo {commit} ;;
esac
"""


class Surroundings:
    """The folder of the runs, and how commands are run in it.

    Parameters
    ----------
    lab:
        The folder; its path is in some of the records, so it must be one that tells nothing.
    tools:
        A folder for what stands in for other programs.
    """

    def __init__(self, lab: Path, tools: Path) -> None:
        self.lab = lab
        commit = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        git = tools / "git"
        git.write_text(_GIT.format(lab=lab, tree=SOURCE_TREE, commit=commit), encoding="utf-8")
        git.chmod(0o755)
        self._environment: Mapping[str, str] = {
            "PATH": str(tools),
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "drivers")]),
            "HOME": str(tools),
            "LOGNAME": USER,
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "COLUMNS": "200",
            "OPENBLAS_NUM_THREADS": "1",
            "QT_QPA_PLATFORM": "offscreen",
        }

    def hgx(self, arguments: Sequence[str], *, end: str = "", bench: str = "", code: int = 0) -> None:
        """Run ``hgx`` with arguments, ended and on a bench as :class:`recipes.Run` has it; loud about another end.

        A goal that wasn't reached is as good an end as one that was.
        """
        command = [sys.executable, str(_CHILD), "--end", end, "--bench", bench, HOST, *arguments]
        self._run(command, (0, _GOAL_NOT_REACHED) if code == 0 else (code,), " ".join(arguments))

    def python(self, code: str, *arguments: str) -> None:
        """Run a few lines of Python."""
        self._run([sys.executable, "-c", code, *arguments], (0,), code)

    def _run(self, command: Sequence[str], codes: Sequence[int], what: str) -> None:
        done = subprocess.run(
            command, cwd=self.lab, env=self._environment, capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode not in codes:
            raise RuntimeError(f"{what}: exit code {done.returncode}, not {codes[0]}\n{done.stdout}\n{done.stderr}")
