"""``hgx run`` and ``hgx resume``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import console, error_console

if TYPE_CHECKING:
    from hgx_lab.config import TrainRun
    from hgx_lab.experiments import Source, TrainResult

__all__ = ["resume", "run"]

#: A training that used up its budget without reaching the goal it had.
_GOAL_NOT_REACHED = 3

Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="The record: a new .h5 file, or a folder for it.")]


def run(
    file: Annotated[Path, typer.Argument(help="The run file.", metavar="FILE")],
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Use the simulated bench instead of the file's.")
    ] = False,
    seed: Annotated[int | None, typer.Option(help="Seed instead of the file's.", min=0)] = None,
    output: Output = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Run an experiment as a run file describes it, and leave a record."""
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import Source, simulated, training_of, with_seed

    experiment = training_of(load_run_file(file))
    if simulate:
        experiment = simulated(experiment)
    if seed is not None:
        experiment = with_seed(experiment, seed)
    _train(experiment, Source(text=file.read_text(encoding="utf-8"), path=file), output, quiet=quiet, json=json)


def resume(
    record: Annotated[Path, typer.Argument(help="The record of the run to go on with.", metavar="RECORD")],
    iteration: Annotated[int, typer.Option(help="Iteration to branch from; the last one if not given.")] = -1,
    output: Output = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Go on where a run stopped, from its last checkpoint or an earlier one, in a new record."""
    from hgx_lab.experiments import resumed

    experiment, source = resumed(record, iteration)
    _train(experiment, source, output, quiet=quiet, json=json)


def _train(experiment: TrainRun, source: Source, output: Path | None, *, quiet: bool, json: bool) -> None:
    from hgx_lab.cli._progress import JsonLines, LiveProgress
    from hgx_lab.experiments import SilentAudience, train

    record = _record_path(experiment, output)
    if json:
        audience = JsonLines()
        result = train(experiment, record=record, source=source, audience=audience)
        decision = result.outcome.decision
        audience.emit("end", reason=decision.reason, solved=result.outcome.solved, record=str(record))
    elif quiet:
        result = train(experiment, record=record, source=source, audience=SilentAudience())
    else:
        with LiveProgress(error_console()) as progress:
            result = train(experiment, record=record, source=source, audience=progress)
        _conclude(result)
    if _has_goal(experiment) and not result.outcome.solved:
        raise typer.Exit(_GOAL_NOT_REACHED)


def _conclude(result: TrainResult) -> None:
    outcome = result.outcome
    word = "[bold green]Solved[/]" if outcome.solved else "[bold yellow]Ended[/]"
    console().print(f"{word}: {outcome.decision.reason}. See it with: hgx show {result.record}", soft_wrap=True)


def _has_goal(experiment: TrainRun) -> bool:
    stop = experiment.stop
    return not (stop.margin is None and stop.accuracy is None and stop.loss is None)


def _record_path(experiment: TrainRun, output: Path | None) -> Path:
    from datetime import datetime

    from hgx_lab.records import new_record_path

    if output is not None and output.suffix == ".h5":
        return output
    return new_record_path(output or Path(experiment.record.directory), experiment.name, datetime.now().astimezone())
