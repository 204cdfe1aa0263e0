"""``hgx devices`` and ``hgx doctor``: what is on the bench, and whether a run file would work there."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hgx_drivers.errors import DriverError
from hgx_lab.cli._output import console, json_text, print_line, styled
from hgx_lab.cli._outputs import OutputsAt
from hgx_lab.cli._streams import unhurried
from hgx_lab.units import format_quantity

if TYPE_CHECKING:
    from hgx_drivers.nidaq import NiEntry, NiInventory
    from hgx_drivers.visa import VisaInventory
    from hgx_lab.bench_check import BenchInventory, Finding
    from hgx_lab.cli._output import Screen

__all__ = ["devices", "doctor"]

Json = Annotated[bool, typer.Option("--json", help="JSON, for programs.")]

_STYLES = {"ok": "green", "warning": "yellow", "fault": "bold red"}


def devices(
    remote: Annotated[str | None, typer.Option(help="NI gRPC device server to ask, host:port.")] = None,
    identify: Annotated[bool, typer.Option("--identify", help="Ask VISA instruments who they are (*IDN?).")] = False,
    address: Annotated[
        list[str] | None, typer.Option(help="VISA resource that isn't found by itself; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """List NI devices, VISA resources and the simulated bench. No output moves."""
    from hgx_lab.bench_check import look_around

    found = look_around(remote, identify=identify, addresses=address or ())
    if json:
        _print_json(_plain(found))
        return
    out = console()
    _say_ni(out, found)
    _say_visa(out, found)
    out.print("Simulated bench (bench: {kind: simulated, preset: ...})", style="bold")
    for preset in found.presets:
        block, lead, delay = (
            format_quantity(s, "s") for s in (preset.block_seconds, preset.lead_seconds, preset.delay_seconds)
        )
        rate = format_quantity(preset.rate_hz, "Hz")
        _line(out, f"  {preset.name}: {rate}, blocks of {block}, lead {lead}, delay {delay}")


def doctor(
    file: Annotated[Path, typer.Argument(help="The run file.", metavar="FILE")],
    loop_back: Annotated[
        str | None,
        typer.Option(
            help="A wire from an electrode's output to an input: send a small signal through it.",
            metavar="ELECTRODE=TERMINAL",
        ),
    ] = None,
    outputs_at: OutputsAt = None,
    json: Json = False,
) -> None:
    """Check whether the bench of a run file would work; each line is ok, or says what to do.

    Without --loop-back no output moves.
    """
    from hgx_lab.bench_check import check_bench, has_fault, parse_loop_back

    wire = None if loop_back is None else parse_loop_back(loop_back)
    found: list[Finding] = []
    with nullcontext() if wire is None else unhurried():
        for finding in check_bench(file, loop_back=wire, outputs_at=outputs_at):
            found.append(finding)
            if not json:
                _say_finding(console(), finding)
    if json:
        _print_json([_plain(finding) for finding in found])
    if has_fault(found):
        raise typer.Exit(DriverError.exit_code)


def _say_finding(out: Screen, finding: Finding) -> None:
    line = styled((f"{finding.level:8}", _STYLES[finding.level]), f"{finding.topic}: {finding.text}")
    out.print(line, soft_wrap=True)
    if finding.remedy:
        _line(out, f"        {finding.remedy}")


def _say_ni(out: Screen, found: BenchInventory) -> None:
    from hgx_lab.bench_check import Finding

    if isinstance(found.ni, Finding):
        _say_problem(out, found.ni)
        return
    _line(out, _ni_heading(found.ni), style="bold")
    if not found.ni.entries:
        _line(
            out,
            "  none: with the device disconnected, look at cable and power of the card, then at NI MAX or `nilsdev`",
        )
    for entry in found.ni.entries:
        device = entry.device
        kind = f"module in {device.timing}" if entry.kind == "module" else entry.kind
        simulated = ", simulated by NI-DAQmx" if device.simulated else ""
        _line(out, f"  {device.name}: {device.model}, serial {device.serial}, {kind}{simulated}")
        for text in _abilities(entry):
            _line(out, f"    {text}")


def _ni_heading(inventory: NiInventory) -> str:
    where = f" at {inventory.remote}" if inventory.remote else ""
    return f"NI-DAQmx {inventory.driver_version}{where}"


def _abilities(entry: NiEntry) -> list[str]:
    device = entry.device
    lines: list[str] = []
    if device.outputs:
        rate = f"up to {_rate(device.maximum_output_rate_hz)}" if device.hardware_timed_outputs else "without a clock"
        lines.append(f"outputs {_span(device.outputs)}, {_ranges(device.output_ranges)}, {rate}")
    if device.inputs:
        if device.simultaneous_inputs:
            rates = f"simultaneous, up to {_rate(device.maximum_input_rate_hz)} each"
        else:
            one, all_ = _rate(device.maximum_input_rate_hz), _rate(device.maximum_total_input_rate_hz)
            rates = f"multiplexed, up to {one} for one, {all_} for all together"
        lines.append(f"inputs {_span(device.inputs)}, {_ranges(device.input_ranges)}, {rates}")
    if device.outputs:
        lines.append(f"watchdog: {_WATCHDOG[entry.watchdog]}{entry.unknown}")
    return lines


_WATCHDOG = {True: "yes", False: "no", None: "unknown: "}


def _say_visa(out: Screen, found: BenchInventory) -> None:
    from hgx_lab.bench_check import Finding

    if isinstance(found.visa, Finding):
        _say_problem(out, found.visa)
        return
    _line(out, _visa_heading(found.visa), style="bold")
    if not found.visa.resources:
        _line(out, "  none found; network sockets have to be named: --address TCPIP0::192.168.0.7::5025::SOCKET")
    for resource in found.visa.resources:
        said = resource.identity or resource.problem
        _line(out, f"  {resource.name}" + (f": {said}" if said else ""))


def _visa_heading(inventory: VisaInventory) -> str:
    return f"VISA (pyvisa {inventory.package_version}, backend {inventory.backend})"


def _say_problem(out: Screen, problem: Finding) -> None:
    _line(out, f"{problem.topic}: {problem.text} {problem.remedy}".rstrip())


def _line(out: Screen, text: str, *, style: str | None = None) -> None:
    out.print(text, style=style, soft_wrap=True)


def _span(terminals: tuple[str, ...]) -> str:
    return terminals[0] if len(terminals) == 1 else f"{terminals[0]} to {terminals[-1]}"


def _ranges(ranges: tuple[tuple[float, float], ...]) -> str:
    return ", ".join(f"±{high:g} V" if low == -high else f"{low:g} V to {high:g} V" for low, high in ranges)


def _rate(hz: float) -> str:
    return format_quantity(hz, "Hz", digits=6).removesuffix("Hz") + "S/s"


def _plain(value: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(value)


def _print_json(value: Any) -> None:
    print_line(json_text(value))
