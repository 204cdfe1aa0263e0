"""``hgx calibrate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hgx_lab.cli._output import console, error_console
from hgx_lab.cli._outputs import OutputsAt, outputs_stated
from hgx_lab.cli._streams import unhurried

if TYPE_CHECKING:
    from rich.table import Table

    from hgx_lab.config.calibration_file import CalibrationFile
    from hgx_lab.experiments import Reference

__all__ = ["calibrate"]


def calibrate(
    file: Annotated[Path, typer.Argument(help="The run file whose bench is calibrated.", metavar="FILE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write.")] = Path("calibration.json"),
    reference: Annotated[
        str | None,
        typer.Option(help='A known resistor between --electrode and the input, in place of the device: "10 MOhm".'),
    ] = None,
    electrode: Annotated[str | None, typer.Option(help="The electrode that the reference is on.")] = None,
    duration: Annotated[str, typer.Option(help="Length of the measurement.")] = "4 s",
    max_delay: Annotated[
        str | None, typer.Option(help="Longest delay looked for; that of the run file, or 2 ms, if not given.")
    ] = None,
    outputs_at: OutputsAt = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Measure delay, pole, paths, offset and noise of a bench, and keep them in a file for later runs."""
    from datetime import datetime

    from hgx_lab.cli._alarm import Alarm, Watchman
    from hgx_lab.cli._progress import LiveProgress
    from hgx_lab.config import load_run_file
    from hgx_lab.config.calibration_file import save_calibration
    from hgx_lab.experiments import Source, calibrate_bench
    from hgx_lab.live import Several
    from hgx_lab.records import new_record_path
    from hgx_lab.units import parse_quantity

    run = load_run_file(file)
    seconds = parse_quantity(duration, unit="s")
    longest = None if max_delay is None else parse_quantity(max_delay, unit="s")
    load = _reference(reference, electrode)
    record = new_record_path(Path(run.record.directory), f"{run.name}-calibrate"[:64], datetime.now().astimezone())
    source = Source(text=file.read_text(encoding="utf-8"), path=file)
    stated = outputs_stated(run, outputs_at, record, ask=not quiet)
    with unhurried(), LiveProgress(error_console()) as progress:
        found = calibrate_bench(
            run,
            record=record,
            duration=seconds,
            max_delay=longest,
            reference=load,
            source=source,
            audience=Several(Alarm(), Watchman(), *([] if quiet else [progress])),
            outputs_at=stated,
        )
    save_calibration(found, output)
    if not quiet:
        _tell(found)
        console().print(f"Written to {output}. Record: {record}", soft_wrap=True)


def _reference(resistor: str | None, electrode: str | None) -> Reference | None:
    from hgx_lab.experiments import Reference
    from hgx_lab.units import parse_quantity

    if resistor is None and electrode is None:
        return None
    if resistor is None or electrode is None:
        raise typer.BadParameter("--reference and --electrode belong together.")
    return Reference(electrode, parse_quantity(resistor, unit="Ohm"))


def _tell(found: CalibrationFile) -> None:
    from hgx_lab.units import format_quantity

    out, converter = console(), found.converter
    delay = f"{found.delay_samples:.3f} ± {found.delay_std_samples:.2g} samples"
    pole = "none seen" if found.pole_hz is None else format_quantity(found.pole_hz, "Hz", digits=4)
    out.print(f"Delay {delay}; pole {pole}.", soft_wrap=True)
    out.print(_paths(found))
    out.print(
        f"Offset {format_quantity(converter.offset_volts, 'V', digits=4)}. {converter.offset_note}", soft_wrap=True
    )
    if converter.gain_volts_per_ampere is not None:
        share = converter.gain_volts_per_ampere / converter.nominal_volts_per_ampere
        out.print(f"Gain {share:.4f} of the nominal one. {converter.gain_note}", soft_wrap=True)
    else:
        out.print(converter.gain_note, soft_wrap=True)
    noise = zip(found.noise.frequencies_hz, found.noise.density_amperes2_per_hz, strict=True)
    out.print("Noise " + ", ".join(f"{d:.2g} A^2/Hz at {format_quantity(f, 'Hz')}" for f, d in noise) + ".")


def _paths(found: CalibrationFile) -> Table:
    from rich.table import Table

    from hgx_lab.units import format_quantity

    table = Table(title="Paths (highest frequency measured)", title_justify="left")
    for name in ("electrode", "derivative", "stray capacitance", "frequency", "gain", "phase"):
        table.add_column(name, justify="right")
    for name, path in found.electrodes.items():
        table.add_row(
            name,
            format_quantity(path.derivative_amperes_per_volt, "A/V", digits=3),
            format_quantity(path.capacitance_farads, "F", digits=3),
            format_quantity(path.frequencies_hz[-1], "Hz", digits=3),
            f"{path.gain[-1]:.3f}",
            f"{path.phase_degrees[-1]:.1f}°",
        )
    return table
