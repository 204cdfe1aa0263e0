"""``hgx device show`` and ``hgx device validate``: what a simulated device does, and how far it is to be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, TimeRemainingColumn
from rich.table import Table

from hgx_lab.cli._output import Words, console, error_console, progress_bar

if TYPE_CHECKING:
    from collections.abc import Callable

    from hgx_lab.experiments import DeviceSurvey, Subject

__all__ = ["show_device", "validate_layout"]


def show_device(
    source: Annotated[
        str,
        typer.Argument(help="A stored layout (n12, n16, n24, n40), a .json layout, or a run file.", metavar="SOURCE"),
    ],
    save: Annotated[
        list[Path] | None, typer.Option("--save", "-s", help="Figure to write, .png or .pdf; may be repeated.")
    ] = None,
    points: Annotated[int, typer.Option(help="Random settings.", min=2)] = 1000,
    margin: Annotated[str, typer.Option(help="Gap between the classes that makes a gate.")] = "1 nA",
    seed: Annotated[int, typer.Option(help="Seed of the random settings.", min=0)] = 0,
) -> None:
    """Show a simulated device: sweeps, derivatives, gates; dopants and potential of a dopant network."""
    from hgx_lab.experiments import subject_of, survey_device
    from hgx_lab.figures import save_device_figure
    from hgx_lab.units import parse_quantity

    subject = subject_of(source)
    with _bar("settings") as progress:
        survey = survey_device(
            subject, points=points, margin=parse_quantity(margin, unit="A"), seed=seed, progress=progress
        )
    console().print(_summary(subject, survey))
    for path in save or []:
        save_device_figure(subject, survey, path)
        console().print(f"Figure: {path}", soft_wrap=True)


def validate_layout(
    layout: Annotated[
        str, typer.Argument(help="A stored layout (n12, n16, n24, n40) or a .json layout.", metavar="LAYOUT")
    ],
    vectors: Annotated[int, typer.Option(help="Random voltage vectors.", min=3)] = 40,
    draws: Annotated[
        int, typer.Option(help="Jumps drawn in each of 32 copies; more of them, less error.", min=8)
    ] = 40_000,
    volts: Annotated[str, typer.Option(help="Voltages are drawn within plus and minus this.")] = "1 V",
    seed: Annotated[int, typer.Option(help="Seed of voltages and jumps.", min=0)] = 0,
) -> None:
    """Compare the mean field of a layout with kinetic Monte Carlo, an independent reference."""
    from hgx_lab.experiments import check_layout, layout_of
    from hgx_lab.units import format_quantity, parse_quantity

    chosen = layout_of(layout)
    with _bar("vectors") as progress:
        found = check_layout(
            chosen, vectors=vectors, draws=draws, volts=parse_quantity(volts, unit="V"), seed=seed, progress=progress
        )
    console().print(
        f"{chosen.name}: correlation {found.correlation:.6f} over {vectors} voltage vectors; rms difference "
        f"{found.difference:.2%} of the rms current of {format_quantity(found.scale, 'A', digits=3)}, of which "
        f"{found.statistics:.2%} are the statistics of Monte Carlo.",
        soft_wrap=True,
    )


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int, str], None]]:
    """Show a progress bar where there is a terminal; plain lines, ten in all, elsewhere."""
    out = error_console()
    columns = (Words("{task.description}"), BarColumn(), Words("{task.fields[words]}"), TimeRemainingColumn())
    with progress_bar(out, *columns) as bar:
        task = bar.add_task(what, words="")
        tenths = 0

        def report(done: int, total: int, words: str) -> None:
            nonlocal tenths
            bar.update(task, completed=done, total=total, words=words)
            if not out.is_terminal and done * 10 // total > tenths:
                tenths = done * 10 // total
                out.print(f"{done} of {total} {what} {words}".rstrip(), soft_wrap=True)

        yield report


def _summary(subject: Subject, survey: DeviceSurvey) -> Table:
    import numpy as np

    from hgx_lab.units import format_quantity

    table = Table(title=subject.title, title_justify="left")
    for name in ("electrode", "range", "rms derivative", "median", "negative"):
        table.add_column(name, justify="right")
    for name, limits, slopes in zip(subject.names, subject.limits, survey.gradient, strict=True):
        table.add_row(
            name,
            " to ".join(format_quantity(v, "V", digits=3) for v in limits),
            format_quantity(float(np.sqrt(np.mean(slopes**2))), "A/V", digits=3),
            format_quantity(float(np.median(slopes)), "A/V", digits=3),
            f"{np.mean(slopes < 0):.0%}",
        )
    low, middle, high = (format_quantity(float(v), "A", digits=3) for v in np.percentile(survey.current, (1, 50, 99)))
    caption = f"Current {low} / {middle} / {high} at 1 / 50 / 99 % of {survey.current.size} random settings."
    if survey.gates:
        shares = ", ".join(f"{g.gate} {g.share:.1%}" for g in survey.gates)
        caption += f"\nGates with inputs {' and '.join(subject.inputs)}: {shares}."
    table.caption, table.caption_justify = caption, "left"
    return table
