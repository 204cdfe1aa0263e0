"""Which process writes a record, and whether it still lives."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["is_writing", "this_process"]

#: A writer on another computer, which can't be asked, counts as alive while it flushed this recently.
_SILENCE_SECONDS = 60.0


def _stat(pid: int) -> list[str]:
    """What Linux says of a process, from its state on; empty where the system doesn't tell."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int) -> str:
    """When the process started, in ticks since boot; empty where the system doesn't tell."""
    fields = _stat(pid)
    return fields[19] if len(fields) > 19 else ""


def this_process() -> dict[str, Any]:
    """Host, process id and start of this process: a process id alone is used again after a while."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "process_started": _started(os.getpid())}


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        # os.kill(pid, 0) sends Ctrl-C there instead of asking.
        import ctypes

        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x00100000, False, pid)  # SYNCHRONIZE
        if not handle:
            return False
        timed_out = 0x102
        alive = kernel.WaitForSingleObject(handle, 0) == timed_out
        kernel.CloseHandle(handle)
        return bool(alive)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # One that has ended keeps its number until its parent asks how it ended, which some never do.
    return _stat(pid)[:1] not in (["Z"], ["X"])


def is_writing(process: Mapping[str, Any], last_flush: float) -> bool:
    """Whether the process described by :func:`this_process` still runs; ``last_flush`` in Unix seconds."""
    if process["host"] != socket.gethostname():
        return time.time() - last_flush < _SILENCE_SECONDS
    pid = int(process["pid"])
    return _exists(pid) and (not process["process_started"] or process["process_started"] == _started(pid))
