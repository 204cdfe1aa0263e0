"""On Windows: the closing of the console, the end of the user's session and a shutdown, which aren't signals there.

The system calls a handler in a thread of its own and ends the process when that returns, or after some seconds: 5 s
for a closed console, by the documentation of ``HandlerRoutine``. So the handler waits until the outputs are at rest and
the record is closed. :func:`set_handler` is the only place that calls the system.
"""

from __future__ import annotations

import ctypes
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import wintypes
from typing import Any

from hgx_lab.errors import AcquisitionError

__all__ = ["console_events", "set_handler"]

#: CTRL_CLOSE_EVENT, CTRL_LOGOFF_EVENT and CTRL_SHUTDOWN_EVENT. Ctrl-C (0) and Ctrl-Break (1) come as signals.
_REASONS = {2: "a closed console", 5: "the user's log-off", 6: "a shutdown of the computer"}
#: As after SIGTERM.
_EXIT_CODE = 143

#: What Windows calls: BOOL HandlerRoutine(DWORD).
_Routine: Any = getattr(ctypes, "WINFUNCTYPE", ctypes.CFUNCTYPE)(wintypes.BOOL, wintypes.DWORD)


@contextmanager
def console_events(ask: Callable[[str, int], None]) -> Iterator[None]:
    """Call ``ask(reason, exit_code)`` for each of these events while the block runs, and let Windows wait for its end.

    Does nothing on other systems.

    Raises
    ------
    AcquisitionError
        Windows doesn't take the handler.
    """
    if platform.system() != "Windows":
        yield
        return
    ended = threading.Event()

    def handle(event: int) -> bool:
        if event not in _REASONS:
            return False
        ask(_REASONS[event], _EXIT_CODE)
        ended.wait()
        return True

    # A name of its own: Windows has nothing but the address of it.
    routine = _Routine(handle)
    set_handler(routine, add=True)
    try:
        yield
    finally:
        ended.set()
        set_handler(routine, add=False)


def set_handler(routine: Any, *, add: bool) -> None:
    """Have Windows call a routine at the events of the console, before those that were added earlier, or no longer.

    Raises
    ------
    AcquisitionError
        It refuses.
    """
    system = _kernel32()
    system.SetConsoleCtrlHandler.argtypes = (_Routine, wintypes.BOOL)
    system.SetConsoleCtrlHandler.restype = wintypes.BOOL
    if not system.SetConsoleCtrlHandler(routine, add):
        raise AcquisitionError(
            f"Windows doesn't say when the console is closed: SetConsoleCtrlHandler failed with error {_last_error()}.",
            remedy="Start the run from an ordinary console window.",
        )


def _kernel32() -> Any:
    return ctypes.WinDLL("kernel32", use_last_error=True)  # pyright: ignore[reportAttributeAccessIssue]


def _last_error() -> int:
    return ctypes.get_last_error()  # pyright: ignore[reportAttributeAccessIssue]
