"""All checks of a run file's bench, in the order in which their lines are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.bench_check._loop_back import LoopBack, check_loop_back
from hgx_lab.bench_check._ni import check_ni_devices
from hgx_lab.bench_check._permissions import check_priority, check_record
from hgx_lab.bench_check._reserve import check_open
from hgx_lab.bench_check._software import check_software
from hgx_lab.config import RunFile, RunFileError, load_run_file
from hgx_lab.errors import HgxError
from hgx_lab.experiments import forecast, parse_levels

__all__ = ["CHECKS", "Check", "check_bench"]

#: Looks at one topic of a run, and moves nothing.
Check = Callable[[RunFile], Iterator[Finding]]

#: A new kind of instrument adds its checks here. Opening the bench comes after all of them.
CHECKS: Sequence[Check] = (check_software, check_record, check_priority, check_ni_devices)

_FILE = "run file"


def check_bench(file: Path, *, loop_back: LoopBack | None = None, outputs_at: str | None = None) -> Iterator[Finding]:
    """Check the bench of a run file, line by line as it is found out.

    Without ``loop_back`` no output moves. With it, and unless something is at fault, a small sine goes out.
    ``outputs_at`` states where the outputs of a card stand that can't measure them: ``0 V``, or ``e0=0.8V,e1=0V``.

    Raises
    ------
    ConfigurationError
        ``outputs_at`` can't be read.
    """
    try:
        run = load_run_file(file)
    except RunFileError as error:
        yield Finding("fault", _FILE, str(error), "Correct the file; `hgx check` looks at it alone.")
        return
    stated = None if outputs_at is None else parse_levels(outputs_at, run)
    yield _forecast(run, file)
    broken = False
    faults: set[str] = set()
    for check in (*CHECKS, partial(check_open, outputs_at=stated)):
        for finding in check(run):
            if finding.level == "fault":
                broken = True
                # Opening the bench meets again what was found before: once is enough.
                if finding.text in faults:
                    continue
                faults.add(finding.text)
            yield finding
    if loop_back is None:
        return
    if broken:
        text = "left out, as the bench has a fault"
        yield Finding("warning", "loop-back", text, "Remedy the faults above first.")
        return
    yield from check_loop_back(run, loop_back, stated)


def _forecast(run: RunFile, file: Path) -> Finding:
    try:
        forecast(run)
    except (HgxError, DriverError) as error:
        return fault(_FILE, error)
    return Finding("ok", _FILE, f"{file} is valid")
