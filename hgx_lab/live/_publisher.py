"""Tells a run to whoever attaches to it, without ever holding it up."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from hgx_lab.acquisition import Event, EventKind, PlacedSegment
from hgx_lab.config import RunFile
from hgx_lab.experiments import Interrupts, SilentAudience
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.live._acceptor import Acceptor
from hgx_lab.live._board import Board
from hgx_lab.live._describe_run import describe
from hgx_lab.live._door import door_path
from hgx_lab.live._reader import Reader
from hgx_lab.live._snapshot import Floats, LiveEvent
from hgx_lab.live._state import RunState
from hgx_lab.live._words import Beat, Samples, Turned, Volts, Word, Worked, confirmation, live_event, stepped
from hgx_lab.signals import ChainFit

__all__ = ["Publisher"]

_SAMPLES = 400  # blocks that wait at most
_WORDS = 100_000  # other words that wait at most
_PUMP_SECONDS = 0.05
_BEAT_SECONDS = 0.25
_FAREWELL_SECONDS = 1.0
_STATES = {"calibrating": RunState.CALIBRATING, "learning": RunState.LEARNING, "measuring": RunState.MEASURING}
_ENDS = {"completed": RunState.FINISHED, "interrupted": RunState.FINISHED, "failed": RunState.FAULT}


class Publisher(SilentAudience):
    """An audience that passes on to other processes; a context manager around the run.

    The thread of the run only appends to a bounded queue. Readers attach by the file beside the record.

    Parameters
    ----------
    interrupts:
        Where the readers' commands go: pause, resume, stop, rest-now.
    text:
        The run file as it was written.
    """

    def __init__(self, interrupts: Interrupts, *, text: str = "") -> None:
        self._interrupts, self._text = interrupts, text
        self._board = Board(trace_samples=0)
        # Who comes before the first word is to see that there is a run.
        self._board.take(Turned(RunState.OPENING, "starting"))
        self._words: deque[Word] = deque(maxlen=_WORDS)
        self._samples: deque[Samples] = deque(maxlen=_SAMPLES)
        self._lock = threading.Lock()  # readers and board change together
        self._readers: list[Reader] = []
        self._watched = False
        self._began = time.monotonic()
        self._doing = RunState.OPENING
        self._held = False
        self._record: Path | None = None
        self._failure: Exception | None = None  # of the thread that passes on, to be noted by that of the run
        #: Called with the record's path when readers can find the run.
        self.when_found: Callable[[Path], None] | None = None
        self._done = threading.Event()
        self._acceptor = Acceptor(self._admit)
        self._thread = threading.Thread(target=self._pump, name="hgx-live-pump", daemon=True)

    def __enter__(self) -> Self:
        self._acceptor.start()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Tell the rest, for no longer than a second, and take the file beside the record away."""
        self._done.set()
        if self._record is not None:
            with suppress(OSError):  # what is left behind leads nowhere
                door_path(self._record).unlink(missing_ok=True)
        self._acceptor.close()
        if self._thread.is_alive():
            self._thread.join(2 * _FAREWELL_SECONDS)
        until = time.monotonic() + _FAREWELL_SECONDS
        for reader in self._readers:
            reader.close(max(0.0, until - time.monotonic()))

    def _tell(self, word: Word) -> None:
        self._words.append(word)

    def _turn(self, state: RunState, detail: str = "") -> None:
        self._tell(Turned(state, detail))

    def began(self, record: Path, run: RunFile) -> None:
        """Describe the run, and leave the file by which readers find it."""
        self._began = time.monotonic()
        self._record = record
        self._tell(describe(run, record, text=self._text))
        self._turn(RunState.OPENING)
        self._acceptor.door.write(record)
        if self.when_found is not None:
            self.when_found(record)

    def note(self, text: str) -> None:
        """Tell what the bench is doing."""
        self._tell(LiveEvent("bench", text, -1, time.time()))

    def calibrated(self, fit: ChainFit) -> None:
        """Tell the measured delay."""
        text = f"Delay {fit.response.delay_seconds * 1e6:.4g} µs, measured."
        self._tell(LiveEvent("calibration", text, -1, time.time()))

    def state(self, state: str) -> None:
        """Tell what the run turns to."""
        self._doing = _STATES[state]
        self._turn(self._doing)

    def event(self, event: Event) -> None:
        """Tell an event, and the state that follows from it; raises once what keeps readers from being told."""
        failure, self._failure = self._failure, None
        self._tell(live_event(event, time.time()))
        if event.kind is EventKind.PAUSED:
            self._held = True
            self._turn(RunState.PAUSED)
        elif event.kind is EventKind.RESUMED:
            self._held = False
            self._turn(self._doing)
        elif event.kind is EventKind.RAMP:
            self._turn(RunState.RAMPING)
        if failure is not None:
            raise failure

    def progress(self, done: int, total: int, figures: str) -> None:
        """Tell how far a measurement is."""
        self._tell(Worked(done, total, figures))

    def iteration(self, iteration: Iteration) -> None:
        """Tell an iteration."""
        self._tell(stepped(iteration))

    def validation(self, validation: Validation) -> None:
        """Tell a validation."""
        self._tell(confirmation(validation))

    def placed(self, placed: PlacedSegment) -> None:
        """Tell the voltages, of the newest segment alone."""
        self._tell(Volts(placed.segment.dc))

    def block(self, start: int, current: Floats) -> None:
        """Tell samples, where somebody watches; called in the thread of the acquisition."""
        if self._watched:
            self._samples.append(Samples(start, current[0].astype(np.float32)))

    def ended(self, status: str, reason: str) -> None:
        """Tell how it ended."""
        self._turn(_ENDS[status], reason)

    def _admit(self, connection: Connection) -> None:
        with self._lock:
            self._readers.append(Reader(connection, [self._board.whole()], self._command))
            self._watched = True

    def _command(self, word: str) -> None:
        if word == "pause":
            if not (self._interrupts.paused or self._interrupts.finishing):
                self._turn(self._doing, "pauses after this iteration")
            self._interrupts.pause()
        elif word == "resume":
            self._interrupts.resume()
            # It hadn't come to the pause yet, or to the end of the iteration that it was to stop after.
            if self._interrupts.unfinish() and not self._held:
                self._turn(self._doing)
        elif word == "stop":
            self._interrupts.finish("the dashboard")
            self._turn(RunState.STOPPING)
        elif word == "rest-now":
            self._interrupts.request("the dashboard")
            self._turn(RunState.RAMPING)

    def _pump(self) -> None:
        beat = 0.0
        while True:
            last = self._done.wait(_PUMP_SECONDS)
            now = time.monotonic()
            if now - beat >= _BEAT_SECONDS:
                beat = now
                self._tell(Beat(now - self._began))
            try:
                self._pass_on()
            except Exception as error:  # noqa: BLE001 - what comes next may well be passed on
                self._failure = error
            self._acceptor.cut_late()
            if last:
                return

    def _pass_on(self) -> None:
        words: list[Word] = []
        newest: Volts | None = None
        for queue in (self._words, self._samples):
            for _ in range(len(queue)):
                word = queue.popleft()
                if isinstance(word, Volts):
                    newest = word
                    continue
                if newest is not None and isinstance(word, LiveEvent):
                    words.append(newest)  # events change what the voltages are: they stay in order
                    newest = None
                words.append(word)
        if newest is not None:
            words.append(newest)
        with self._lock:
            for word in words:
                self._board.take(word)
            for reader in self._readers:
                reader.put(words)
            gone = [r for r in self._readers if r.gone]
            self._readers = [r for r in self._readers if not r.gone]
            self._watched = bool(self._readers)
        for reader in gone:
            reader.close(0.0)
