"""Every iteration of a record as it was when the next one began."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import RecordError
from hgx_lab.live._describe import RunDescription
from hgx_lab.live._history import History
from hgx_lab.live._past import description_of
from hgx_lab.live._snapshot import Confirmation, LiveEvent, Measured, Snapshot, Status, Trace
from hgx_lab.live._state import RunState
from hgx_lab.records import Event, Record
from hgx_lab.signals.significance import std_of_mean

__all__ = ["Past", "snapshot_at"]

#: Rows of a history that are shown at most; of a longer one every second, fourth ... is taken, and the newest.
_ROWS = 4096
#: Samples of a kept trace that are shown with an iteration.
_TRACE = 16384
_PLAIN = ("iteration", "restart", "loss", "accuracy", "margin", "duty", "latency_samples", "controls")
_AFTER_THE_LAST = np.iinfo(np.int64).max


def snapshot_at(record: Record, iteration: int) -> Snapshot:
    """One iteration of a record; to look at many, make one :class:`Past` and ask it.

    Raises
    ------
    RecordError
        The record has no such iteration.
    """
    return Past(record).at(iteration)


class Past:
    """The iterations of a training's record, read once, each of them as a snapshot.

    The moment of an iteration is the sample at which the controls of the next one took effect: what was measured,
    confirmed and reported by then is in its snapshot. The last iteration has all that came after it.

    Parameters
    ----------
    record:
        An open record of a training; it has to stay open only for the traces, where it keeps raw samples.

    Raises
    ------
    RecordError
        The record isn't one of a training, or has no iteration yet.
    """

    def __init__(self, record: Record) -> None:
        if "iterations" not in record.tables or "segments" not in record.tables or not record.rows("iterations"):
            raise RecordError(f"{record.path} has no iterations to look at.")
        self._record = record
        self.description: RunDescription = description_of(record)
        self._rows = {name: record.column("iterations", name) for name in record.columns("iterations")}
        names = ("start", "iteration", "kind", "dc")
        self._segments = {name: record.column("segments", name) for name in names}
        self._events = record.events
        #: Numbers of the iterations; those of a run that continues another don't begin with 0.
        self.iterations: NDArray[np.int64] = self._rows["iteration"].astype(np.int64)

    def place(self, iteration: int) -> int:
        """The row of an iteration; the iterations of a run that continues another don't begin with 0.

        Raises
        ------
        RecordError
            There is no such iteration.
        """
        found = np.flatnonzero(self.iterations == iteration)
        if not found.size:
            first, last = self.iterations[0], self.iterations[-1]
            raise RecordError(f"{self._record.path} has iterations {first} to {last}, not {iteration}.")
        return int(found[-1])

    def at(self, iteration: int) -> Snapshot:
        """Everything as it was at an iteration.

        Raises
        ------
        RecordError
            There is no such iteration.
        """
        place = self.place(iteration)
        moment = self._moment(place)
        return Snapshot(
            description=self.description,
            status=self._status(place),
            history=self._history(place),
            latest=self._measured(place),
            confirmations=tuple(found for sample, found in self._confirmations if sample <= moment),
            trace=self._trace(place),
            volts=self._volts(iteration),
            overload=bool(np.any(self._overloads <= moment)),
            events=tuple(event for sample, event in self._placed_events if sample <= moment),
            rewound=True,
        )

    def _moment(self, place: int) -> int:
        samples = self._rows["sample"]
        return int(samples[place + 1]) if place + 1 < len(samples) else _AFTER_THE_LAST

    def _status(self, place: int) -> Status:
        rows, samples = self._rows, self._rows["sample"]
        # The next iteration began when this one was over; of the last one the length of the one before is known.
        before = samples[place] - samples[place - 1] if place else 0
        end = samples[place + 1] if place + 1 < len(samples) else samples[place] + before
        latencies = rows["latency_samples"][max(0, place - 999) : place + 1]
        known = latencies[latencies >= 0]
        return Status(
            RunState.LEARNING,
            detail=f"iteration {self.iterations[place]} of {self._record.path.stem}, as it was",
            iteration=int(self.iterations[place]) + 1,
            total=self.description.iterations,
            elapsed_seconds=float(end) / self.description.rate_hz,
            duty=float(rows["duty"][place]),
            latency_samples=float(rows["latency_samples"][place]),
            latency_p99_samples=float(np.percentile(known, 99)) if known.size else float("nan"),
        )

    @cached_property
    def _columns(self) -> dict[str, NDArray[np.float64]]:
        """The columns of a history over all iterations."""
        rows = self._rows
        found = {name: rows[name].astype(np.float64) for name in _PLAIN}
        found |= {name: rows[name] for name in ("gradient", "gradient_std")}
        found |= {name: rows[name].mean(axis=1) for name in ("derivative", "quadrature")}
        return found | {"derivative_std": std_of_mean(rows["derivative_std"], axis=1)}

    def _history(self, place: int) -> History:
        stride = 1
        while place // stride >= _ROWS:
            stride *= 2
        kept = np.arange(0, place + 1, stride)
        if kept[-1] != place:
            kept = np.append(kept, place)
        history = History(2 * ((len(kept) + 1) // 2))
        for row in kept:
            history.append({name: column[row] for name, column in self._columns.items()})
        return history

    def _measured(self, place: int) -> Measured:
        row: dict[str, Any] = {name: column[place] for name, column in self._rows.items()}
        return Measured(
            index=int(row["iteration"]),
            restart=int(row["restart"]),
            controls=row["controls"],
            outputs=row["outputs"],
            outputs_std=row["outputs_std"],
            derivatives=row["derivative"],
            derivatives_std=row["derivative_std"],
            quadrature=row["quadrature"],
            gradient=row["gradient"],
            gradient_std=row["gradient_std"],
            loss=float(row["loss"]),
            accuracy=float(row["accuracy"]),
            margin=float(row["margin"]),
            threshold=float(row["threshold"]),
            clipped_cases=int(self._clipped.get(int(row["iteration"]), 0)),
        )

    @cached_property
    def _readings(self) -> dict[str, NDArray[Any]]:
        names = ("start", "periods", "kind", "iteration", "overload")
        return {name: self._record.column("readings", name) for name in names}

    @cached_property
    def _clipped(self) -> dict[int, int]:
        """How many cases of an iteration overloaded the input."""
        readings = self._readings
        clipped = (readings["kind"] == 0) & readings["overload"].any(axis=1)
        numbers, counts = np.unique(readings["iteration"][clipped], return_counts=True)
        return {int(n): int(c) for n, c in zip(numbers, counts, strict=True)}

    @cached_property
    def _overloads(self) -> NDArray[np.int64]:
        """Where the windows start that overloaded the input."""
        return self._readings["start"][self._readings["overload"].any(axis=1)]

    def _volts(self, iteration: int) -> NDArray[np.float64] | None:
        mine = np.flatnonzero((self._segments["iteration"] == iteration) & (self._segments["kind"] == 0))
        return self._segments["dc"][mine[-1]] if mine.size else None

    @cached_property
    def _confirmations(self) -> list[tuple[int, Confirmation]]:
        """The confirmations in their order, each with the sample at which its first window began."""
        record = self._record
        rows = record.rows("validation") if "validation" in record.tables else 0
        if not rows:
            return []
        table = {name: record.column("validation", name) for name in record.columns("validation")}
        # Each begins with repeat 0; its readings stand in the table of readings in the same order.
        begins = [*np.flatnonzero(table["repeat"] == 0), rows]
        starts = {kind: list(self._readings["start"][self._readings["kind"] == kind]) for kind in (1, 2)}
        found: list[tuple[int, Confirmation]] = []
        for first, last in pairwise(begins):
            kind = int(table["set"][first])
            outputs, std = table["outputs"][first:last], table["outputs_std"][first:last]
            # A set that is smaller than the other one is filled up with NaN.
            size = int(np.flatnonzero(~np.isnan(outputs).all(axis=0)).max(initial=-1)) + 1
            mine, rest = starts[1 + kind][: size * (last - first)], starts[1 + kind][size * (last - first) :]
            starts[1 + kind] = rest
            confirmation = Confirmation(
                iteration=int(table["iteration"][first]),
                outputs=outputs[:, :size].mean(axis=0),
                outputs_std=std_of_mean(std[:, :size]),
                accuracy=float(table["accuracy"][first]),
                margin=float(table["margin"][first]),
                threshold=float(table["threshold"][first]),
                set="training" if kind == 0 else "test",
            )
            found.append((int(mine[0]) if mine else _AFTER_THE_LAST, confirmation))
        return found

    @cached_property
    def _placed_events(self) -> list[tuple[int, LiveEvent]]:
        """The events in their order, each with the sample by which it had happened."""
        # Calibration is a stream of its own whose samples count from 0; all of it came before the first iteration.
        began = max((i for i, event in enumerate(self._events) if event.kind == "started"), default=-1)
        found: list[tuple[int, LiveEvent]] = []
        reached = 0
        for index, event in enumerate(self._events):
            if index > began and event.sample is not None:
                reached = max(reached, event.sample)
            found.append((reached, _live(event)))
        return found

    def _trace(self, place: int) -> Trace | None:
        if "raw" not in self._record.file:
            return None
        first = int(self._rows["sample"][place])
        moment = self._moment(place)
        stop = moment if moment != _AFTER_THE_LAST else None
        raw = self._record.raw(first if stop is None else max(first, stop - _TRACE), stop)
        current = np.asarray(raw.values[0, -_TRACE:], dtype=np.float64)
        if current.size < 2:
            return None
        rate = self.description.rate_hz
        spectrum = np.fft.rfft((current - current.mean()) * (window := np.hanning(current.size)))
        psd = 2.0 * np.abs(spectrum) ** 2 / (rate * float(window @ window))
        start = int(raw["sample"].values[-current.size])
        frequencies = np.asarray(np.fft.rfftfreq(current.size, 1.0 / rate), dtype=np.float64)
        return Trace(start, rate, current, frequencies, psd)


def _live(event: Event) -> LiveEvent:
    sample = -1 if event.sample is None else event.sample
    return LiveEvent(event.kind, event.message, sample, event.time, event.data)
