"""The training loop: measure all cases, apply the chain rule, move the controls."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np

from hgx_lab.acquisition import PlacedSegment, Reading, Stream
from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.losses import Loss, chain_rule
from hgx_lab.learning.optimizers import Box, Optimizer, State
from hgx_lab.learning.restarts import Best, RestartPolicy
from hgx_lab.learning.scoring import Score, score
from hgx_lab.learning.starts import generator_from_state, generator_state, random_start
from hgx_lab.learning.stopping import StopDecision, StopMonitor
from hgx_lab.learning.tasks import CaseSet, Task, case_order
from hgx_lab.learning.training._cases import CasePlayer, Timing
from hgx_lab.learning.training._results import CaseLabel, Iteration, Observer, Outcome, Validation
from hgx_lab.learning.training._wiring import Wiring
from hgx_lab.signals import ChainResponse, derivatives

__all__ = ["Trainer", "TrainingSetup", "ValidationTiming"]


@dataclass(frozen=True, slots=True)
class ValidationTiming:
    """The final validation without tones: base periods a case, samples of settling, passes over the cases."""

    periods: int
    settle: int
    repeats: int


@dataclass(frozen=True, slots=True, eq=False)
class TrainingSetup:
    """What a training is made of.

    Parameters
    ----------
    box, start_box:
        Bounds of the controls, and of what restarts are drawn from.
    amplitude:
        Peak amplitude of each tone, (tones,), V.
    response:
        The calibrated signal chain: derivatives are projected after its delay and phase.
    channel:
        Input channel that carries the output current.
    """

    task: Task
    loss: Loss
    box: Box
    start_box: Box
    wiring: Wiring
    timing: Timing
    validation: ValidationTiming | None
    amplitude: Floats
    response: ChainResponse
    channel: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Attempt:
    """An iteration that has been scheduled but not evaluated."""

    index: int
    start: int
    controls: Floats
    order: tuple[int, ...]
    placed: tuple[PlacedSegment, ...]
    latency_samples: int

    @property
    def labels(self) -> list[CaseLabel]:
        """In the order of the cases, not of their playing."""
        return [CaseLabel("train", self.index, case) for case in range(len(self.order))]

    def state(self) -> State:
        return {
            "index": self.index,
            "start": self.start,
            "controls": self.controls.tolist(),
            "order": list(self.order),
        }


class Trainer:
    """Trains a device on a stream.

    With updates in flight, iteration k + 1 is on the electrodes while the gradient of iteration k is being
    applied, so that gradient moves the controls of iteration k + 2: gradient descent with a delay of one.

    Parameters
    ----------
    stream:
        A running stream.
    setup, optimizer, restarts, stop:
        What is learned, and how.
    start:
        First controls, (K,), V.
    seed_generator:
        Source of restarts and random orders.
    observer:
        Hears of everything.
    """

    def __init__(
        self,
        stream: Stream,
        setup: TrainingSetup,
        optimizer: Optimizer,
        restarts: RestartPolicy,
        stop: StopMonitor,
        *,
        start: Floats,
        seed_generator: np.random.Generator,
        observer: Observer,
    ) -> None:
        self._stream, self._setup = stream, setup
        self._optimizer, self._restarts, self._stop = optimizer, restarts, stop
        self._rng, self._observer = seed_generator, observer
        self._player = CasePlayer(stream, setup.timing, observer.message)
        self._newest = setup.box.project(start)
        self._start = 0
        self._scheduled = 0
        self._latency_from = -1
        self._latest_end = 0
        self._elapsed_before = 0.0
        self._paused_samples = 0
        self._decided: tuple[StopDecision, Best] | None = None
        self._pending: deque[_Attempt] = deque()
        self._resumed: deque[State] = deque()

    def restore(self, checkpoint: State) -> None:
        """Go on from a checkpoint that :meth:`Observer.iteration` was given, before :meth:`run`."""
        try:
            self._optimizer.restore(checkpoint["optimizer"])
            self._restarts.restore(checkpoint["restarts"])
            self._stop.restore(checkpoint["stop"])
            self._rng = generator_from_state(checkpoint["generator"])
            self._newest = self._setup.box.project(np.array(checkpoint["controls"], dtype=np.float64))
            self._start = int(checkpoint["start"])
            self._scheduled = int(checkpoint["completed"])
            self._elapsed_before = float(checkpoint["elapsed_seconds"])
            self._resumed = deque(checkpoint["pending"])
            if (end := checkpoint.get("end")) is not None:
                controls = np.array(end["controls"], dtype=np.float64)
                best = Best(float(end["loss"]), int(end["iteration"]), int(end["start"]), controls)
                self._decided = StopDecision(end["reason"], end["kind"]), best
        except (KeyError, TypeError, ValueError) as error:
            raise LearningError(f"This isn't the checkpoint of a training: {error!r}.") from error

    def run(self) -> Outcome:
        """Train until a stop rule says so, and validate without tones.

        A goal counts when the validation confirms it: the tones rectify, so that margins with and without them
        differ by fractions of a nanoampere. Where it doesn't, training goes on.

        From a checkpoint after which the learning was over only the validation is left.
        """
        if self._decided is not None:
            return self._outcome(*self._decided, None)
        while True:
            if paused := self._player.boundary():
                # The updates that are due were held up by whoever paused.
                self._latency_from = -1
                self._paused_samples += paused
            while len(self._pending) < self._depth():
                self._pending.append(self._schedule())
            attempt = self._pending.popleft()
            iteration = self._evaluate(attempt, self._player.collect(attempt.labels))
            decision = self._decide(iteration)
            final, validations = self._best(iteration), None
            if decision is not None and decision.kind == "goal":
                final = _candidate(iteration)
                validations = self._validate(final)
                if not self._confirmed(validations):
                    decision = self._exhausted(iteration)
            if decision is None:
                self._move(iteration)
            self._observer.iteration(iteration, self._checkpoint(iteration, decision, final))
            if decision is not None:
                return self._outcome(decision, final, validations)

    def _outcome(self, decision: StopDecision, final: Best, validations: tuple[Validation, ...] | None) -> Outcome:
        return Outcome(
            decision,
            # With one in flight more have been scheduled than evaluated.
            iterations=self._scheduled - len(self._pending),
            restarts=self._start,
            controls=final.controls,
            loss=final.loss,
            validations=self._validate(final) if validations is None else validations,
        )

    def _depth(self) -> int:
        timing, plan = self._setup.timing, self._stream.plan
        if timing.update == "wait" or timing.playback == "ramped":
            return 1
        # One iteration in flight, or as many short ones as the way from a window to the outputs is long.
        shortest = len(self._setup.task.training) * (timing.settle + timing.periods * plan.period_samples)
        return 1 + ceil(plan.horizon_samples / shortest)

    def _schedule(self) -> _Attempt:
        cases, timing = self._setup.task.training, self._setup.timing
        if self._resumed:
            state = self._resumed.popleft()
            controls = np.array(state["controls"], dtype=np.float64)
            start, order = int(state["start"]), tuple(int(case) for case in state["order"])
        else:
            controls, start = self._newest, self._start
            order = tuple(int(c) for c in case_order(timing.order, len(cases), self._scheduled, self._rng))
        index, self._scheduled = self._scheduled, self._scheduled + 1
        last = order[-1] if self._depth() == 1 else -1
        placed = {
            case: self._player.play(
                self._setup.wiring.dc(controls, cases.inputs[case]),
                self._setup.amplitude,
                CaseLabel("train", index, case),
                periods=timing.periods,
                settle=timing.settle,
                awaits_reading=case == last,
            )
            for case in order
        }
        if timing.playback == "ramped":
            self._player.rest()
        first = placed[order[0]].start
        latency = first - self._latency_from if self._latency_from >= 0 else -1
        return _Attempt(index, start, controls, order, tuple(placed[c] for c in sorted(placed)), latency)

    def _evaluate(self, attempt: _Attempt, readings: list[Reading]) -> Iteration:
        setup, channel = self._setup, self._setup.channel
        found = [
            derivatives(
                r.window.phasor,
                r.window.phasor_std,
                frequencies_hz=self._stream.plan.tones_hz,
                amplitudes=setup.amplitude,
                response=setup.response,
                rate_hz=self._stream.plan.settings.rate_hz,
            )
            for r in readings
        ]
        outputs = np.array([r.window.mean[channel] for r in readings])
        slopes = setup.wiring.tones(np.array([d.value[channel] for d in found]))
        slopes_std = setup.wiring.tones(np.array([d.std[channel] for d in found]))
        loss = setup.loss.evaluate(outputs, setup.task.training.targets)
        gradient, gradient_std = chain_rule(loss.gradient, slopes, slopes_std)
        self._latency_from = max(r.read_until for r in readings)
        begin = min(p.start for p in attempt.placed)
        end = max(p.end for p in attempt.placed)
        measured = sum(p.measured_samples for p in attempt.placed)
        # From the end of the iteration before, so that holding counts as time that isn't integrated: unless nothing
        # led up to this one, at the start and where somebody has paused.
        led_up = self._latest_end > 0 and attempt.latency_samples >= 0
        duty = measured / (end - (self._latest_end if led_up else begin))
        self._latest_end = end
        return Iteration(
            index=attempt.index,
            start=attempt.start,
            sample=begin,
            controls=attempt.controls,
            outputs=outputs,
            outputs_std=np.array([r.window.mean_std[channel] for r in readings]),
            derivatives=slopes,
            derivatives_std=slopes_std,
            quadrature=setup.wiring.tones(np.array([d.quadrature[channel] for d in found])),
            gradient=gradient,
            gradient_std=gradient_std,
            loss=loss.value,
            score=self._score(setup.task.training, outputs),
            rate=self._optimizer.rate,
            duty=duty,
            latency_samples=attempt.latency_samples,
            clipped_cases=sum(r.overload for r in readings),
        )

    def _score(self, cases: CaseSet, outputs: Floats, threshold: float | None = None) -> Score | None:
        if self._setup.task.kind != "classification":
            return None
        return score(outputs, cases.targets, threshold)

    def _decide(self, iteration: Iteration) -> StopDecision | None:
        scored = iteration.score
        return self._stop.observe(
            iteration.index + 1,
            loss=iteration.loss,
            margin=None if scored is None else scored.margin,
            accuracy=None if scored is None else scored.accuracy,
            elapsed_seconds=self._elapsed(),
        )

    def _confirmed(self, validations: tuple[Validation, ...]) -> bool:
        return not validations or self._stop.rules.confirmed_by(validations[0].score)

    def _exhausted(self, iteration: Iteration) -> StopDecision | None:
        """Whether there is nothing left to go on with after a goal that wasn't confirmed."""
        rules, unmet = self._stop.rules, "the last goal wasn't confirmed without tones"
        if iteration.index + 1 >= rules.iterations:
            return StopDecision(f"all {rules.iterations} iterations done; {unmet}", "iterations")
        if rules.duration_seconds is not None and self._elapsed() >= rules.duration_seconds:
            return StopDecision(f"{self._elapsed():.1f} s >= {rules.duration_seconds:g} s; {unmet}", "duration")
        return None

    def _elapsed(self) -> float:
        """Seconds of the bench in this run and those it continues, but for pauses."""
        samples = self._stream.samples - self._paused_samples
        return self._elapsed_before + samples / self._stream.plan.settings.rate_hz

    def _move(self, iteration: Iteration) -> None:
        if iteration.start != self._start:
            return  # measured at controls that have been given up meanwhile
        if self._restarts.observe(iteration.index, iteration.loss, iteration.controls):
            self._start += 1
            self._optimizer.reset()
            self._newest = random_start(self._setup.start_box, self._rng)
        else:
            self._newest = self._optimizer.step(self._newest, iteration.gradient)

    def _checkpoint(self, iteration: Iteration, decision: StopDecision | None, final: Best) -> dict[str, Any]:
        end = None
        if decision is not None:
            end = {
                "reason": decision.reason,
                "kind": decision.kind,
                "loss": final.loss,
                "iteration": final.iteration,
                "start": final.start,
                "controls": final.controls.tolist(),
            }
        return {
            "completed": iteration.index + 1,
            "start": self._start,
            "controls": self._newest.tolist(),
            "pending": [attempt.state() for attempt in self._pending],
            "optimizer": self._optimizer.state(),
            "restarts": self._restarts.state(),
            "stop": self._stop.state(),
            "generator": generator_state(self._rng),
            "elapsed_seconds": self._elapsed(),
            "end": end,
        }

    def _best(self, iteration: Iteration) -> Best:
        """Lowest loss up to this iteration, those before a resumption included."""
        here, known = _candidate(iteration), self._restarts.best
        return here if known is None or here.loss < known.loss else known

    def _validate(self, final: Best) -> tuple[Validation, ...]:
        how, task = self._setup.validation, self._setup.task
        if how is None:
            return ()
        training = self._validate_on("training", "validate", task.training, final, how, None)
        if task.test is None:
            return (training,)
        # The threshold is part of what was learned: test cases must do with that of the training cases.
        threshold = None if training.score is None else training.score.threshold
        return training, self._validate_on("test", "test", task.test, final, how, threshold)

    def _validate_on(
        self,
        name: str,
        purpose: str,
        cases: CaseSet,
        final: Best,
        how: ValidationTiming,
        threshold: float | None,
    ) -> Validation:
        labels = [
            CaseLabel(purpose, final.iteration, case, turn) for turn in range(how.repeats) for case in range(len(cases))
        ]
        for label in labels:
            self._player.play(
                self._setup.wiring.dc(final.controls, cases.inputs[label.case]),
                np.zeros_like(self._setup.amplitude),
                label,
                periods=how.periods,
                settle=how.settle,
                awaits_reading=label is labels[-1],
            )
        readings = self._player.collect(labels)
        shape = (how.repeats, len(cases))
        outputs = np.array([r.window.mean[self._setup.channel] for r in readings]).reshape(shape)
        deviation = np.array([r.window.mean_std[self._setup.channel] for r in readings]).reshape(shape)
        validation = Validation(
            name, final.iteration, cases, outputs, deviation, self._score(cases, outputs.mean(axis=0), threshold)
        )
        self._observer.validation(validation)
        return validation


def _candidate(iteration: Iteration) -> Best:
    return Best(iteration.loss, iteration.index, iteration.start, iteration.controls)
