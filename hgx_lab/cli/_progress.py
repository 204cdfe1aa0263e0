"""What a running training shows: a live line for people, plain lines for logs, JSON lines for programs."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from math import isnan
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, TaskID, TimeElapsedColumn, TimeRemainingColumn

from hgx_lab.acquisition import Event, EventKind
from hgx_lab.cli._output import Screen, Words, print_line, progress_bar
from hgx_lab.config import RunFile, TrainRun
from hgx_lab.experiments import SilentAudience
from hgx_lab.learning.training import Iteration, Validation
from hgx_lab.signals import ChainFit
from hgx_lab.signals.significance import signs_text
from hgx_lab.units import format_quantity

__all__ = ["JsonLines", "LiveProgress"]

#: Events that people should see although nothing has ended. Outputs that aren't at rest are shown in every mode.
_WORTH_TELLING = {EventKind.OVERLOAD, EventKind.LATE_UPDATE}


class LiveProgress(SilentAudience):
    """A progress bar with loss, margin, sign confidence, duty cycle and remaining time.

    Where the output isn't a terminal, a line every tenth iteration instead.
    """

    def __init__(self, console: Screen) -> None:
        self._console = console
        self._bar = progress_bar(
            console,
            Words("{task.description}", "bold"),
            BarColumn(bar_width=24),
            Words("{task.completed}/{task.total}"),
            Words("{task.fields[figures]}"),
            TimeElapsedColumn(),
            Words("left"),
            TimeRemainingColumn(),
        )
        self._task: TaskID | None = None
        self._overloads = 0
        self._iterations = 0
        self._rest = ""

    def __enter__(self) -> LiveProgress:
        with suppress(Exception):  # the run goes without a bar
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):  # how the run ended is said without it
            self._bar.stop()

    def aborted(self, record: Path) -> None:
        """Say in what state a run that was stopped or failed has left the bench, and how to go on."""
        if self._rest:
            self._console.print(self._rest, soft_wrap=True)
        if record.exists():
            how = "; go on with: hgx resume " if self._iterations else " "
            self._console.print(f"What was measured is in the record{how}{record}", soft_wrap=True)

    def began(self, record: Path, run: RunFile) -> None:
        """Show the name and where the record is."""
        what = run.description or (run.task.kind if isinstance(run, TrainRun) else "")
        self._console.print(
            f"{run.name}: {what}. Record: {record}" if what else f"{run.name}. Record: {record}", soft_wrap=True
        )
        total = run.stop.iterations if isinstance(run, TrainRun) else None
        self._task = self._bar.add_task(run.name, total=total, figures="calibrating")

    def note(self, text: str) -> None:
        """Show what the bench is doing."""
        self._console.print(text, soft_wrap=True)

    def calibrated(self, fit: ChainFit) -> None:
        """Show what the chain was found to be."""
        delay = format_quantity(fit.response.delay_seconds, "s", digits=4)
        std = format_quantity(fit.response.delay_std_seconds, "s", digits=2)
        pole = fit.response.pole_hz
        text = "no pole seen" if pole is None else f"pole {format_quantity(pole, 'Hz', digits=3)}"
        self._console.print(f"Calibrated: delay {delay} ± {std}, {text}.")

    def event(self, event: Event) -> None:
        """Show what somebody at the bench would want to know at once."""
        if event.kind is EventKind.OVERLOAD:
            self._overloads += 1
            if self._overloads > 1:
                return  # the first one is told, the record has them all
        if event.kind in (EventKind.AT_REST, EventKind.NOT_AT_REST):
            self._rest = event.message
        if event.kind in _WORTH_TELLING:
            self._console.print(f"{event.kind}: {event.message}", style="yellow", soft_wrap=True)

    def progress(self, done: int, total: int, figures: str) -> None:
        """Move the bar on; without a terminal, say every tenth of the way."""
        if self._task is not None:
            self._bar.update(self._task, completed=done, total=total, figures=figures)
        if not self._console.is_terminal and (done * 10) // total > ((done - 1) * 10) // total:
            self._console.print(f"{done} of {total}: {figures}", soft_wrap=True)

    def iteration(self, iteration: Iteration) -> None:
        """Move the bar on."""
        self._iterations += 1
        figures = _figures(iteration)
        if self._task is not None:
            self._bar.update(self._task, completed=iteration.index + 1, figures=figures)
        if not self._console.is_terminal and iteration.index % 10 == 0:
            self._console.print(f"iteration {iteration.index}: {figures}", soft_wrap=True)

    def validation(self, validation: Validation) -> None:
        """Show the outputs without tones."""
        for name, target, current, std in zip(
            validation.cases.names,
            validation.cases.targets,
            validation.outputs.mean(axis=0),
            validation.outputs_std.mean(axis=0),
            strict=True,
        ):
            if len(validation.cases) <= 16:
                self._console.print(
                    f"  {validation.name} {name}: {format_quantity(current, 'A', digits=4)} "
                    f"± {format_quantity(std, 'A', digits=2)}  (target {target:g})"
                )
        if validation.score is not None:
            self._console.print(
                f"Without tones, {validation.name} cases: accuracy {validation.score.accuracy:.1%}, margin "
                f"{format_quantity(validation.score.margin, 'A', digits=3)}, threshold "
                f"{format_quantity(validation.score.threshold, 'A', digits=3)}.",
                soft_wrap=True,
            )


class JsonLines(SilentAudience):
    """One JSON object a line on standard output, for programs."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def emit(self, event: str, /, **data: Any) -> None:
        """Write one line."""
        print_line(json.dumps({"event": event, **data}))

    def began(self, record: Path, run: RunFile) -> None:
        """Say where the record is."""
        self.emit("began", name=run.name, record=str(record))

    def note(self, text: str) -> None:
        """Say what the bench is doing."""
        self.emit("note", message=text)

    def calibrated(self, fit: ChainFit) -> None:
        """Say what the chain is."""
        self.emit("calibrated", **fit.response.to_dict())

    def event(self, event: Event) -> None:
        """Pass an event on."""
        self.emit("acquisition", kind=str(event.kind), sample=event.sample, message=event.message)

    def progress(self, done: int, total: int, figures: str) -> None:
        """Say how far it is."""
        self.emit("progress", done=done, total=total, figures=figures)

    def iteration(self, iteration: Iteration) -> None:
        """Say how far it is."""
        score = iteration.score
        self.emit(
            "iteration",
            iteration=iteration.index,
            restart=iteration.start,
            loss=iteration.loss,
            margin=None if score is None else score.margin,
            accuracy=None if score is None else score.accuracy,
            sign_confidence=None if isnan(iteration.sign_confidence) else iteration.sign_confidence,
            duty=iteration.duty,
            controls=iteration.controls.tolist(),
            elapsed_seconds=time.monotonic() - self._start,
        )

    def validation(self, validation: Validation) -> None:
        """Give the outputs without tones."""
        self.emit(
            "validation",
            cases=list(validation.cases.names),
            set=validation.name,
            outputs=validation.outputs.mean(axis=0).tolist(),
            margin=None if validation.score is None else validation.score.margin,
            accuracy=None if validation.score is None else validation.score.accuracy,
        )


def _figures(iteration: Iteration) -> str:
    parts = [f"loss {iteration.loss:.4g}"]
    if iteration.score is not None:
        parts.append(f"margin {format_quantity(iteration.score.margin, 'A', digits=3)}")
    parts.append(f"signs {signs_text(iteration.sign_confidence)}")
    parts.append(f"duty {iteration.duty:.0%}")
    if iteration.start:
        parts.append(f"restart {iteration.start}")
    if iteration.clipped_cases:
        parts.append(f"{iteration.clipped_cases} clipped")
    return "  ".join(parts)
