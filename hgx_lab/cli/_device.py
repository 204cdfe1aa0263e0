"""``hgx device``: devices as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hgx_lab.cli import _device_make, _device_study
from hgx_lab.cli._output import console

__all__ = ["app"]

app = typer.Typer(help="Devices as data.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Devices as data."""


@app.command("import")
def import_device(
    checkpoint: Annotated[
        Path, typer.Argument(help="Checkpoint of a surrogate network (brains-py, SkyNEt).", metavar="FILE.pt")
    ],
    output: Annotated[Path, typer.Argument(help="File to write.", metavar="OUT.npz")],
) -> None:
    """Read a surrogate network from a checkpoint, without running any code from it."""
    from hgx_drivers.simulated.devices import SurrogateDevice, import_checkpoint

    import_checkpoint(checkpoint, output)
    device = SurrogateDevice.from_npz(output)
    console().print(f"{output}: {device.electrodes} electrodes, {device.outputs} output(s).", soft_wrap=True)


app.command("make")(_device_make.make_layout_file)
app.command("show")(_device_study.show_device)
app.command("validate")(_device_study.validate_layout)
app.command("fit")(_device_make.fit_device)
