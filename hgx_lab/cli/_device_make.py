"""``hgx device make`` and ``hgx device fit``: devices as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import console, error_console

if TYPE_CHECKING:
    from hgx_lab.experiments import FitData

__all__ = ["fit_device", "make_layout_file"]


def make_layout_file(
    output: Annotated[Path, typer.Argument(help="Layout to write.", metavar="OUT.json")],
    acceptors: Annotated[int, typer.Option(help="Number of acceptors.", min=1, max=1000)] = 16,
    donors: Annotated[int, typer.Option(help="Number of donors; fewer than acceptors.", min=0)] = 3,
    electrodes: Annotated[int, typer.Option(help="Electrodes on the rim, the output included.", min=2, max=100)] = 8,
    radius: Annotated[str, typer.Option(help="Radius of the disc.")] = "75 nm",
    width: Annotated[float | None, typer.Option(help="Width of an electrode in radians; by default 0.4 radii.")] = None,
    temperature: Annotated[str, typer.Option(help="Temperature.")] = "77 K",
    localisation: Annotated[str, typer.Option(help="Localisation radius.")] = "12 nm",
    disorder: Annotated[float, typer.Option(help="Random part of the energies, in eV.", min=0.0)] = 0.1,
    seed: Annotated[int, typer.Option(help="Seed of places and energies.", min=0)] = 0,
    name: Annotated[str, typer.Option(help="Name of the layout.")] = "",
) -> None:
    """Make a dopant network: a disc with dopants at random places, and all that follows from them, as a file."""
    from hgx_drivers.simulated.devices.dopant import DiscGeometry, make_layout, save_layout
    from hgx_lab.errors import ExperimentError
    from hgx_lab.units import parse_quantity

    layout = make_layout(
        DiscGeometry.regular(parse_quantity(radius, unit="m"), electrodes, width_radians=width),
        acceptors=acceptors,
        donors=donors,
        temperature_kelvin=parse_quantity(temperature, unit="K"),
        localisation_radius=parse_quantity(localisation, unit="m"),
        seed=seed,
        disorder_ev=disorder,
        name=name,
    )
    try:
        save_layout(layout, output)
    except OSError as error:
        raise ExperimentError(f"{output} can't be written: {error.strerror}.") from error
    console().print(
        f"{output}: {layout.name}, {electrodes - 1} driven electrodes. Look at it with: hgx device show {output}",
        soft_wrap=True,
    )


def fit_device(
    source: Annotated[
        str,
        typer.Argument(
            help="Measured: a record (.h5) or a table (.csv). Simulated: a layout or a run file.", metavar="SOURCE"
        ),
    ],
    output: Annotated[Path, typer.Argument(help="Network to write.", metavar="OUT.npz")],
    current: Annotated[
        str | None, typer.Option(help="Column of a table with the current in A; the last one if not given.")
    ] = None,
    samples: Annotated[
        int, typer.Option(help="Random voltages at which a simulated device is sampled.", min=50)
    ] = 20_000,
    hidden: Annotated[str, typer.Option(help="Units of each hidden layer.")] = "64,64,64",
    epochs: Annotated[int, typer.Option(help="Epochs at most.", min=1)] = 400,
    seed: Annotated[int, typer.Option(help="Seed of samples, split and weights.", min=0)] = 0,
) -> None:
    """Fit a surrogate network to a device or to measured data (needs the extra fit)."""
    from hgx_lab.experiments import fit_surrogate
    from hgx_lab.units import format_quantity

    layers = _layers(hidden)
    data = _data(source, current, samples, seed)
    with error_console().status(f"Fitting {len(data.current)} samples of {data.origin} ..."):
        found = fit_surrogate(data, output, hidden=layers, epochs=epochs, seed=seed)
    console().print(
        f"{output}: {len(data.names)} electrodes, fitted to {found.samples} samples in {found.epochs} epochs. On "
        f"{found.test_samples} others: rms error {format_quantity(found.test_rms, 'A', digits=3)}, "
        f"R^2 {found.test_r2:.5f}.",
        soft_wrap=True,
    )


def _data(source: str, current: str | None, samples: int, seed: int) -> FitData:
    from hgx_lab.experiments import data_from_csv, data_from_record, data_of_device, subject_of

    suffix = Path(source).suffix.lower()
    if suffix == ".csv":
        return data_from_csv(Path(source), current)
    if suffix == ".h5":
        return data_from_record(Path(source))
    return data_of_device(subject_of(source), samples, seed)


def _layers(text: str) -> tuple[int, ...]:
    from hgx_lab.errors import ExperimentError

    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= 4096 for part in parts):
        raise ExperimentError(f"{text!r} isn't a list of layers.", remedy="Write numbers of units such as 64,64,64.")
    return tuple(int(part) for part in parts)
