"""The experiment ``train``: calibrate, train, validate, and leave a record whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hgx_lab.acquisition import Event, Message
from hgx_lab.config import TrainRun
from hgx_lab.config.record import MeasuredCalibration
from hgx_lab.experiments._bench import Bench, open_bench
from hgx_lab.experiments._calibration import calibrate, known_response
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._learning import (
    make_box,
    make_loss,
    make_optimizer,
    make_restarts,
    make_start,
    make_start_box,
    make_stop,
    make_task,
    make_wiring,
)
from hgx_lab.experiments._recorder import (
    SEGMENT_KINDS,
    Recorder,
    coordinates_of,
    note_event,
    raw_of,
    tables_of,
)
from hgx_lab.experiments._session import RecordedRun, recorded
from hgx_lab.experiments._stream import make_stream
from hgx_lab.experiments._tones import RunTones, plan_tones
from hgx_lab.learning import Task
from hgx_lab.learning.training import (
    Iteration,
    Outcome,
    Timing,
    Trainer,
    TrainingSetup,
    Validation,
    ValidationTiming,
)
from hgx_lab.records import RecordWriter
from hgx_lab.signals import ChainFit, ChainResponse

__all__ = ["Audience", "SilentAudience", "Source", "TrainResult", "train"]


class Audience(Protocol):
    """Who watches a run: a progress display, a dashboard, nobody."""

    def began(self, record: Path, run: TrainRun) -> None:
        """Hear that the record has been opened."""
        ...

    def calibrated(self, fit: ChainFit) -> None:
        """Hear of the measured delay and pole."""
        ...

    def event(self, event: Event) -> None:
        """Hear of an event of the acquisition."""
        ...

    def iteration(self, iteration: Iteration) -> None:
        """Hear of a completed iteration."""
        ...

    def validation(self, validation: Validation) -> None:
        """Hear of a completed validation."""
        ...


class SilentAudience:
    """Nobody watches."""

    def began(self, record: Path, run: TrainRun) -> None:
        """Ignore it."""

    def calibrated(self, fit: ChainFit) -> None:
        """Ignore it."""

    def event(self, event: Event) -> None:
        """Ignore it."""

    def iteration(self, iteration: Iteration) -> None:
        """Ignore it."""

    def validation(self, validation: Validation) -> None:
        """Ignore it."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a run comes from: the text of its run file, and, when it continues another, that one's checkpoint."""

    text: str = ""
    path: Path | None = None
    checkpoint: Mapping[str, Any] | None = None
    parent: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, eq=False)
class TrainResult:
    """A completed training: its outcome, the chain it was measured with, its record."""

    outcome: Outcome
    response: ChainResponse
    record: Path


def train(
    run: TrainRun,
    *,
    record: Path,
    source: Source | None = None,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
) -> TrainResult:
    """Run a training from open bench to closed record.

    Parameters
    ----------
    run:
        A validated run file.
    record:
        File to create.
    source:
        The run file's text, and the checkpoint to go on from.
    audience:
        Who watches.
    interrupts:
        Where a stop is asked for; signals are listened to while it runs.

    Raises
    ------
    RunInterrupted
        A stop was asked for.
    HgxError, DriverError
        What ended the run. In every case the outputs have been brought to rest, if anything could, and the
        record says what happened.
    """
    source, audience, interrupts = source or Source(), audience or SilentAudience(), interrupts or Interrupts()
    task = make_task(run)
    tones = plan_tones(run)
    opened = recorded(
        record,
        run.experiment,
        run,
        text=source.text,
        run_file=source.path,
        header={"segment_kinds": list(SEGMENT_KINDS), "parent": dict(source.parent)},
        tables=tables_of(run, task),
        coordinates=coordinates_of(run, task, tones.frequencies_hz),
        raw=raw_of(run),
    )
    with interrupts.signals(), opened as session:
        audience.began(record, run)
        bench = open_bench(run)
        try:
            session.identify(bench.card.identity)
            response = _response(run, bench, tones, session.writer, audience, interrupts)
            outcome = _learn(run, bench, task, tones, response, session, source, audience, interrupts)
        finally:
            bench.card.close()
        session.conclude(outcome.decision.reason, solved=outcome.solved)
    return TrainResult(outcome, response, record)


def _response(
    run: TrainRun,
    bench: Bench,
    tones: RunTones,
    writer: RecordWriter,
    audience: Audience,
    interrupts: Interrupts,
) -> ChainResponse:
    known = known_response(run)
    if known is not None or not isinstance(run.calibration, MeasuredCalibration):
        response = known or ChainResponse()
        writer.event("calibration", None, "Delay and pole as given by the run file.", response=response.to_dict())
        return response

    def hear(message: Message) -> None:
        if isinstance(message, Event):
            note_event(writer, message)
            audience.event(message)

    fit = calibrate(run, bench, tones, run.calibration, hear=hear, interrupted=interrupts.check)
    writer.event(
        "calibration",
        None,
        f"Delay {fit.response.delay_samples(bench.rate_hz):.2f} samples, measured.",
        response=fit.response.to_dict(),
        delay_std_samples=fit.delay_std_samples,
        reduced_chi2=fit.reduced_chi2,
        gradients=fit.gradients,
        capacitances=fit.capacitances,
    )
    writer.flush()
    audience.calibrated(fit)
    return fit.response


def _learn(
    run: TrainRun,
    bench: Bench,
    task: Task,
    tones: RunTones,
    response: ChainResponse,
    session: RecordedRun,
    source: Source,
    audience: Audience,
    interrupts: Interrupts,
) -> Outcome:
    recorder = Recorder(session.writer, tones.frequencies_hz, tones.amplitudes, response)
    observer = _Both(recorder, audience)
    box = make_box(run)
    start_box = make_start_box(run, box)
    rng = np.random.default_rng(run.seed)
    timing, check = run.timing, run.validation
    samples = _samples_at(bench.rate_hz)
    setup = TrainingSetup(
        task=task,
        loss=make_loss(run),
        box=box,
        start_box=start_box,
        wiring=make_wiring(run, task, tones.electrodes),
        timing=Timing(
            timing.slope, samples(timing.settle), timing.periods, timing.order, timing.update, timing.playback
        ),
        validation=None if check is None else ValidationTiming(check.periods, samples(check.settle), check.repeats),
        amplitude=tones.amplitudes,
        response=response,
    )
    stream = make_stream(
        run,
        bench,
        tones_hz=tones.frequencies_hz,
        electrode_of_tone=tones.electrodes,
        period_samples=tones.period_samples,
        bank=tones.bank(),
        demodulator=tones.demodulator(len(bench.settings.inputs)),
        delay_samples=max(0, round(response.delay_samples(bench.rate_hz))),
        interrupted=interrupts.check,
        keep_blocks=run.record.raw,
    )
    try:
        with stream:
            trainer = Trainer(
                stream,
                setup,
                make_optimizer(run, box),
                make_restarts(run),
                make_stop(run),
                start=make_start(run, start_box, rng),
                seed_generator=rng,
                observer=observer,
            )
            if source.checkpoint is not None:
                trainer.restore(dict(source.checkpoint))
            return trainer.run()
    finally:
        session.ended_at(stream.samples)
        for message in stream.leftovers():
            observer.message(message)
        recorder.flush()


def _samples_at(rate_hz: float) -> Callable[[float], int]:
    return lambda seconds: round(seconds * rate_hz)


class _Both:
    """Passes what the trainer reports to the record first and to the audience then."""

    def __init__(self, recorder: Recorder, audience: Audience) -> None:
        self._recorder, self._audience = recorder, audience

    def message(self, message: Message) -> None:
        self._recorder.message(message)
        if isinstance(message, Event):
            self._audience.event(message)

    def iteration(self, iteration: Iteration, checkpoint: dict[str, Any]) -> None:
        self._recorder.iteration(iteration, checkpoint)
        self._audience.iteration(iteration)

    def validation(self, validation: Validation) -> None:
        self._recorder.validation(validation)
        self._audience.validation(validation)
