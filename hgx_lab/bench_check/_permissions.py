"""What the machine allows: a place for the record with room, and time that isn't taken away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding
from hgx_lab.config import RunFile
from hgx_lab.config.bench import SimulatedBench
from hgx_lab.errors import HgxError
from hgx_lab.experiments import DryRun, forecast
from hgx_lab.units import format_quantity

__all__ = ["check_priority", "check_record"]

#: Room without which no record should be begun: headers, provenance and the blocks that HDF5 allocates ahead.
_LEAST_BYTES: Final = 50e6
#: A desktop's scheduler takes the processor away for this long now and then.
_PAUSE_SECONDS: Final = 20e-3


def check_record(run: RunFile) -> Iterator[Finding]:
    """Whether the folder of records can be written, and has room for what the run will make."""
    folder = Path(run.record.directory)
    existing = _first_existing(folder.absolute())
    topic = "record"
    try:
        # Mode bits don't tell of network shares and read-only mounts; a file does.
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        text = f"{existing} can't be written: {error.strerror or error}"
        yield Finding("fault", topic, text, "Give record.directory a folder that you may write.")
        return
    yield Finding("ok", topic, f"{folder} can be written" + ("" if existing == folder.absolute() else ", once made"))
    needed, known = _record_bytes(run)
    free = shutil.disk_usage(existing).free
    room = f"{_size(free)} free" + (f", at most {_size(needed)} needed" if known else "")
    if free < needed:
        remedy = "Free some space, shorten the run, or set record.raw to false."
        yield Finding("fault", topic, room, remedy)
    elif free < 2 * needed + _LEAST_BYTES:
        yield Finding("warning", topic, room, "Free some space: other programs write to this disk too.")
    else:
        yield Finding("ok", topic, room)


def _record_bytes(run: RunFile) -> tuple[float, bool]:
    """Size of the record, and whether it is known: measurements don't forecast theirs but in time."""
    try:
        plan = forecast(run)
    except (HgxError, DriverError):
        return _LEAST_BYTES, False  # has a line of its own
    return (float(plan.record_bytes), True) if isinstance(plan, DryRun) else (_LEAST_BYTES, False)


def check_priority(run: RunFile) -> Iterator[Finding]:
    """Whether the lead covers the pauses that an ordinary process has."""
    if isinstance(run.bench, SimulatedBench) and run.bench.clock == "fast":
        return
    lead = format_quantity(run.bench.lead, "s", digits=3)
    text = f"{_priority()}; pauses of up to the lead of {lead} do no harm"
    if run.bench.lead < _PAUSE_SECONDS:
        pause = format_quantity(_PAUSE_SECONDS, "s")
        yield Finding("warning", "priority", text, f"Raise bench.lead to {pause} or more, or keep the machine idle.")
    else:
        yield Finding("ok", "priority", text)


def _priority() -> str:
    if hasattr(os, "sched_getscheduler") and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        return "real-time priority"
    return "ordinary priority"


def _first_existing(folder: Path) -> Path:
    return next((path for path in (folder, *folder.parents) if path.exists()), Path(folder.anchor))


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
