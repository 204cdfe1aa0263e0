"""Makes one picture of a run out of what it says, in buffers that don't grow."""

from __future__ import annotations

import threading
import time
from collections import deque

import numpy as np

from hgx_lab.live._describe import RunDescription
from hgx_lab.live._history import History
from hgx_lab.live._snapshot import Confirmation, Floats, LiveEvent, Measured, Snapshot, Status
from hgx_lab.live._state import RunState
from hgx_lab.live._trace import TraceBuffer
from hgx_lab.live._words import Beat, Samples, Stepped, Turned, Volts, Whole, Word, Worked, row_of

__all__ = ["Board"]

#: Events that are kept, and latencies for the 99th percentile.
_EVENTS = 1000
_LATENCIES = 1000


class Board:
    """What is known of a run now; filled in one thread, read in any other.

    Parameters
    ----------
    trace_samples:
        Samples of current that are kept; 0 for none.
    """

    def __init__(self, trace_samples: int = 1_000_000) -> None:
        self._lock = threading.Lock()
        self._trace_samples = trace_samples
        self._description: RunDescription | None = None
        self._state, self._detail = RunState.IDLE, ""
        self._events: deque[LiveEvent] = deque(maxlen=_EVENTS)
        self._latencies: deque[int] = deque(maxlen=_LATENCIES)
        self._history = History()
        self._shown = History()
        self._shown_at = -1
        self._latest: Measured | None = None
        self._confirmations: dict[str, Confirmation] = {}
        self._volts: Floats | None = None
        self._progress: tuple[int, int, str] | None = None
        self._trace: TraceBuffer | None = None
        self._overload = False
        self._elapsed = 0.0
        self._heard = time.monotonic()
        self._duty = float("nan")

    @property
    def state(self) -> RunState:
        """The state that was told last."""
        with self._lock:
            return self._state

    @property
    def silent_seconds(self) -> float:
        """Time since the run said anything."""
        with self._lock:
            return time.monotonic() - self._heard

    def take(self, word: Word, *, heard: bool = True) -> None:
        """Take in what the run says; without ``heard`` it is something found out about the run instead."""
        with self._lock:
            if heard:
                self._heard = time.monotonic()
            self._take(word)

    def _take(self, word: Word) -> None:
        if isinstance(word, Samples):
            self._samples(word)
        elif isinstance(word, Stepped):
            self._stepped(word)
        elif isinstance(word, LiveEvent):
            self._events.append(word)
            self._overload |= word.kind == "overload"
            self._note_rest(word.kind)
        elif isinstance(word, Turned):
            self._state, self._detail = word.state, word.detail
            if word.state is RunState.LOST and self._volts is not None:
                self._volts = np.full_like(self._volts, np.nan)  # nobody has seen what became of them
        elif isinstance(word, Beat):
            self._elapsed = word.elapsed_seconds
        elif isinstance(word, Volts):
            self._volts = word.dc
        elif isinstance(word, Worked):
            self._progress = (word.done, word.total, word.figures)
        elif isinstance(word, Confirmation):
            self._confirmations[word.set] = word
        elif isinstance(word, RunDescription):
            self._description = word
        else:
            self._restore(word)

    def _note_rest(self, kind: str) -> None:
        """At rest the voltages are those of rest; where that failed nobody knows them."""
        if self._description is None:
            return
        if kind == "at-rest":
            self._volts = np.array([e.rest for e in self._description.electrodes])
        elif kind == "not-at-rest":
            self._volts = np.full(len(self._description.electrodes), np.nan)

    def _samples(self, word: Samples) -> None:
        if self._description is None or not self._trace_samples:
            return
        if self._trace is None:
            self._trace = TraceBuffer(self._description.rate_hz, self._trace_samples)
        self._trace.append(word.start, word.current.astype(np.float64))
        self._overload |= bool(np.max(np.abs(word.current), initial=0.0) >= self._description.overload_amperes * 0.9998)

    def _stepped(self, word: Stepped) -> None:
        self._latest = word.measured
        self._duty = word.duty
        self._overload |= word.measured.clipped_cases > 0
        if word.latency_samples >= 0:
            self._latencies.append(word.latency_samples)
        self._history.append(row_of(word))

    def _restore(self, word: Whole) -> None:
        self._description, self._state, self._detail = word.description, word.state, word.detail
        self._elapsed, self._latest, self._volts, self._progress = (
            word.elapsed_seconds,
            word.latest,
            word.volts,
            word.progress,
        )
        self._events = deque(word.events, maxlen=_EVENTS)
        self._latencies = deque(word.latencies, maxlen=_LATENCIES)
        self._confirmations = {c.set: c for c in word.confirmations}
        self._overload = any(e.kind == "overload" for e in word.events)
        self._history = History()
        self._history.restore(word.history, word.seen)
        if len(self._history):
            self._duty = float(self._history["duty"][-1])
        self._shown_at = -1

    def whole(self) -> Whole:
        """Everything but the trace, for who comes late."""
        with self._lock:
            return Whole(
                self._description,
                self._state,
                self._detail,
                self._elapsed,
                tuple(self._events),
                self._history.columns(),
                self._history.seen,
                self._latest,
                tuple(self._confirmations.values()),
                self._volts,
                self._progress,
                tuple(self._latencies),
            )

    def reset_overload(self) -> None:
        """Put the overload lamp out, until the next one."""
        with self._lock:
            self._overload = False

    def snapshot(self) -> Snapshot:
        """The picture now; cheap when nothing has changed."""
        with self._lock:
            if self._shown_at != self._history.seen:
                # A copy: who draws it mustn't see it change.
                self._shown = History()
                self._shown.restore(self._history.columns(), self._history.seen)
                self._shown_at = self._history.seen
            return Snapshot(
                description=self._description,
                status=self._status(),
                history=self._shown,
                latest=self._latest,
                confirmations=tuple(self._confirmations.values()),
                trace=None if self._trace is None else self._trace.trace(),
                volts=self._volts,
                overload=self._overload,
                events=tuple(self._events),
                progress=self._progress,
            )

    def _status(self) -> Status:
        done = 0 if self._latest is None else self._latest.index + 1
        total = None if self._description is None else self._description.iterations
        if self._progress is not None and total is None:
            done, total = self._progress[:2]
        silent = time.monotonic() - self._heard
        remaining = float("nan")
        if done and total is not None and self._state.alive:
            # A run that continues another counts on from its iterations, which took none of its own time.
            here = self._history.seen or done
            remaining = self._elapsed / here * max(total - done, 0)
        return Status(
            state=self._state,
            detail=self._detail,
            iteration=done,
            total=total,
            elapsed_seconds=self._elapsed,
            remaining_seconds=remaining,
            duty=self._duty,
            latency_samples=float(self._latencies[-1]) if self._latencies else -1.0,
            latency_p99_samples=float(np.percentile(self._latencies, 99)) if self._latencies else float("nan"),
            heard_seconds_ago=silent if self._state.alive else float("nan"),
        )
