"""The experiment ``train``: calibrate, train, validate, and leave a record whatever happens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hgx_lab.acquisition import Event, Message, PlacedSegment
from hgx_lab.config import TrainRun
from hgx_lab.experiments._audience import Audience
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory
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
from hgx_lab.experiments._recorder import SEGMENT_KINDS, Recorder, coordinates_of, raw_of, tables_of
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
from hgx_lab.signals import ChainResponse

__all__ = ["TrainResult", "train"]


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
    outputs_at: Mapping[str, float] | None = None,
) -> TrainResult:
    """Run a training from open bench to closed record; the parameters are those of :func:`laboratory`.

    Raises
    ------
    RunInterrupted
        A stop was asked for.
    HgxError, DriverError
        What ended the run. In every case the outputs have been brought to rest, if anything could, and the
        record says what happened.
    """
    source = source or Source()
    task = make_task(run)
    tones = plan_tones(run)
    declaration = Declaration(
        tables=tables_of(run, task),
        coordinates=coordinates_of(run, task, tones.frequencies_hz),
        header={
            "segment_kinds": list(SEGMENT_KINDS),
            "error_bars": tones.error_bar_method(run, run.timing.periods),
        },
        raw=raw_of(run),
    )
    opened = laboratory(
        run,
        run.experiment,
        declaration,
        record=record,
        source=source,
        audience=audience,
        interrupts=interrupts,
        outputs_at=outputs_at,
    )
    with opened as lab:
        response = lab.response(tones)
        outcome = _learn(run, lab, task, tones, response, source)
        lab.session.conclude(outcome.decision.reason, solved=outcome.solved)
    return TrainResult(outcome, response, record)


def _learn(
    run: TrainRun, lab: Laboratory, task: Task, tones: RunTones, response: ChainResponse, source: Source
) -> Outcome:
    recorder = Recorder(lab.session.writer, tones.frequencies_hz, tones.amplitudes, response, lab.rate_hz)
    observer = _Both(recorder, lab.audience)
    box = make_box(run)
    start_box = make_start_box(run, box)
    rng = np.random.default_rng(run.seed)
    timing, check = run.timing, run.validation
    settle = lab.samples(timing.settle)
    setup = TrainingSetup(
        task=task,
        loss=make_loss(run),
        box=box,
        start_box=start_box,
        wiring=make_wiring(run, task, tones.electrodes),
        timing=Timing(timing.slope, settle, timing.periods, timing.order, timing.update, timing.playback),
        validation=None if check is None else ValidationTiming(check.periods, lab.samples(check.settle), check.repeats),
        amplitude=tones.amplitudes,
        response=response,
    )
    with lab.stream(tones, response, hear=observer.message, keep_blocks=run.record.raw) as stream:
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


class _Both:
    """Passes what the trainer reports to the record first and to the audience then."""

    def __init__(self, recorder: Recorder, audience: Audience) -> None:
        self._recorder, self._audience = recorder, audience

    def message(self, message: Message) -> None:
        try:
            self._recorder.message(message)
        finally:  # a record that can't take a warning is no reason not to show it
            if isinstance(message, Event):
                self._audience.event(message)
            elif isinstance(message, PlacedSegment):
                self._audience.placed(message)

    def iteration(self, iteration: Iteration, checkpoint: dict[str, Any]) -> None:
        self._recorder.iteration(iteration, checkpoint)
        self._audience.iteration(iteration)

    def validation(self, validation: Validation) -> None:
        self._recorder.validation(validation)
        self._audience.validation(validation)
