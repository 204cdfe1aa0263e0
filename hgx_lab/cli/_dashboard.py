"""``hgx dashboard``: a window on a run."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from hgx_lab.errors import MissingExtraError

__all__ = ["dashboard", "require_qt", "start_dashboard"]

_BINDINGS = ("PyQt5", "PyQt6", "PySide6")


def dashboard(
    path: Annotated[
        Path | None,
        typer.Argument(help="A run file to edit and start, or a record to attach to or look at.", metavar="[PATH]"),
    ] = None,
    theme: Annotated[str | None, typer.Option(help="light or dark; the system's own if not given.")] = None,
) -> None:
    """Open the dashboard: edit and start a run, attach to a running one, or look at past ones."""
    require_qt()
    from hgx_lab.dashboard import open_dashboard

    raise typer.Exit(open_dashboard(path, theme=theme))


def start_dashboard(record: Path) -> None:
    """Open the dashboard on a record in a process of its own, which may end at any time."""
    from hgx_lab.experiments import detached

    require_qt()
    subprocess.Popen(
        [sys.executable, "-P", "-m", "hgx_lab.cli", "dashboard", str(record)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **detached(),
    )


def require_qt() -> None:
    """Refuse with the remedy where the packages of the dashboard aren't installed."""
    if find_spec("pyqtgraph") is None or not any(find_spec(name) for name in _BINDINGS):
        raise MissingExtraError("The dashboard", "dashboard")
