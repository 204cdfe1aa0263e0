"""``hgx rest``: bring a bench to rest without a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import console, duration_text, json_text, print_line
from hgx_lab.cli._streams import unhurried

if TYPE_CHECKING:
    from hgx_lab.experiments import Rested

__all__ = ["rest"]


def rest(
    file: Annotated[Path, typer.Argument(help="The run file whose bench it is.", metavar="FILE")],
    levels: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="Where the outputs stand now, on a card that can't measure them: 0.3V for all, or e0=0.8V,e1=0V.",
            metavar="VOLTS",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The record: a new .h5 file, or a folder for it.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON, for programs.")] = False,
) -> None:
    """Bring the outputs of a bench to rest, down the ramp of the run file, and disconnect its generators.

    It moves only from measured voltages, or from those that --from states for this one call. No signal cuts the ramp
    short.
    """
    from datetime import datetime

    from hgx_lab.cli._alarm import Alarm, Watchman
    from hgx_lab.cli._steps import Steps
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import Source, parse_levels, rest_bench
    from hgx_lab.live import Several
    from hgx_lab.records import new_record_path

    # What else the file names, as data of its task, may be gone: the bench is there.
    run = load_run_file(file, check_files=False)
    stated = None if levels is None else parse_levels(levels, run, option="--from")
    record = output or Path(run.record.directory)
    if record.suffix != ".h5":
        record = new_record_path(record, f"{run.name}-rest"[:64], datetime.now().astimezone())
    source = Source(text=file.read_text(encoding="utf-8"), path=file)
    audience = Several(Alarm(on_output=not json), Watchman(), *([] if quiet or json else [Steps()]))
    with unhurried():
        rested = rest_bench(run, record=record, outputs_at=stated, source=source, audience=audience)
    if json:
        _print_json(rested)
    elif not quiet:
        _print(rested)


def _print(rested: Rested) -> None:
    from hgx_lab.units import format_quantity

    out = console()
    for name, volts in rested.before.items():
        after = format_quantity(rested.after[name], "V", digits=4)
        out.print(f"{name}: {format_quantity(volts, 'V', digits=4)} -> {after}", soft_wrap=True)
    where = "" if rested.record is None else f" Record: {rested.record}"
    out.print(f"At rest after {duration_text(rested.seconds)}.{where}", soft_wrap=True)


def _print_json(rested: Rested) -> None:
    from dataclasses import asdict

    record = None if rested.record is None else str(rested.record)
    print_line(json_text({**asdict(rested), "record": record}))
