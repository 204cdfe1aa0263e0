"""The signals by which a process is told to go."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["ENDING_SIGNALS", "ending_signals"]

#: Ctrl-C; kill, systemd, a shutdown; a closed terminal or a dropped ssh connection; Ctrl-\; Ctrl-Break on Windows; the
#: limit on processor time of a shell or a batch system. Signals that a program may use for something else (SIGALRM,
#: SIGUSR1, SIGUSR2) aren't among them.
ENDING_SIGNALS = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK", "SIGXCPU")
    if hasattr(signal, name)
)


@contextmanager
def ending_signals(ask: Callable[[str, int], None]) -> Iterator[None]:
    """Call ``ask(reason, exit_code)`` for each of these signals while the block runs; they do nothing else then.

    A signal that is ignored when the block begins stays ignored: SIGHUP under ``nohup``, SIGINT and SIGQUIT in a job
    that a script put in the background. The exit code is 128 and the signal's number, as a shell has it. The block must
    be in the main thread.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        ask(f"{name} (Ctrl-C)" if number == signal.SIGINT else name, 128 + number)

    before: dict[signal.Signals, Any] = {}
    try:
        for number in ENDING_SIGNALS:
            found = signal.getsignal(number)
            if found is not signal.SIG_IGN:
                before[number] = found
                signal.signal(number, handle)
        yield
    finally:
        for number, handler in before.items():
            # None: a handler that Python didn't set, and that it can't set again.
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
