"""``hgx reproduce``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import console, duration_text, error_console, styled

if TYPE_CHECKING:
    from hgx_lab.reproduction import JobDone, Reproduced

__all__ = ["reproduce"]

_GOAL_NOT_REACHED = 3


def reproduce(
    figures: Annotated[
        list[str],
        typer.Argument(help="fig2c, fig3b, fig3c, fig3d, fig4a, fig4b, fig4c, fig4d, or all.", metavar="FIGURE..."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for figures and records.")] = Path(
        "reproduction"
    ),
    jobs: Annotated[int, typer.Option("--jobs", "-j", help="Runs at a time.", min=1)] = 2,
) -> None:
    """Run the published experiment on the standard simulated device: figures, data, published beside ours."""
    from hgx_lab.reproduction import reproduce as make

    begin = time.perf_counter()
    met = [_show(made) for made in make(figures, output, processes=jobs, hear=_tell)]
    console().print(f"{sum(met)} of {len(met)} figures as published, in {duration_text(time.perf_counter() - begin)}.")
    if not all(met):
        raise typer.Exit(_GOAL_NOT_REACHED)


def _tell(done: JobDone) -> None:
    text = f"  {done.name}: {done.conclusion.rstrip('.')} ({duration_text(done.seconds)})"
    error_console().print(text, style="dim", soft_wrap=True)


def _show(made: Reproduced) -> bool:
    """Print a figure's lines; whether all of them came out as they should."""
    out = console()
    out.print(styled((made.name, "bold"), f"  {made.title}: {made.files[0]}"), soft_wrap=True)
    for line in made.comparisons:
        mark = ("ok", "green") if line.met else ("not met", "bold red")
        words = f"  {line.what}: published {line.published} | ours {line.ours} | "
        out.print(styled(words, mark), soft_wrap=True)
    return all(line.met for line in made.comparisons)
