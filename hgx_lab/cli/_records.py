"""``hgx show`` and ``hgx list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hgx_lab.cli._output import console

__all__ = ["list_runs", "show"]


def show(
    record: Annotated[Path, typer.Argument(help="A record, finished or running.", metavar="RECORD")],
    save: Annotated[
        list[Path] | None, typer.Option("--save", "-s", help="Figure to write, .png or .pdf; may be repeated.")
    ] = None,
    no_figure: Annotated[bool, typer.Option("--no-figure", help="Draw nothing.")] = False,
) -> None:
    """Show a summary of a record, and draw loss, controls, derivatives and outputs."""
    from hgx_lab.figures import render_summary, save_figures, summarise
    from hgx_lab.records import open_record

    with open_record(record) as opened:
        console().print(render_summary(summarise(opened)))
        if no_figure:
            return
        for path in save or [record.with_suffix(".png")]:
            save_figures(opened, path)
            console().print(f"Figure: {path}", soft_wrap=True)


def list_runs(
    directory: Annotated[Path, typer.Argument(help="Folder of records.", metavar="DIR")] = Path("runs"),
) -> None:
    """List the runs in a folder, newest last; files that can't be read are listed with the reason."""
    from hgx_lab.figures import render_catalogue
    from hgx_lab.records import list_records

    console().print(render_catalogue(list_records(directory)))
