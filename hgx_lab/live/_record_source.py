"""Follows a record alone: of the past, of an older program, or of a run that can't be heard."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from hgx_lab.errors import ExperimentError, HgxError, RecordError
from hgx_lab.live._board import Board
from hgx_lab.live._past import description_of
from hgx_lab.live._snapshot import Confirmation, LiveEvent, Measured, Snapshot
from hgx_lab.live._state import RunState
from hgx_lab.live._trust import LiveFileRefused
from hgx_lab.live._words import Beat, Stepped, Turned, Volts
from hgx_lab.records import Record, open_record
from hgx_lab.signals.significance import std_of_mean

__all__ = ["RecordSource", "state_of"]

_POLL_SECONDS = 0.25
_SAYS: Final = {
    "started": RunState.LEARNING,
    "paused": RunState.PAUSED,
    "resumed": RunState.LEARNING,
    "ramp-to-rest": RunState.RAMPING,
    # What comes before the run itself is over; its stream hasn't been started yet.
    "self-test": RunState.OPENING,
    "calibration": RunState.OPENING,
}


def state_of(record: Path) -> Turned | None:
    """The end of a run by its record; None where it has none or can't be read."""
    try:
        with open_record(record) as opened:
            found = _turned(opened)
    except HgxError:
        return None
    return None if found.state.alive else found


def _turned(record: Record) -> Turned:
    status = record.status
    if status == "running":
        return Turned(_doing(record))
    if status == "killed":
        return Turned(RunState.LOST, "The process of the run is gone without a word.")
    return Turned(RunState.FAULT if status == "failed" else RunState.FINISHED, record.reason)


def _doing(record: Record) -> RunState:
    """What the newest event says that has a say in it."""
    last = next((_SAYS[e.kind] for e in reversed(record.events) if e.kind in _SAYS), RunState.OPENING)
    return RunState.MEASURING if last is RunState.LEARNING and "iterations" not in record.tables else last


def _measured(record: Record, i: int) -> Measured:
    def at(name: str) -> np.ndarray:
        return record.column("iterations", name, slice(i, i + 1))[0]

    return Measured(
        index=int(at("iteration")),
        restart=int(at("restart")),
        controls=at("controls"),
        outputs=at("outputs"),
        outputs_std=at("outputs_std"),
        derivatives=at("derivative"),
        derivatives_std=at("derivative_std"),
        quadrature=at("quadrature"),
        gradient=at("gradient"),
        gradient_std=at("gradient_std"),
        loss=float(at("loss")),
        accuracy=float(at("accuracy")),
        margin=float(at("margin")),
        threshold=float(at("threshold")),
    )


class RecordSource:
    """A record, looked at four times a second while it grows; it can't be told anything.

    Parameters
    ----------
    record:
        The record.
    refused:
        Why the run's own file wasn't used, where there is one; kept as ``refused`` and shown as an event.

    Raises
    ------
    RecordError
        The record can't be read.
    """

    def __init__(self, record: Path, *, refused: LiveFileRefused | None = None) -> None:
        self.record, self.refused = record, refused
        self._board = Board(trace_samples=0)
        self._events = self._iterations = self._validations = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        opened = open_record(record)
        try:
            self._board.take(description_of(opened))
            self._look(opened)
            if refused is not None:
                self._board.take(LiveEvent("not attached", str(refused), time=time.time()))
        except BaseException:
            opened.close()
            raise
        if self._board.state.alive:
            self._thread = threading.Thread(target=self._follow, args=(opened,), name="hgx-follow-record", daemon=True)
            self._thread.start()
        else:
            opened.close()

    def snapshot(self) -> Snapshot:
        """The run as its record has it."""
        return self._board.snapshot()

    def reset_overload(self) -> None:
        """Put the overload lamp out."""
        self._board.reset_overload()

    def pause(self) -> None:
        """Refuse; see :meth:`stop`."""
        self.stop()

    def resume(self) -> None:
        """Refuse; see :meth:`stop`."""
        self.stop()

    def rest_now(self) -> None:
        """Refuse; see :meth:`stop`."""
        self.stop()

    def stop(self) -> None:
        """Refuse: nobody listens.

        Raises
        ------
        ExperimentError
            Always.
        """
        if self.refused is not None:
            raise ExperimentError(
                f"The command didn't reach the run of {self.record}: {self.refused.message}",
                remedy="If the run is yours, press Ctrl-C in its terminal.",
            )
        raise ExperimentError(
            f"The run of {self.record} can't be told anything: it doesn't listen.",
            remedy="Press Ctrl-C in its terminal; start runs with hgx run --live to command them from elsewhere.",
        )

    def close(self) -> None:
        """Let the record go. Idempotent."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self, record: Record) -> None:
        with record:
            while self._board.state.alive and not self._closing.wait(_POLL_SECONDS):
                try:
                    record.refresh()
                    self._look(record)
                except RecordError:
                    # Between two of its writes; whether it ended shows in the file opened anew.
                    if (end := state_of(self.record)) is not None:
                        self._board.take(end)

    def _look(self, record: Record) -> None:
        tell: Callable[..., None] = self._board.take
        events = record.events
        for event in events[self._events :]:
            at = -1 if event.sample is None else event.sample
            tell(LiveEvent(event.kind, event.message, at, event.time, event.data))
        self._events = len(events)
        if events:
            tell(Beat(max(0.0, record.last_flush - events[0].time)))
        if "iterations" in record.tables:
            self._look_at_training(record, tell)
        tell(_turned(record))

    def _look_at_training(self, record: Record, tell: Callable[..., None]) -> None:
        rows = record.rows("iterations")
        new = slice(self._iterations, rows)
        duty = record.column("iterations", "duty", new)
        latency = record.column("iterations", "latency_samples", new)
        for i in range(self._iterations, rows):
            j = i - self._iterations
            tell(Stepped(_measured(record, i), float(duty[j]), int(latency[j])))
        self._iterations = rows
        # Of a run that has come to rest, or failed to, the events say the voltages.
        over = any(e.kind in ("at-rest", "not-at-rest") for e in record.events[-2:])
        if (segments := record.rows("segments")) and not over:
            tell(Volts(record.column("segments", "dc", slice(segments - 1, segments))[0]))
        checked = record.rows("validation")
        if checked == self._validations:
            return
        self._validations = checked
        sets = record.column("validation", "set")
        iterations = record.column("validation", "iteration")
        outputs, std = (record.column("validation", name) for name in ("outputs", "outputs_std"))
        figures = {n: record.column("validation", n) for n in ("accuracy", "margin", "threshold")}
        for number, name in enumerate(("training", "test")):
            own = np.flatnonzero(sets == number)
            if not own.size:
                continue
            own = own[iterations[own] == iterations[own[-1]]]
            known = np.isfinite(outputs[own[-1]])
            tell(
                Confirmation(
                    int(iterations[own[-1]]),
                    outputs[own][:, known].mean(axis=0),
                    std_of_mean(std[own][:, known]),
                    *(float(figures[n][own[-1]]) for n in ("accuracy", "margin", "threshold")),
                    set=name,
                )
            )
