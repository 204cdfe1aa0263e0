"""The application: its commands, and what an error looks like."""

from __future__ import annotations

import sys

import typer

from hgx_drivers.errors import DriverError
from hgx_lab.cli import _bench, _calibrate, _dashboard, _device, _files, _records, _reproduce, _rest, _run
from hgx_lab.cli._output import error_console
from hgx_lab.errors import HgxError

__all__ = ["app", "main"]

app = typer.Typer(
    name="hgx",
    help="Train a physical device by gradient descent, in the device itself.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    epilog="Exit codes: 0 goal reached; 1 a fault of the program; 2 bad input; 3 goal not reached; 4 instrument; "
    "5 voltage guard; 6 record; 130, 143 stopped by Ctrl-C, SIGTERM.",
)
app.command("run")(_run.run)
app.command("resume")(_run.resume)
app.command("rest")(_rest.rest)
app.command("calibrate")(_calibrate.calibrate)
app.command("check")(_files.check)
app.command("plan")(_files.plan)
app.command("schema")(_files.schema)
app.command("show")(_records.show)
app.command("list")(_records.list_runs)
app.command("devices")(_bench.devices)
app.command("doctor")(_bench.doctor)
app.command("dashboard")(_dashboard.dashboard)
app.command("reproduce")(_reproduce.reproduce)
app.add_typer(_device.app, name="device")


def main() -> None:
    """Run the command line; errors people can cause end in one message and an exit code that says which."""
    try:
        app()
    except (HgxError, DriverError) as error:
        report(error)
        sys.exit(error.exit_code)


def report(error: HgxError | DriverError) -> None:
    """Say what happened and what to do, without a traceback."""
    console = error_console()
    console.print(error.message, style="bold red", markup=False, highlight=False, soft_wrap=True)
    if error.remedy:
        console.print(error.remedy, markup=False, highlight=False, soft_wrap=True)
