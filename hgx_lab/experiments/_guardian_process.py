"""The guardian: a process that waits for the end of a run, and acts if that wasn't an end at rest.

Started by :mod:`hgx_lab.experiments._guardian`, with an order in JSON as the first line of its standard input. It
answers ``ready`` or why it can't be. Then it waits, without looking at a clock, for a word or for the end of the run's
process: the system closes the pipe of a process that is gone, however it went.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import traceback
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hgx_lab.experiments._ending_signals import ENDING_SIGNALS
from hgx_lab.experiments._guardian import AT_REST, HOLDING, READY, TAKE_OVER

if TYPE_CHECKING:
    from hgx_lab.config import RunFile

__all__ = ["last_words", "main"]


def last_words(source: BinaryIO, run: int) -> bytes:
    """Wait until the run has said its last word or is gone; return what it said.

    ``source`` is the unbuffered end of the pipe. Where the system tells of the end of a process (Linux) that counts
    too: a child that the run forked may keep the pipe open for longer than the run lives.
    """
    said = b""
    process = _watch(run)
    try:
        while not said.endswith((AT_REST, TAKE_OVER)):
            if process is not None and not _speaks(source, process):
                return said
            part = source.read(64)
            if not part:
                return said
            said += part
    finally:
        if process is not None:
            os.close(process)
    return said


def _speaks(source: BinaryIO, process: int) -> bool:
    """Wait for either; whether there is something to read, be it the end. What was said before an end is heard."""
    waiting = select.poll()
    waiting.register(source.fileno(), select.POLLIN)
    waiting.register(process, select.POLLIN)
    return source.fileno() in dict(waiting.poll())


def _watch(run: int) -> int | None:
    """A handle on the run's process; None where there is no such thing, and the pipe alone must do."""
    if sys.platform != "linux" or os.getppid() != run:
        return None
    try:
        return os.pidfd_open(run)
    except OSError:
        return None


class _Log:
    """Lines with the time, on the disk before the next step is taken; the run hears them too while it lives."""

    def __init__(self, path: Path, answer: BinaryIO) -> None:
        self._path, self._answer = path, answer

    def line(self, text: str) -> None:
        stamped = f"{datetime.now().astimezone().isoformat(timespec='milliseconds')} {text}\n"
        # A full disk must not keep the outputs from rest, nor a run that hears no more.
        with suppress(OSError), self._path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(stamped)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):
            self._answer.write(text.encode(errors="backslashreplace") + b"\n")


def main() -> int:
    """Be the guardian of one run; 0 where nothing had to be done or all of it worked."""
    # What tells the program to go is the run's business; the guardian is there for as long as that takes, and longer.
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    source = os.fdopen(0, "rb", buffering=0, closefd=False)
    answer = os.fdopen(1, "wb", buffering=0, closefd=False)
    order = json.loads(source.readline())
    try:
        run = _prepare(order["run_file"])
    except Exception as error:  # noqa: BLE001 - whatever it is, the run must not begin without its guardian
        answer.write(f"{type(error).__name__}: {error}".replace("\n", " ").encode(errors="backslashreplace") + b"\n")
        return 1
    answer.write(READY)
    said = last_words(source, order["process"])
    if said.endswith(AT_REST) or not said.startswith(HOLDING):
        return 0
    return _act(run, order["sessions"], order["process"], _Log(Path(order["log"]), answer))


def _prepare(text: str) -> RunFile:
    from hgx_lab.config import parse_run_file
    from hgx_lab.experiments._guardian_work import reach

    run = parse_run_file(text, check_files=False)
    reach(run)
    return run


def _act(run: RunFile, sessions: str, process: int, log: _Log) -> int:
    from hgx_lab.experiments._guardian_work import bring_to_rest

    log.line(f"Guardian {os.getpid()}: the run, process {process}, has ended without its word of rest.")
    try:
        return 0 if bring_to_rest(run, sessions, log.line) else 1
    except Exception:  # noqa: BLE001 - nobody else can tell what happened
        log.line(f"NOT AT REST: the guardian failed.\n{traceback.format_exc()}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
