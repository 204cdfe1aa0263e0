"""The application: its commands, and what an error looks like."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import typer

from hgx_drivers.errors import DriverError
from hgx_lab.cli import _bench, _calibrate, _dashboard, _device, _files, _records, _reproduce, _rest, _run
from hgx_lab.cli._output import error_console
from hgx_lab.cli._streams import Streams, standard_streams
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
    "5 voltage guard; 6 record; 130, 143, 129, 131 stopped by Ctrl-C, SIGTERM, SIGHUP, SIGQUIT.",
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
    with standard_streams() as streams:
        code = _checked_output(streams, _perform())
    sys.exit(code)


def _perform() -> int:
    """Do what the command line says; errors are reported here, because typer would print them as they are."""
    try:
        return int(app(standalone_mode=False) or 0)
    except (HgxError, DriverError) as error:
        report(error)
        return error.exit_code
    except typer.Abort:
        return 1
    except SystemExit as end:
        # Typer takes a broken pipe for the end of its reader. Ours never says so: it was the pipe of something else.
        if not isinstance(end.__context__, OSError):
            raise
        return _fault(end.__context__)
    except Exception as error:  # noqa: BLE001 - a fault of the program is shown as a text too
        return _misuse(error) if hasattr(error, "format_message") else _fault(error)


def report(error: HgxError | DriverError) -> None:
    """Say what happened and what to do, without a traceback."""
    screen = error_console()
    screen.print(error.message, style="bold red", soft_wrap=True)
    if error.remedy:
        screen.print(error.remedy, soft_wrap=True)


def _misuse(error: Any) -> int:
    """Say what is wrong with the command line; help that was asked for by saying nothing has been printed already."""
    screen, context = error_console(), getattr(error, "ctx", None)
    if text := error.format_message():
        if context is not None:
            screen.print(context.get_usage(), soft_wrap=True)
            screen.print(f"Try '{context.command_path} --help' for help.", style="dim", soft_wrap=True)
        screen.print(f"Error: {text}", style="bold red", soft_wrap=True)
    return error.exit_code


def _fault(error: BaseException) -> int:
    error_console().print("".join(traceback.format_exception(error)).rstrip(), soft_wrap=True)
    return 1


def _checked_output(streams: Streams, code: int) -> int:
    """The exit code of a command that had nothing to do but to print: it failed if that can't be read, say on a full
    disk. Who has closed standard output, or has read enough, knows it.
    """
    if code or streams.measured or streams.out.trouble is None or streams.out.reader_gone:
        return code
    error_console().print(f"Standard output can't be written: {streams.out.trouble}.", style="bold red", soft_wrap=True)
    return 1
