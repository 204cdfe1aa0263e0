"""Where a record comes from: program, source code, machine, person, time."""

from __future__ import annotations

import getpass
import os
import platform
import socket
import subprocess
import sys
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

__all__ = ["git_state", "provenance"]

_LIBRARIES = ("numpy", "scipy", "h5py", "xarray", "pydantic", "matplotlib", "nidaqmx", "pyvisa", "numba")
_GIT_SECONDS = 3.0


def _git(folder: Path, *arguments: str) -> str | None:
    """What git answers in ``folder``; None where it has no answer, isn't installed or takes too long.

    Without the program that a repository may name for watching its files: git would start it.
    """
    # A hook or a rebase sets GIT_DIR and the like, which would answer for another repository.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    environment |= {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), "-c", "core.fsmonitor=false", *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_GIT_SECONDS,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def git_state(folder: Path, *, of: Path | None = None) -> dict[str, Any] | None:
    """Commit, branch and whether anything differs from the commit, of the repository around ``folder``.

    Parameters
    ----------
    folder:
        A folder of a working tree.
    of:
        A file that must be under version control there; without it a package installed below somebody's
        repository would be reported with that repository's commit.

    Returns
    -------
    dict or None
        ``root``, ``commit``, ``branch``, ``dirty`` (None if git took too long, or the repository has filters of its
        own); None outside a repository.
    """
    root = _git(folder, "rev-parse", "--show-toplevel")
    commit = _git(folder, "rev-parse", "HEAD")
    if root is None or commit is None:
        return None
    if of is not None and _git(folder, "ls-files", "--error-unmatch", str(of)) is None:
        return None
    # To compare a file git runs it through the filters that the repository itself defines, which are programs.
    filters = _git(folder, "config", "--local", "--get-regexp", r"^filter\..*\.(clean|process)$")
    changes = _git(folder, "status", "--porcelain") if filters is None else None
    return {
        "root": root,
        "commit": commit,
        "branch": _git(folder, "rev-parse", "--abbrev-ref", "HEAD"),
        "dirty": None if changes is None else bool(changes),
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return None


def provenance(
    *, run_id: str | None = None, run_file: Path | None = None, argv: Sequence[str] | None = None
) -> dict[str, Any]:
    """All that is worth knowing about where a run comes from; never fails.

    Parameters
    ----------
    run_id:
        Identifier of the run; a new UUID if None.
    run_file:
        The run file, whose folder is where the user's own code is.
    argv:
        The command line; that of this process if None.
    """
    own = Path(__file__).resolve()
    libraries = {name: found for name in _LIBRARIES if (found := _version(name)) is not None}
    return {
        "run_id": run_id or str(uuid.uuid4()),
        "started": datetime.now(UTC).isoformat(timespec="microseconds"),
        "program": {"name": "hgx-lab", "version": _version("hgx-lab"), "git": git_state(own.parent, of=own)},
        "run_file": None
        if run_file is None
        else {"path": str(run_file.resolve()), "git": git_state(run_file.resolve().parent)},
        "python": sys.version,
        "platform": platform.platform(),
        "libraries": libraries,
        "host": socket.gethostname(),
        "user": _user(),
        "argv": list(sys.argv if argv is None else argv),
    }
