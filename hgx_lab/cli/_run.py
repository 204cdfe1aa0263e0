"""``hgx run`` and ``hgx resume``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hgx_drivers.errors import DriverError
from hgx_lab.cli._output import console, error_console, styled
from hgx_lab.cli._outputs import OutputsAt, outputs_stated
from hgx_lab.cli._streams import unhurried
from hgx_lab.errors import HgxError

if TYPE_CHECKING:
    from hgx_lab.config import RunFile
    from hgx_lab.experiments import Audience, MeasurementResult, Source, TrainResult

__all__ = ["resume", "run"]

#: A training that used up its budget without reaching the goal it had.
_GOAL_NOT_REACHED = 3

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Live = Annotated[bool, typer.Option("--live", help="Let hgx dashboard attach to the run and command it.")]
Dashboard = Annotated[bool, typer.Option("--dashboard", help="The same, and open the dashboard; it may be closed.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="The record: a new .h5 file, or a folder for it.")]


def run(
    file: Annotated[Path, typer.Argument(help="The run file.", metavar="FILE")],
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Use the simulated bench instead of the file's.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the file's.", min=0)] = None,
    output: Output = None,
    outputs_at: OutputsAt = None,
    quiet: Quiet = False,
    json: Json = False,
    live: Live = False,
    dashboard: Dashboard = False,
) -> None:
    """Run an experiment as a run file describes it, and leave a record."""
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import Source, simulated, with_seed

    experiment = load_run_file(file)
    if simulate:
        experiment = simulated(experiment)
    if seed is not None:
        experiment = with_seed(experiment, seed)
    source = Source(text=file.read_text(encoding="utf-8"), path=file)
    _perform(experiment, source, output, outputs_at, quiet=quiet, json=json, live=live, dashboard=dashboard)


def resume(
    record: Annotated[Path, typer.Argument(help="The record of the run to go on with.", metavar="RECORD")],
    iteration: Annotated[
        int, typer.Option(help="Iteration to branch from, by its number in the record; the last one if not given.")
    ] = -1,
    output: Output = None,
    outputs_at: OutputsAt = None,
    quiet: Quiet = False,
    json: Json = False,
    live: Live = False,
    dashboard: Dashboard = False,
) -> None:
    """Go on where a run stopped, from its last checkpoint or an earlier one, in a new record."""
    from hgx_lab.experiments import resumed

    experiment, source = resumed(record, iteration)
    _perform(experiment, source, output, outputs_at, quiet=quiet, json=json, live=live, dashboard=dashboard)


def _perform(
    experiment: RunFile,
    source: Source,
    output: Path | None,
    outputs_at: str | None,
    *,
    quiet: bool,
    json: bool,
    live: bool,
    dashboard: bool,
) -> None:
    from hgx_lab.cli._alarm import Alarm, Watchman
    from hgx_lab.cli._progress import JsonLines, LiveProgress

    record = _record_path(experiment, output)
    stated = outputs_stated(experiment, outputs_at, record, ask=not (quiet or json))
    published = _Published(experiment, source, record, stated, live=live or dashboard, dashboard=dashboard)
    always = (Alarm(on_output=not json), Watchman())
    with unhurried():
        if json:
            lines = JsonLines()
            result = published.perform(*always, lines)
            lines.emit("end", **_facts(result), record=str(record))
        elif quiet:
            result = published.perform(*always)
        else:
            with LiveProgress(error_console()) as progress:
                try:
                    result = published.perform(*always, progress)
                except (HgxError, DriverError):
                    progress.aborted(record)
                    raise
            _conclude(result, record)
    if not _satisfied(experiment, result):
        raise typer.Exit(_GOAL_NOT_REACHED)


@dataclass(frozen=True, slots=True)
class _Published:
    """A run, and whether others may attach to it."""

    experiment: RunFile
    source: Source
    record: Path
    outputs_at: Mapping[str, float] | None
    live: bool
    dashboard: bool

    def perform(self, *audiences: Audience) -> TrainResult | MeasurementResult:
        from hgx_lab.experiments import Interrupts, perform
        from hgx_lab.live import Publisher, Several

        if not self.live:
            return perform(
                self.experiment,
                record=self.record,
                source=self.source,
                audience=Several(*audiences),
                outputs_at=self.outputs_at,
            )
        from hgx_lab.cli._dashboard import require_qt, start_dashboard

        if self.dashboard:
            require_qt()
        interrupts = Interrupts()
        with Publisher(interrupts, text=self.source.text) as publisher:
            if self.dashboard:
                publisher.when_found = start_dashboard
            return perform(
                self.experiment,
                record=self.record,
                source=self.source,
                audience=Several(publisher, *audiences),
                interrupts=interrupts,
                outputs_at=self.outputs_at,
            )


def _facts(result: TrainResult | MeasurementResult) -> dict[str, Any]:
    from hgx_lab.experiments import MeasurementResult

    if isinstance(result, MeasurementResult):
        return {"reason": result.conclusion, **result.figures}
    return {"reason": result.outcome.decision.reason, "solved": result.outcome.solved}


def _conclude(result: TrainResult | MeasurementResult, record: Path) -> None:
    from hgx_lab.experiments import MeasurementResult
    from hgx_lab.units import format_quantity

    if isinstance(result, MeasurementResult):
        word, reason = ("Done", "bold green"), result.conclusion.rstrip(".")
    else:
        word = ("Solved", "bold green") if result.outcome.solved else ("Ended", "bold yellow")
        reason = result.outcome.decision.reason
        checked = next((v.score for v in result.outcome.validations if v.score is not None), None)
        if checked is not None:
            reason += f"; without tones accuracy {checked.accuracy:.1%}, margin "
            reason += format_quantity(checked.margin, "A", digits=3)
    console().print(styled(word, f": {reason}. See it with: hgx show {record}"), soft_wrap=True)


def _satisfied(experiment: RunFile, result: TrainResult | MeasurementResult) -> bool:
    """Whether a training that had a goal reached it."""
    from hgx_lab.config import TrainRun
    from hgx_lab.experiments import MeasurementResult

    if not isinstance(experiment, TrainRun) or isinstance(result, MeasurementResult):
        return True
    stop = experiment.stop
    has_goal = not (stop.margin is None and stop.accuracy is None and stop.loss is None)
    return result.outcome.solved or not has_goal


def _record_path(experiment: RunFile, output: Path | None) -> Path:
    from datetime import datetime

    from hgx_lab.records import new_record_path

    if output is not None and output.suffix == ".h5":
        return output
    return new_record_path(output or Path(experiment.record.directory), experiment.name, datetime.now().astimezone())
