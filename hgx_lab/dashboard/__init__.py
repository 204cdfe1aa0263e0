"""The dashboard: what a run looks like while it goes on, and the only place where Qt is imported.

``open_dashboard`` imports Qt when it is called, so that a missing package is one sentence and not a traceback.
"""

from __future__ import annotations

from pathlib import Path

from hgx_lab.errors import HgxError

__all__ = ["QtMissing", "open_dashboard"]


class QtMissing(HgxError):
    """The packages that draw the dashboard aren't there, or can't be loaded."""


def open_dashboard(path: Path | None = None, *, theme: str | None = None) -> int:
    """Open the dashboard and return when its window is closed.

    Parameters
    ----------
    path:
        A run file to begin with, or the record of a run to look at, finished or running; None for neither.
    theme:
        ``"light"`` or ``"dark"``; None for the one used last.

    Raises
    ------
    QtMissing
        pyqtgraph or a Qt binding isn't installed, or lacks a library of the system.
    """
    try:
        from hgx_lab.dashboard._application import run_application
    except ImportError as error:
        raise QtMissing(
            f"The dashboard needs pyqtgraph and PyQt5: {error}.",
            remedy="Install them with: pip install 'hgx-lab[dashboard]'; on Debian also libgl1 and libxcb.",
        ) from error
    return run_application(path, theme=theme)
