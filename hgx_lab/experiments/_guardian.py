"""A process beside the run that outlives it, and brings the outputs to rest if the run can't any more."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

import numpy as np

from hgx_drivers.errors import DriverError
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._detached import detached
from hgx_lab.experiments._guardian_work import PATIENCE_SECONDS

__all__ = ["AT_REST", "HOLDING", "READY", "TAKE_OVER", "Guardian", "check_measured", "guarded"]

#: The guardian's first line.
READY = b"ready\n"
#: The run's words: that it is about to move the outputs, and how it leaves them.
HOLDING, AT_REST, TAKE_OVER = b"holding\n", b"at rest\n", b"take over\n"

_COMMAND = (sys.executable, "-m", "hgx_lab.experiments._guardian_process")
#: It imports the program and finds the card.
_READY_SECONDS = 60.0
_LEAVE_SECONDS = 10.0
#: The ramp comes on top of its patience.
_ACT_SECONDS = PATIENCE_SECONDS + 60.0
#: Rest is reached within this, V: as the acquisition has it.
_REST_TOLERANCE = 1e-3


class Guardian:
    """What a run knows of its guardian. Without one every method does nothing.

    ``rested`` says whether the run leaves the outputs at rest; true where it never held them.
    """

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._process: subprocess.Popen[bytes] | None = None
        self._missed = False
        self._holding = False
        self.sessions = ""
        self.rested = True

    def begin(self, run: RunFile, record: Path) -> None:
        """Start it and wait until it could act.

        Raises
        ------
        AcquisitionError
            It can't; nothing has moved.
        """
        self.sessions = f"hgx-{uuid.uuid4().hex[:12]}"
        log = record.absolute().with_name(record.name + ".guardian.log")
        order = {"run_file": run.to_yaml(), "sessions": self.sessions, "log": str(log), "process": os.getpid()}
        try:
            # What ends the run's terminal, or everything in it, doesn't reach the guardian.
            process = subprocess.Popen(
                _COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, **detached()
            )
        except OSError as error:
            raise AcquisitionError(f"The guardian can't be started: {error}.") from error
        self._process = process
        answer = self._ask(json.dumps(order).encode() + b"\n")
        if answer != READY:
            self._end(0.0)
            self._process = None
            said = answer.decode(errors="replace").strip() or f"no answer within {_READY_SECONDS:g} s, or its end"
            raise AcquisitionError(
                f"The guardian isn't ready: {said}",
                remedy="Mend that. Without safety.guardian the outputs stay where they are if the run is killed.",
            )
        self._tell(
            f"Guardian: process {process.pid} brings the outputs to rest if this one, {os.getpid()}, is killed.",
            process=process.pid,
        )

    def hold(self) -> None:
        """Say that from now on the outputs are the run's: whoever had the card before isn't to be disturbed."""
        self._holding = True
        self._say(HOLDING)

    def look(self) -> None:
        """Tell once if the guardian is gone; the run goes on."""
        process = self._process
        if process is not None and not self._missed and process.poll() is not None:
            self._missed = True
            self._tell(
                f"The guardian, process {process.pid}, is gone (exit code {process.returncode}). The run goes on; if "
                "it is killed now, the outputs hold.",
                exit_code=process.returncode,
            )

    @contextmanager
    def seeing(self, run: RunFile, bench: Bench) -> Iterator[None]:
        """Look, when the block ends, how the run leaves its bench: in the bench's own words, before it is let go."""
        try:
            yield
        finally:
            if self._process is not None and self._holding:
                self.rested = _at_rest(run, bench)

    def finish(self) -> None:
        """Dismiss the guardian, or let it do what the run couldn't; it is gone afterwards."""
        process = self._process
        if process is None:
            return
        try:
            self.look()
        finally:
            self._part(process)

    def _part(self, process: subprocess.Popen[bytes]) -> None:
        if self.rested or process.poll() is not None:
            self._say(AT_REST)
            self._end(_LEAVE_SECONDS)
            return
        self._say(TAKE_OVER)
        self._tell("The run couldn't bring the outputs to rest; the guardian tries.")
        said = self._hear_out(_ACT_SECONDS)
        self._tell("Guardian: " + (said or "no answer."), exit_code=process.poll())

    def _ask(self, order: bytes) -> bytes:
        """Its first line; empty if it ends or takes too long."""
        answers: list[bytes] = []
        thread = threading.Thread(target=lambda: answers.append(_pipe(self._process, "stdout").readline()))
        thread.start()
        self._say(order)
        thread.join(_READY_SECONDS)
        if thread.is_alive() and self._process is not None:
            self._process.kill()
        thread.join()
        return answers[0]

    def _say(self, words: bytes) -> None:
        if self._process is None:
            return
        # To a guardian that is gone nothing can be said; look() tells that.
        with suppress(OSError):
            pipe = _pipe(self._process, "stdin")
            pipe.write(words)
            pipe.flush()

    def _hear_out(self, seconds: float) -> str:
        """What it says until it has ended."""
        process = self._process
        if process is None:
            return ""
        try:
            said, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            return f"it hasn't finished after {seconds:g} s and goes on; its log is beside the record."
        return " ".join(said.decode(errors="replace").split("\n")).strip()

    def _end(self, seconds: float) -> None:
        process = self._process
        if process is None:
            return
        with suppress(OSError):
            _pipe(process, "stdin").close()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process, "stdout").close()


@contextmanager
def guarded(run: RunFile, record: Path, tell: Callable[..., None]) -> Iterator[Guardian]:
    """A guardian for what is in the block, where the run file asks for one and there is something to guard.

    Raises
    ------
    AcquisitionError
        It can't be had; nothing has moved.
    """
    guardian = Guardian(tell)
    try:
        if run.safety.guardian and isinstance(run.bench, NiBench):
            guardian.begin(run, record)
        yield guardian
    finally:
        guardian.finish()


def check_measured(run: RunFile, bench: Bench) -> None:
    """Refuse a guardian beside a card that had to be told where its outputs stand.

    Raises
    ------
    AcquisitionError
        After a kill nobody could tell the guardian, and it would move nothing.
    """
    if run.safety.guardian and not bench.measures_levels:
        raise AcquisitionError(
            "A guardian must measure the outputs to move them, and this card can't: after a kill nobody could tell it "
            "where they stand.",
            remedy="Leave safety.guardian out and stay with the run; bench.watchdog is for cards that have one.",
        )


def _at_rest(run: RunFile, bench: Bench) -> bool:
    rest = np.array([e.rest for e in run.electrodes])
    try:
        if any(g.device.state(name).on for g in bench.generators for name in g.electrodes):
            return False
        return bool(np.all(np.abs(bench.card.levels() - rest) < _REST_TOLERANCE))
    except DriverError:
        return False


def _pipe(process: subprocess.Popen[bytes] | None, name: str) -> IO[bytes]:
    pipe = getattr(process, name)
    if pipe is None:
        raise AcquisitionError(f"The guardian has no {name}.")
    return pipe
