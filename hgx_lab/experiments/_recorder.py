"""Writes what a training reports into its record."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

import numpy as np

from hgx_lab.acquisition import Block, Event, Message, PlacedSegment, Reading
from hgx_lab.config import TrainRun
from hgx_lab.learning import Score, Task
from hgx_lab.learning.training import CaseLabel, Iteration, Validation
from hgx_lab.records import Coordinate, RawSpec, RecordWriter, TableSpec, training_coordinates, training_tables
from hgx_lab.signals import ChainResponse, Floats, derivatives

__all__ = ["SEGMENT_KINDS", "Recorder", "coordinates_of", "raw_of", "tables_of"]

#: Kinds of segments and readings as they stand in the tables; the header of a record holds the same list.
SEGMENT_KINDS = ("train", "validate", "test", "hold", "rest", "calibrate")

#: Between two iterations readings are brought to the file at least this often, s.
_FLUSH_SECONDS = 0.2


def tables_of(run: TrainRun, task: Task) -> tuple[TableSpec, ...]:
    """Declare the tables of a training's record."""
    return training_tables(
        [e.name for e in run.electrodes],
        [e.name for e in run.electrodes_with_role("control")],
        task.training.names,
        ["current"],
        tones=[e.name for e in run.toned_electrodes()],
        test_cases=0 if task.test is None else len(task.test),
    )


def coordinates_of(run: TrainRun, task: Task, frequencies_hz: Floats) -> tuple[Coordinate, ...]:
    """Label the axes of a training's record."""
    controls = run.electrodes_with_role("control")
    return training_coordinates(
        [e.name for e in run.electrodes],
        [e.name for e in controls],
        task.training.names,
        ["current"],
        tones=[e.name for e in run.toned_electrodes()],
        frequencies_hz=[float(f) for f in frequencies_hz],
        control_minimum=[e.limits[0] for e in controls],
        control_maximum=[e.limits[1] for e in controls],
        targets=[float(t) for t in task.training.targets],
    )


def raw_of(run: TrainRun) -> RawSpec | None:
    """Declare the raw samples of a record, where they are asked for."""
    return RawSpec(("current",), run.bench.rate, "float32", "A") if run.record.raw else None


class Recorder:
    """An observer of a training that puts everything into the record, and to the disk soon after."""

    def __init__(
        self, writer: RecordWriter, tones_hz: Floats, amplitudes: Floats, response: ChainResponse, rate_hz: float
    ) -> None:
        self._writer = writer
        self._tones_hz, self._amplitudes, self._response = tones_hz, amplitudes, response
        self._rate_hz = rate_hz
        self._flushed = time.monotonic()

    def message(self, message: Message) -> None:
        """Record a reading, a segment, an event or a block of raw samples."""
        if isinstance(message, Event):
            self._writer.event(str(message.kind), message.sample, message.message, **message.data)
        elif isinstance(message, PlacedSegment):
            self._segment(message)
        elif isinstance(message, Reading):
            self._reading(message)
        elif isinstance(message, Block):
            self._writer.append_raw(message.start, message.current)
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def iteration(self, iteration: Iteration, checkpoint: dict[str, Any]) -> None:
        """Record an iteration and the checkpoint after it."""
        self._writer.append(
            "iterations",
            iteration=iteration.index,
            sample=iteration.sample,
            restart=iteration.start,
            controls=iteration.controls,
            outputs=iteration.outputs,
            outputs_std=iteration.outputs_std,
            derivative=iteration.derivatives,
            derivative_std=iteration.derivatives_std,
            quadrature=iteration.quadrature,
            gradient=iteration.gradient,
            gradient_std=iteration.gradient_std,
            sign_confidence=iteration.sign_confidence,
            loss=iteration.loss,
            learning_rate=iteration.rate,
            duty=iteration.duty,
            latency_samples=iteration.latency_samples,
            **_score(iteration.score),
        )
        self._writer.checkpoint(iteration.index, checkpoint)
        self.flush()

    def validation(self, validation: Validation) -> None:
        """Record a validation, one row for each pass."""
        width = self._writer_width("validation", "outputs")
        for turn in range(len(validation.outputs)):
            self._writer.append(
                "validation",
                iteration=validation.iteration,
                repeat=turn,
                outputs=_padded(validation.outputs[turn], width),
                outputs_std=_padded(validation.outputs_std[turn], width),
                set=0 if validation.name == "training" else 1,
                **_score(validation.score),
            )
        self.flush()

    def flush(self) -> None:
        """Bring everything to the file."""
        self._writer.flush()
        self._flushed = time.monotonic()

    def _writer_width(self, table: str, column: str) -> int:
        spec = self._writer.tables[table]
        return next(c.shape[0] for c in spec.columns if c.name == column)

    def _segment(self, placed: PlacedSegment) -> None:
        segment = placed.segment
        self._writer.append(
            "segments",
            start=placed.start,
            slope=segment.slope,
            settle=segment.settle,
            length=placed.end - placed.start,
            dc=segment.dc,
            amplitude=segment.amplitude,
            **_place(segment.label),
        )

    def _reading(self, reading: Reading) -> None:
        window, amplitudes = reading.window, reading.placed.segment.amplitude
        channels, tones = window.phasor.shape
        value = std = quadrature = np.full((channels, tones), np.nan)
        if np.all(amplitudes > 0):
            found = derivatives(
                window.phasor,
                window.phasor_std,
                frequencies_hz=self._tones_hz,
                amplitudes=amplitudes,
                response=self._response,
                rate_hz=self._rate_hz,
            )
            value, std, quadrature = found.value, found.std, found.quadrature
        self._writer.append(
            "readings",
            start=window.window.start,
            periods=window.window.periods,
            mean=window.mean,
            mean_std=window.mean_std,
            derivative=value,
            derivative_std=std,
            quadrature=quadrature,
            overload=np.full(channels, reading.overload, dtype=np.uint8),
            **_place(reading.placed.segment.label),
        )


def _place(label: object) -> dict[str, int]:
    if isinstance(label, CaseLabel):
        return {"kind": SEGMENT_KINDS.index(label.purpose), "iteration": label.iteration, "case": label.case}
    name = label if isinstance(label, str) and label in SEGMENT_KINDS else "rest"
    kind = SEGMENT_KINDS.index(name)
    return {"kind": kind, "iteration": -1, "case": -1}


def _score(score: Score | None) -> dict[str, float]:
    if score is None:
        return {"accuracy": np.nan, "margin": np.nan, "threshold": np.nan}
    known = asdict(score)
    return {name: known[name] for name in ("accuracy", "margin", "threshold")}


def _padded(values: Floats, width: int) -> Floats:
    return np.pad(values, (0, width - len(values)), constant_values=np.nan)
