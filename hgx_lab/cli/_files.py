"""``hgx check``, ``hgx plan`` and ``hgx schema``: what a run file says, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from hgx_lab.cli._output import console, duration_text, json_text, print_line, size_text, styled

if TYPE_CHECKING:
    from hgx_lab.config import RunFile
    from hgx_lab.experiments import DryRun, Forecast

__all__ = ["check", "plan", "schema"]


def check(
    files: Annotated[list[Path], typer.Argument(help="Run files.", metavar="FILE...")],
    simulate: Annotated[bool, typer.Option("--simulate", help="Check it with the simulated bench.")] = False,
) -> None:
    """Check run files: every problem with its line, and whether the tones they ask for exist."""
    from hgx_lab.config import RunFileError, load_run_file
    from hgx_lab.errors import ConfigurationError, HgxError
    from hgx_lab.experiments import forecast, simulated

    problems: list[str] = []
    for file in files:
        try:
            run = load_run_file(file)
            forecast(simulated(run) if simulate else run)
        except RunFileError as error:
            problems.append(str(error))
        except HgxError as error:
            problems.append(f"{file}: {error}")
        else:
            console().print(f"{file}: ok", soft_wrap=True)
    if problems:
        raise ConfigurationError("\n".join(problems))


def plan(file: Annotated[Path, typer.Argument(help="The run file.", metavar="FILE")]) -> None:
    """Show what a run would do: tones, collisions, voltages, duration, size, errors. Touches nothing."""
    from hgx_lab.config import load_run_file
    from hgx_lab.experiments import DryRun
    from hgx_lab.experiments import forecast as forecast_of

    run = load_run_file(file)
    forecast = forecast_of(run)
    out = console()
    out.print(styled((run.name, "bold"), f": {run.description}"), soft_wrap=True)
    if isinstance(forecast, DryRun):
        out.print(_tones(forecast))
        if forecast.certificate is None:
            out.print("Tones off the grid: bridged by joint least squares, no certificate.")
        else:
            out.print(forecast.certificate.summary(), soft_wrap=True)
        out.print(f"Error bars: {forecast.error_bars}.", soft_wrap=True)
        out.print(_electrodes(forecast))
        out.print(
            f"Window {duration_text(forecast.window_seconds)} a case, {forecast.duty:.0%} of the time; iteration "
            f"{duration_text(forecast.iteration_seconds)}; at most {forecast.iterations} iterations, "
            f"{duration_text(forecast.duration_seconds)}; record up to {size_text(forecast.record_bytes)}.",
            soft_wrap=True,
        )
    else:
        out.print(_extremes(run, forecast))
        out.print(f"{forecast.text}; {duration_text(forecast.seconds)} on the bench.", soft_wrap=True)


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; the screen if not given.")
    ] = None,
) -> None:
    """Write the JSON schema of run files, which lets editors complete and check them."""
    import json

    from hgx_lab.config import json_schema

    if output is None:
        print_line(json_text(json_schema(), indent=2))
    else:
        output.write_text(json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _tones(forecast: DryRun) -> Table:
    from hgx_lab.units import format_quantity

    table = Table(title="Tones", title_justify="left")
    for name in ("electrode", "frequency", "bin", "amplitude", "error of a derivative"):
        table.add_column(name, justify="right")
    for tone in forecast.tones:
        table.add_row(
            tone.electrode,
            format_quantity(tone.frequency_hz, "Hz", digits=6),
            "-" if tone.bin is None else str(tone.bin),
            format_quantity(tone.amplitude, "V", digits=4),
            "± " + format_quantity(tone.gradient_std, "A/V", digits=2),
        )
    return table


def _electrodes(forecast: DryRun) -> Table:
    from hgx_lab.units import format_quantity

    table = Table(title="Electrodes (extremes, DC and tone together)", title_justify="left")
    for name in ("electrode", "role", "lowest", "highest", "limits", "slew", "slew limit"):
        table.add_column(name, justify="left" if name == "role" else "right")
    for e in forecast.electrodes:
        low, high = (format_quantity(v, "V", digits=4) for v in e.limits)
        table.add_row(
            e.electrode,
            e.role,
            format_quantity(e.lowest, "V", digits=4),
            format_quantity(e.highest, "V", digits=4),
            f"{low} to {high}",
            format_quantity(e.slew, "V/s", digits=3),
            format_quantity(e.slew_limit, "V/s", digits=3),
        )
    return table


def _extremes(run: RunFile, forecast: Forecast) -> Table:
    from hgx_lab.units import format_quantity

    table = Table(title="Electrodes (extremes, DC and tone together)", title_justify="left")
    for name in ("electrode", "lowest", "highest", "limits"):
        table.add_column(name, justify="right")
    for electrode, low, high in zip(run.electrodes, forecast.lowest, forecast.highest, strict=True):
        limits = " to ".join(format_quantity(v, "V", digits=4) for v in electrode.limits)
        lowest, highest = (format_quantity(v, "V", digits=4) for v in (low, high))
        table.add_row(electrode.name, lowest, highest, limits)
    return table
