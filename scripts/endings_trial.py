"""One trial of verify_endings.py: a command of hgx that is ended in some way at some moment, and what is left of it."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time
import traceback
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np

from hgx_lab.errors import HgxError
from hgx_lab.records import open_record
from tests.support.outside import Levels, hgx
from tests.support.terminal import take_terminal

__all__ = ["Command", "Ended", "Trial"]

_OUTSIDE = Path(__file__).parents[1] / "tests" / "support" / "outside.py"
#: A command that goes on for longer doesn't end.
_PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Command:
    """Arguments of hgx, what its run file says of rest (V), slew (V/s) and rate (Hz), and what its record may say."""

    arguments: tuple[str, ...]
    rest: tuple[float, ...]
    slew: float
    rate_hz: float
    recorded: bool = True
    #: A fault that isn't of the ending's making: a machine that is too slow for a bench in real time.
    excused: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """A command, and what is done to it so many ``seconds`` after it was started.

    It is a process of its own from its first line of Python if ``fresh``, else the fork of one that has imported the
    program. ``signals`` are sent, each with its own wait before (s). A ``terminal`` is closed of which the command is
    the "leader", or a child of a "shell". ``readers`` of its standard output (1) and error (2) go away.
    """

    command: Command
    fresh: bool
    seconds: float
    signals: tuple[tuple[signal.Signals, float], ...] = ()
    terminal: str = ""
    readers: tuple[int, ...] = ()

    @property
    def disturbed(self) -> bool:
        """Whether anything is done."""
        return bool(self.signals or self.terminal or self.readers)

    @property
    def reasons(self) -> tuple[str, ...]:
        """What a record that was interrupted may name."""
        return tuple(number.name for number, _ in self.signals) + (("SIGHUP",) if self.terminal else ())

    def run(self, folder: Path) -> Ended:
        """Do it in an empty folder; again and sooner, where the command had ended by itself before."""
        trial, number = self, 0
        while True:
            place = folder / str(number)
            place.mkdir()
            found = _Running(trial, place).to_its_end()
            if found.struck or not self.disturbed:
                return found
            trial, number = replace(trial, seconds=0.8 * trial.seconds), number + 1


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left of a command.

    ``began`` and ``up`` say whether it had written samples, and had outputs away from rest, when it was struck;
    ``wrong`` what is wrong with its record; ``slew`` is the fastest move of an output, of its limit.
    """

    struck: bool
    began: bool
    up: bool
    at_rest: bool
    wrong: str
    slew: float
    seconds: float


class _Running:
    """A command that has been started."""

    def __init__(self, trial: Trial, folder: Path) -> None:
        self._trial, self._folder = trial, folder
        self._levels = Levels.blank(folder / "levels")
        self._ended = False
        self._begin = time.monotonic()
        # Whoever has the other end hasn't ended yet: a command under a shell is no child of this process.
        self._gone, alive = os.pipe()
        if trial.terminal:
            master, slave = pty.openpty()
            self._ours, theirs = {0: master}, (slave, slave)
        else:
            (out, to_out), (err, to_err) = os.pipe(), os.pipe()
            self._ours, theirs = {1: out, 2: err}, (to_out, to_err)
        sys.stdout.flush()
        self._process = os.fork()
        if self._process == 0:
            try:
                for end in (self._gone, *self._ours.values()):
                    os.close(end)
                self._become(theirs, alive)
            except BaseException:  # noqa: BLE001 - a fork that went wrong mustn't go on as this process
                traceback.print_exc()
            finally:
                os._exit(70)
        for end in {alive, *theirs}:
            os.close(end)

    def to_its_end(self) -> Ended:
        """Strike it when its time has come, and look at what is left."""
        trial, rest = self._trial, np.array(self._trial.command.rest)
        struck = not self._wait(trial.seconds) and trial.disturbed
        before = Levels.read(self._levels)
        if struck:
            self._strike()
        hangs = not self._wait(_PATIENCE_SECONDS)
        if hangs:
            os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        for end in (self._gone, *self._ours.values()):
            os.close(end)
        after = Levels.read(self._levels)
        return Ended(
            struck,
            bool(before.written),
            not before.at_rest(rest),
            not hangs and after.at_rest(rest),
            f"nothing: it went on for {_PATIENCE_SECONDS:g} s" if hangs else self._wrong(bool(after.written)),
            after.step * trial.command.rate_hz / trial.command.slew,
            time.monotonic() - self._begin,
        )

    def _become(self, ends: tuple[int, int], alive: int) -> NoReturn:
        os.setsid()
        if self._trial.terminal:
            take_terminal(ends[0])
        else:
            os.dup2(ends[0], 1)
            os.dup2(ends[1], 2)
        if self._trial.terminal == "shell" and os.fork():
            os.close(alive)
            os.wait()
            os._exit(0)
        os.chdir(self._folder)
        command, wire = self._trial.command, not self._trial.command.recorded
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._trial.fresh:
            os.set_inheritable(alive, True)
            options = [str(self._levels), *(["--wire"] if wire else []), "--", *command.arguments]
            os.execv(sys.executable, [sys.executable, str(_OUTSIDE), *options])
        code: object = 0
        try:
            hgx(self._levels, [*command.arguments], wire=wire)
        except SystemExit as ended:
            code = ended.code
        except KeyboardInterrupt:
            code = 130
        os._exit(code if isinstance(code, int) else 1)

    def _wait(self, seconds: float) -> bool:
        """Read what is printed for so long, or until the command has ended; whether it has."""
        until = time.monotonic() + seconds
        while not self._ended and (left := until - time.monotonic()) > 0:
            ready, _, _ = select.select([self._gone, *self._ours.values()], [], [], min(left, 60.0))
            self._ended = self._gone in ready
            for name, end in [*self._ours.items()]:
                if end in ready and not _read(end):
                    self._close(name)
        return self._ended

    def _close(self, name: int) -> None:
        os.close(self._ours.pop(name))

    def _strike(self) -> None:
        for number, wait in self._trial.signals:
            self._wait(wait)
            os.kill(self._process, number)
        for name in (*([0] if self._trial.terminal else []), *self._trial.readers):
            if name in self._ours:
                self._close(name)

    def _wrong(self, moved: bool) -> str:
        """What is wrong with the record; nothing, where the command was ended before it began."""
        if not self._trial.command.recorded:
            return ""
        found = [*self._folder.rglob("*.h5")]
        if not found:
            if self._trial.readers:
                return "a display that went away kept it from beginning"
            return "outputs moved, and there is no record" if moved else ""
        try:
            with open_record(found[0]) as record:
                status, reason = record.status, record.reason
        except HgxError as error:
            return str(error)
        excused = self._trial.command.excused
        if (
            (status == "completed" and reason)
            or (status == "interrupted" and any(name in reason for name in self._trial.reasons))
            or (status == "failed" and excused and excused in reason)
        ):
            return ""
        return f"{status}: {reason}"


def _read(end: int) -> bytes:
    try:
        return os.read(end, 65536)
    except OSError:
        return b""  # the terminal of a command that is gone
