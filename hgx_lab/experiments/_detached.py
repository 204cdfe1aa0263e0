"""How a process is started that is to outlive the terminal of the one that starts it."""

from __future__ import annotations

import subprocess
import sys
from typing import TypedDict

__all__ = ["detached"]


class _Apart(TypedDict, total=False):
    start_new_session: bool
    creationflags: int


def detached() -> _Apart:
    """Arguments of :class:`subprocess.Popen` for a process that a closed terminal or Ctrl-C there doesn't reach.

    It gets a session of its own. On Windows, where a console that is closed ends every process attached to it, it gets
    a console of its own without a window, in which later children of it are as safe.
    """
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}
