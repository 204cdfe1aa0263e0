"""Does the runs, two at a time where there are two cores."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from hgx_drivers.errors import DriverError
from hgx_lab.config import change_run_file, parse_run_file
from hgx_lab.config.run_file import RunFile
from hgx_lab.errors import HgxError
from hgx_lab.experiments import Interrupts, Source, TrainResult, perform
from hgx_lab.records import new_record_path
from hgx_lab.reproduction._recipe import Job
from hgx_lab.reproduction._workers import workers

__all__ = ["JobDone", "JobFailed", "do_jobs"]

#: Libraries of linear algebra that would otherwise start a thread for every core in every process.
_THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class JobDone:
    """A job that ran to its end: its records by name, how it ended in words, and how long it took."""

    name: str
    records: dict[str, Path]
    conclusion: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Trouble:
    """An error on its way out of another process, where its type would be lost."""

    message: str
    remedy: str
    exit_code: int


class JobFailed(HgxError):
    """A run of a reproduction failed; ``exit_code`` is that of its error."""

    def __init__(self, job: str, message: str, remedy: str, exit_code: int) -> None:
        super().__init__(f"{job}: {message}", remedy=remedy)
        self.exit_code = exit_code


def do_jobs(
    jobs: Sequence[Job], folder: Path, *, processes: int = 2, hear: Callable[[JobDone], None] = lambda done: None
) -> dict[str, Path]:
    """Do jobs, each once, and return the record of each.

    Parameters
    ----------
    jobs:
        What is to be run; of several of the same name the first counts.
    folder:
        Where the records go.
    processes:
        How many runs go on at a time.
    hear:
        Told of each job when it is done, in the order of their ends.

    Raises
    ------
    JobFailed
        A run failed; those that hadn't begun aren't done.
    RunInterrupted
        The process was told to go; all runs have ended at rest.
    """
    chosen = list({job.name: job for job in reversed(jobs)}.values())[::-1]
    folder.mkdir(parents=True, exist_ok=True)
    records: dict[str, Path] = {}
    interrupts = Interrupts()
    with interrupts.signals(), closing(_done(chosen, folder, processes, interrupts)) as ended:
        for done in ended:
            records |= done.records
            hear(done)
    return records


def _done(jobs: Sequence[Job], folder: Path, processes: int, interrupts: Interrupts) -> Generator[JobDone, None, None]:
    if processes <= 1 or len(jobs) == 1:
        for job in jobs:
            interrupts.check()
            yield _checked(job, _do(folder, job, interrupts))
        return
    failed: JobFailed | None = None
    with _one_thread_each(), workers(processes, interrupts, partial(_do, folder)) as others:
        others.begin(list(jobs))
        for job, outcome in others.results():
            try:
                done = _checked(job, outcome)
            except JobFailed as error:
                others.drop()
                failed = failed or error
            else:
                yield done
    if failed is not None:
        raise failed


def _checked(job: Job, outcome: JobDone | _Trouble) -> JobDone:
    if isinstance(outcome, _Trouble):
        raise JobFailed(job.name, outcome.message, outcome.remedy, outcome.exit_code)
    return outcome


def _do(folder: Path, job: Job, interrupts: Interrupts) -> JobDone | _Trouble:
    """Do one job, in whatever process this is."""
    begin = time.perf_counter()
    try:
        interrupts.check()
        run = parse_run_file(job.text, source=f"run file of {job.name}")
        record = new_record_path(folder, job.name, datetime.now().astimezone())
        result = perform(run, record=record, source=Source(text=job.text), interrupts=interrupts)
        records = {job.name: record}
        if isinstance(result, TrainResult):
            conclusion = result.outcome.decision.reason
            if job.replay:
                records[f"{job.name}-replay"] = _replayed(job, run, result, folder, interrupts)
        else:
            conclusion = result.conclusion
    except (HgxError, DriverError) as error:
        return _Trouble(error.message, error.remedy, error.exit_code)
    return JobDone(job.name, records, conclusion, time.perf_counter() - begin)


def _replayed(job: Job, run: RunFile, result: TrainResult, folder: Path, interrupts: Interrupts) -> Path:
    """Play the solution of a training twice more, without tones, and keep every sample."""
    controls = [k for k, e in enumerate(run.electrodes) if e.role == "control"]
    changes: dict[str, object] = {
        f"electrodes.{k}.start": float(volts) for k, volts in zip(controls, result.outcome.controls, strict=True)
    }
    changes |= {"name": f"{job.name}-replay", "record.raw": True, "stop": {"iterations": 1}, "validation.repeats": 2}
    record = new_record_path(folder, f"{job.name}-replay", datetime.now().astimezone())
    perform(change_run_file(run, changes), record=record, interrupts=interrupts)
    return record


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Let processes that are started meanwhile compute with one thread each."""
    before = {name: os.environ.get(name) for name in _THREAD_LIMITS}
    os.environ.update(dict.fromkeys(_THREAD_LIMITS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
