"""Starts a run in a process of its own and watches it."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Literal

from hgx_lab.errors import ExperimentError, HgxError, OutputsUnknown
from hgx_lab.experiments import ENDING_SIGNALS, detached
from hgx_lab.live._board import Board
from hgx_lab.live._door import door_path
from hgx_lab.live._record_source import RecordSource, state_of
from hgx_lab.live._snapshot import Snapshot
from hgx_lab.live._source import LiveSource, Source, attach
from hgx_lab.live._state import RunState
from hgx_lab.live._words import Turned

__all__ = ["RunProcess"]

_POLL_SECONDS = 0.05
#: How often a run is asked for a connection until it gives one, s.
_ATTACH_SECONDS = 0.1
#: Of the log, characters at most that are shown when a start fails.
_LOG_CHARACTERS = 4000
#: Exit codes of a run that ended well: goal reached, goal not reached, told to go, and told so before anything could
#: move, while signals still had their usual effect.
_WELL = {0, 3, *(128 + number for number in ENDING_SIGNALS), *(-number for number in ENDING_SIGNALS)}


class RunProcess:
    """A source of snapshots of a run that it starts; the run lives on when this one goes.

    Stop and rest-now always have a way to the run: over its connection, or by SIGTERM while there is none.

    Parameters
    ----------
    text:
        The run file.
    record:
        The record to create, a new ``.h5`` file. The run file and the log of the run lie beside it.
    resume:
        The record, and the iteration in it (-1 for the last), that the run goes on from; ``text`` isn't used then.
    folder:
        Where relative paths in the run file start; the working directory if not given.
    outputs_at:
        Where the outputs stand now, as ``hgx run --outputs-at`` reads it; empty if nothing is stated.

    Raises
    ------
    ExperimentError
        The record is there already, or the folder can't be written to.
    """

    def __init__(
        self,
        text: str,
        record: Path,
        *,
        resume: tuple[Path, int] | None = None,
        folder: Path | None = None,
        outputs_at: str = "",
    ) -> None:
        self.record = record
        if record.exists():
            raise ExperimentError(f"{record} is there already.", remedy="Give the run another record.")
        self._board = Board(trace_samples=0)
        self._board.take(Turned(RunState.OPENING, "starting"))
        self._source: Source | None = None
        self._closing = threading.Event()
        self._asked_for: Literal["stop", "rest_now"] | None = None
        self.log = record.with_suffix(".log")
        try:
            record.parent.mkdir(parents=True, exist_ok=True)
            run_file = (folder or record.parent) / f"{record.stem}.yaml"
            if resume is None:
                with run_file.open("x", encoding="utf-8") as file:
                    file.write(text)
                what = ["run", str(run_file)]
            else:
                what = ["resume", str(resume[0]), "--iteration", str(resume[1])]
            what += [f"--outputs-at={outputs_at}"] if outputs_at else []
            with self.log.open("wb") as log:
                # What ends the terminal or the window of this process doesn't end the run.
                self.process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "hgx_lab.cli", *what, "--live", "--output", str(record)],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    **detached(),
                )
        except OSError as error:
            raise ExperimentError(f"The run can't be started: {error}.") from error
        self._thread = threading.Thread(target=self._wait, name="hgx-run-process", daemon=True)
        self._thread.start()

    def snapshot(self) -> Snapshot:
        """The run now, or how its start failed."""
        if self._source is not None and self._board.state is RunState.OPENING:
            return self._source.snapshot()
        return self._board.snapshot()

    def reset_overload(self) -> None:
        """Put the overload lamp out."""
        if self._source is not None:
            self._source.reset_overload()

    def pause(self) -> None:
        """Stand still after the running iteration."""
        if (source := self._connected()) is not None:
            source.pause()
        elif self.running:
            raise self._unreachable("pause")

    def resume(self) -> None:
        """Go on."""
        if (source := self._connected()) is not None:
            source.resume()
        elif self.running:
            raise self._unreachable("resume")

    def stop(self) -> None:
        """End after the running iteration, at rest; at once where the run can't be reached but by SIGTERM.

        Windows has no such signal, only an end at once: there it is stopped as soon as it can be reached.
        """
        self._end("stop")

    def rest_now(self) -> None:
        """Leave at once for the ramp to rest."""
        self._end("rest_now")

    def _end(self, command: Literal["stop", "rest_now"]) -> None:
        if (source := self._connected()) is not None:
            with suppress(ExperimentError):
                source.stop() if command == "stop" else source.rest_now()
                return
        if sys.platform == "win32":
            self._asked_for = command
        elif self.running:
            self.process.terminate()

    def _connected(self) -> LiveSource | None:
        """The connection by which commands reach the run, while there is one."""
        source = self._source
        return source if isinstance(source, LiveSource) and source.connected else None

    def _unreachable(self, command: str) -> ExperimentError:
        return ExperimentError(
            f"The run of {self.record} can't be reached at the moment, so it didn't get the command {command!r}.",
            remedy="Try again in a second. Stop and Rest now reach it in any case.",
        )

    @property
    def wants_outputs(self) -> bool:
        """Whether the start was refused because nobody knows where the outputs stand."""
        return self.process.poll() == OutputsUnknown.exit_code and "can't measure its outputs" in self._words()

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.process.poll() is None

    def close(self) -> None:
        """Look away; the run goes on. Idempotent."""
        self._closing.set()
        self._thread.join()
        if self._source is not None:
            self._source.close()

    def _wait(self) -> None:
        tried = float("-inf")
        while not self._closing.wait(_POLL_SECONDS):
            code = self.process.poll()
            if self._source is None and time.monotonic() - tried > _ATTACH_SECONDS and self._can_be_found():
                self._source = self._attached()
                tried = time.monotonic()
            if (command := self._asked_for) is not None and self._connected() is not None:
                self._asked_for = None
                self._end(command)
            if code is not None:
                self._conclude(code)
                return

    def _can_be_found(self) -> bool:
        return self.record.exists() and door_path(self.record).exists()

    def _attached(self) -> Source | None:
        try:
            found = attach(self.record)
        except HgxError:
            return None  # it is only just being made
        if isinstance(found, LiveSource) or (isinstance(found, RecordSource) and found.refused is not None):
            return found
        found.close()
        return None

    def _conclude(self, code: int) -> None:
        """Say how a run ended that nobody heard of, or that was lost."""
        deadline = time.monotonic() + 1.0
        while self._source is not None and self._source.snapshot().status.state.alive and time.monotonic() < deadline:
            self._closing.wait(_POLL_SECONDS)
        if self._source is not None and not self._source.snapshot().status.state.alive:
            return
        end = state_of(self.record) if self.record.exists() else None
        if end is not None:
            self._source = self._source or attach(self.record)
        elif code in _WELL:
            self._board.take(Turned(RunState.FINISHED, "The run ended before it measured anything."))
        else:
            self._board.take(Turned(RunState.FAULT, self._words() or f"The run ended with exit code {code}."))

    def _words(self) -> str:
        try:
            return self.log.read_text(encoding="utf-8", errors="replace")[-_LOG_CHARACTERS:].strip()
        except OSError:
            return ""
