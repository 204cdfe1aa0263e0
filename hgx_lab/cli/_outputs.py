"""``--outputs-at``: where the outputs stand of a card that can't measure them, and the question for it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import error_console
from hgx_lab.errors import ConfigurationError

if TYPE_CHECKING:
    from hgx_lab.config import RunFile

__all__ = ["OutputsAt", "outputs_stated"]

OutputsAt = Annotated[
    str | None,
    typer.Option(
        "--outputs-at",
        help="Where the outputs stand now, for this start, on a card that can't measure them: 0V for all, or "
        "e0=0.8V,e1=0V. If not given, the newest record of the card tells, if it ended at rest.",
        metavar="VOLTS",
    ),
]
_INTERRUPTED = 130


def outputs_stated(run: RunFile, text: str | None, record: Path, *, ask: bool) -> dict[str, float] | None:
    """What is stated with the option, V by electrode; asked for where nothing else tells and somebody can answer.

    ``ask`` says whether a question is welcome; it is put only where both ends are a terminal. An empty answer leaves
    the refusal to the run.
    """
    from hgx_lab.experiments import LevelSources, parse_levels, unknown_outputs

    if text is not None:
        return parse_levels(text, run)
    # A stream that was closed at the start is None.
    if not (ask and all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))):
        return None
    why = unknown_outputs(run, LevelSources(folders=(Path(run.record.directory), record.parent)))
    if not why:
        return None
    out = error_console()
    out.print(why, soft_wrap=True)
    while True:
        out.print(
            "Measure them, or disconnect the device. Where do the outputs stand now (0V, or "
            f"{run.electrodes[0].name}=0.8V and so on; nothing to stop)? ",
            end="",
            soft_wrap=True,
        )
        try:
            answer = input().strip()
        except EOFError:
            answer = ""
        except KeyboardInterrupt:
            raise typer.Exit(_INTERRUPTED) from None
        if not answer:
            return None
        try:
            return parse_levels(answer, run)
        except ConfigurationError as error:
            out.print(str(error), soft_wrap=True)
