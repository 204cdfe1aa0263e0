"""``hgx show`` and ``hgx list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hgx_lab.cli._output import console, duration_text

if TYPE_CHECKING:
    from hgx_lab.records import RecordSummary

__all__ = ["list_runs", "show"]


def show(
    record: Annotated[Path, typer.Argument(help="A record, finished or running.", metavar="RECORD")],
    save: Annotated[
        list[Path] | None, typer.Option("--save", "-s", help="Figure to write, .png or .pdf; may be repeated.")
    ] = None,
    no_figure: Annotated[bool, typer.Option("--no-figure", help="Draw nothing.")] = False,
) -> None:
    """Show a summary of a record, and draw loss, controls, derivatives and outputs."""
    from hgx_lab.figures import render_summary, save_figures, summary
    from hgx_lab.records import open_record

    with open_record(record) as opened:
        console().print(render_summary(summary(opened)))
        if no_figure:
            return
        for path in save or [record.with_suffix(".png")]:
            save_figures(opened, path)
            console().print(f"Figure: {path}", soft_wrap=True)


def list_runs(
    directory: Annotated[Path, typer.Argument(help="Folder of records.", metavar="DIR")] = Path("runs"),
) -> None:
    """List the runs in a folder, newest last; files that can't be read are listed with the reason."""
    from hgx_lab.records import list_records

    table = Table(box=None)
    for name in ("record", "experiment", "status", "iterations", "loss", "margin", "duration"):
        table.add_column(name, justify="left" if name in ("record", "experiment", "status") else "right")
    for found in list_records(directory):
        table.add_row(*_row(found))
    # Wide enough for the names of records: a terminal wraps lines, a table would cut them.
    console(width=140).print(table)


def _iterations(found: RecordSummary) -> str:
    if found.iterations is None:
        return ""
    return f"{found.iterations} from {found.first_iteration}" if found.first_iteration else str(found.iterations)


def _row(found: RecordSummary) -> tuple[str, ...]:
    from hgx_lab.units import format_quantity

    return (
        found.path.name,
        found.experiment,
        found.status if not found.error else f"unreadable: {found.error}",
        _iterations(found),
        "" if found.loss is None else f"{found.loss:.4g}",
        "" if found.margin is None else format_quantity(found.margin, "A", digits=3),
        "" if found.duration_seconds is None else duration_text(found.duration_seconds),
    )
