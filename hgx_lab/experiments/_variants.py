"""Runs made from other runs: with another bench, another seed, or from a checkpoint."""

from __future__ import annotations

from pathlib import Path

from hgx_lab.config import RunFile, SimulatedBench, TrainRun, change_run_file, parse_run_file
from hgx_lab.config.yaml_dump import dump_yaml
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._ancestry import where_iteration_is
from hgx_lab.experiments._laboratory import Source
from hgx_lab.records import open_record

__all__ = ["resumed", "simulated", "training_of", "with_seed"]


def training_of(run: RunFile) -> TrainRun:
    """Return the run if it is a training.

    Raises
    ------
    ExperimentError
        It is another experiment.
    """
    if not isinstance(run, TrainRun):
        raise ExperimentError(f"{run.name} isn't a training.", remedy="Take a run file with experiment: train.")
    return run


def simulated(run: RunFile) -> RunFile:
    """Return the same run on the simulated bench, with the rates and times of its own bench where it has one."""
    if isinstance(run.bench, SimulatedBench):
        return run
    shared = {name: getattr(run.bench, name) for name in ("rate", "block", "lead")}
    return change_run_file(run, {"bench": {"kind": "simulated", **shared}})


def with_seed(run: RunFile, seed: int) -> RunFile:
    """Return the same run with another seed."""
    return change_run_file(run, {"seed": seed})


def resumed(record: Path, iteration: int = -1) -> tuple[TrainRun, Source]:
    """Take a run and its checkpoint out of a record, to go on from there.

    Parameters
    ----------
    record:
        The parent's record.
    iteration:
        The iteration after which to go on, by the number that the record gives it; -1 for the last. A run that
        continues another counts on from it.

    Raises
    ------
    RecordError, ExperimentError
        The record can't be read, or holds no such checkpoint.
    """
    with open_record(record) as parent:
        numbers = parent.checkpoint_range
        if numbers is None:
            raise ExperimentError(
                f"{record} holds no checkpoint: the run ended before its first iteration was complete.",
                remedy="Start it again with hgx run.",
            )
        first, last = numbers
        if iteration != -1 and not first <= iteration <= last:
            raise ExperimentError(
                f"{record} holds checkpoints after iterations {first} to {last}, not {iteration}.",
                remedy=where_iteration_is(parent, iteration),
            )
        checkpoint = parent.checkpoint_after(last if iteration == -1 else iteration)
        run = training_of(parse_run_file(dump_yaml(parent.run_file), source=str(record)))
        ancestry = {"run_id": parent.run_id, "path": str(record.absolute()), "iteration": checkpoint.iteration}
        return run, Source(text=parent.run_file_text, checkpoint=checkpoint.state, parent=ancestry)
