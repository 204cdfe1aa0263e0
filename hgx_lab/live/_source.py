"""The watching end: attach to a run of another process, see it, and tell it what to do."""

from __future__ import annotations

import pickle
import socket
import threading
import time
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from hgx_lab.errors import ExperimentError
from hgx_lab.live._board import Board
from hgx_lab.live._door import Door
from hgx_lab.live._record_source import RecordSource, state_of
from hgx_lab.live._snapshot import Snapshot
from hgx_lab.live._state import RunState
from hgx_lab.live._trust import LiveFileRefused
from hgx_lab.live._words import Turned
from hgx_lab.records._process import is_writing

__all__ = ["LiveSource", "Source", "attach"]

#: A run that is silent for so long, s, is asked after.
_SILENCE_SECONDS = 0.6
_POLL_SECONDS = 0.1
#: How often a run that has dropped this reader is asked for another connection, and its record whether it ended, s.
_AGAIN_SECONDS, _RECORD_SECONDS = 0.25, 1.0
_NOBODY = (OSError, EOFError, AuthenticationError)


class Source(Protocol):
    """Where snapshots of a run come from; :meth:`close` never harms the run."""

    record: Path

    def snapshot(self) -> Snapshot: ...
    def reset_overload(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def stop(self) -> None: ...
    def rest_now(self) -> None: ...
    def close(self) -> None: ...


def attach(record: Path) -> Source:
    """Attach to the run that writes a record, or follow the record alone where its run can't be reached.

    A file beside the record that isn't to be believed is one such case: ``refused`` of the source says why.

    Raises
    ------
    RecordError
        The record can't be read either.
    """
    try:
        door = Door.read(record)
    except LiveFileRefused as refused:
        return RecordSource(record, refused=refused)
    if door is not None:
        try:
            return LiveSource(record, door, door.open())
        except _NOBODY:
            pass  # a run that was killed leaves its file behind
    return RecordSource(record)


class LiveSource:
    """A connection to a running run; a thread fills the picture, any thread may look at it.

    Parameters
    ----------
    record:
        The run's record, which says how it ended when the run can't.
    door, connection:
        Who is at the other end.
    """

    def __init__(self, record: Path, door: Door, connection: Connection) -> None:
        self.record = record
        self._door, self._connection = door, connection
        self._board = Board()
        self._board.take(Turned(RunState.OPENING, "attaching"))
        self._closing = threading.Event()
        self._connected = True
        self._send_lock = threading.Lock()
        self._thread = threading.Thread(target=self._listen, name="hgx-live-source", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def snapshot(self) -> Snapshot:
        """The run now; cheap, from any thread."""
        return self._board.snapshot()

    def reset_overload(self) -> None:
        """Put the overload lamp out."""
        self._board.reset_overload()

    def pause(self) -> None:
        """Stand still after the running iteration."""
        self._say("pause")

    def resume(self) -> None:
        """Go on: out of a pause, or after all where a stop was asked for and the iteration isn't over."""
        self._say("resume")

    def stop(self) -> None:
        """End after the running iteration, at rest."""
        self._say("stop")

    def rest_now(self) -> None:
        """Leave at once for the ramp to rest."""
        self._say("rest-now")

    @property
    def connected(self) -> bool:
        """Whether commands reach the run now."""
        return self._connected and self._board.state.alive

    def _say(self, word: str) -> None:
        with self._send_lock:
            try:
                self._connection.send_bytes(word.encode())
            except (OSError, ValueError) as error:
                self._connected = False
                if self._board.state.alive:
                    raise ExperimentError(
                        f"The command {word!r} didn't reach the run of {self.record}.",
                        remedy="Try again in a second; to stop the run by all means, press Ctrl-C in its terminal.",
                    ) from error

    def close(self) -> None:
        """Part from the run, which goes on. Idempotent."""
        self._closing.set()
        self._thread.join()
        self._connection.close()

    def _listen(self) -> None:
        while True:
            try:
                self._take_words()
            except (OSError, EOFError):
                pass
            except pickle.UnpicklingError:
                break
            if self._closing.is_set() or not self._board.state.alive:
                return
            if not self._regained():
                break
        if not self._closing.is_set() and self._board.state.alive:
            self._board.take(self._verdict(), heard=False)

    def _take_words(self) -> None:
        while not self._closing.is_set():
            if self._connection.poll(_POLL_SECONDS):
                # Only the run of the same user, who has the key, is at the other end.
                for word in pickle.loads(self._connection.recv_bytes()):
                    self._board.take(word)
            elif self._board.silent_seconds > _SILENCE_SECONDS and not self._lives():
                return

    def _regained(self) -> bool:
        """Connect again to a run that goes on; a run drops a reader that was frozen for too long."""
        self._connected = False
        asked = time.monotonic()
        while self._lives() and not self._closing.wait(_AGAIN_SECONDS):
            try:
                if (door := Door.read(self.record)) is not None and door.pid == self._door.pid:
                    fresh = door.open()
                    with self._send_lock:
                        self._connection.close()
                        self._connection = fresh
                    self._connected = True
                    return True
            except (*_NOBODY, LiveFileRefused):
                pass
            now = time.monotonic()
            if now - asked > _RECORD_SECONDS:
                asked = now
                if state_of(self.record) is not None:
                    return False
        return False

    def _lives(self) -> bool:
        return is_writing({"host": socket.gethostname(), "pid": self._door.pid, "process_started": ""}, 0.0)

    def _verdict(self) -> Turned:
        """What the record says of a run that went without a word."""
        return state_of(self.record) or Turned(RunState.LOST, "The process of the run is gone without a word.")
