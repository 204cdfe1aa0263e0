"""Where the outputs get their sample clock and start from, so that output n and input n happen together.

The inputs lead: their task makes the clock and is started last. Outputs on the same device, or in the same cDAQ
chassis, follow the inputs' sample clock itself; a start trigger would add nothing, as they wait for its first edge.
With oversampling the inputs' clock is too fast for that: then the outputs divide the same timebase by themselves and
start on the inputs' start trigger. Devices with timebases of their own lock them to a reference clock they share.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hgx_drivers.errors import DriverError
from hgx_drivers.nidaq._channels import Placed, Rig
from hgx_drivers.nidaq._settings import SharedClock, SignalOutputs

__all__ = ["InputRoute", "OutputRoute", "Routes", "plan_routes"]

Reference = tuple[str, float]


@dataclass(frozen=True, slots=True)
class OutputRoute:
    """One output task: the rows of the stream it plays, and its clock, trigger and reference; empty means its own."""

    rows: tuple[int, ...]
    clock: str = ""
    start: str = ""
    reference: Reference | None = None


@dataclass(frozen=True, slots=True)
class InputRoute:
    """The input task: the reference it locks to, and the terminals on which it gives out its signals."""

    reference: Reference | None = None
    reference_to: str = ""
    start_to: str = ""


@dataclass(frozen=True, slots=True)
class Routes:
    """One input task and, for each device or chassis, one output task."""

    input: InputRoute
    outputs: tuple[OutputRoute, ...]

    @property
    def one_clock(self) -> bool:
        """Whether all outputs follow the inputs' sample clock itself: stopping the inputs then stops them."""
        return all(route.clock for route in self.outputs)


def plan_routes(
    rig: Rig,
    *,
    oversampling: int,
    shared: SharedClock | None,
    terminals: Collection[str],
    signals: SignalOutputs | None = None,
) -> Routes:
    """Choose clock and start of every task.

    Parameters
    ----------
    terminals:
        Those of the device or chassis that times the inputs, as the driver lists them.
    signals:
        What that device gives out for other instruments.

    Raises
    ------
    DriverError
        The devices can't share a clock; the remedy says what to do.
    """
    leader = _leader(rig.inputs)
    rows: dict[str, list[int]] = {}
    for row, channel in enumerate(rig.outputs):
        if not channel.device.hardware_timed_outputs:
            raise DriverError(
                f"{channel.name}: {channel.device.name} ({channel.device.model}) sets its outputs only when the "
                "program says so, not on a sample clock.",
                remedy="Use a device with hardware-timed analogue outputs.",
            )
        rows.setdefault(channel.device.timing, []).append(row)
    far = [timing for timing in rows if timing != leader]
    if far and shared is None:
        raise DriverError(
            f"The outputs on {', '.join(far)} and the inputs on {leader} run on different clocks, which drift apart.",
            remedy="Put all channels on one multifunction device or into one cDAQ chassis, or let the devices share a "
            "reference clock and a start line (PXI backplane, RTSI or PFI cable) and name both under `shared_clock`.",
        )
    outputs = tuple(
        _near(leader, of, oversampling, terminals) if timing == leader else _far(of, shared)
        for timing, of in rows.items()
    )
    signals = signals or SignalOutputs()
    leading = _input(shared if far else None)
    given_out = replace(
        leading,
        start_to=leading.start_to or signals.start_to,
        reference_to=leading.reference_to or signals.reference_to,
    )
    return Routes(given_out, outputs)


def _leader(inputs: Sequence[Placed]) -> str:
    leaders = sorted({channel.device.timing for channel in inputs})
    if len(leaders) > 1:
        raise DriverError(
            f"The inputs are on several devices, {', '.join(leaders)}.",
            remedy="Read all inputs with one device, or with modules of one cDAQ chassis.",
        )
    return leaders[0]


def _near(leader: str, rows: Sequence[int], oversampling: int, terminals: Collection[str]) -> OutputRoute:
    signal = "SampleClock" if oversampling == 1 else "StartTrigger"
    terminal = f"/{leader}/ai/{signal}"
    if terminal not in terminals:
        raise DriverError(
            f"{leader} has no terminal {terminal}: its outputs can't follow its inputs.",
            remedy="Use a multifunction device whose analogue outputs are hardware-timed, such as the X or M Series.",
        )
    return OutputRoute(tuple(rows), clock=terminal) if oversampling == 1 else OutputRoute(tuple(rows), start=terminal)


def _far(rows: Sequence[int], shared: SharedClock | None) -> OutputRoute:
    if shared is None:
        raise DriverError("Devices on different clocks need a shared clock.")
    return OutputRoute(tuple(rows), start=shared.start, reference=(shared.reference, shared.rate_hz))


def _input(shared: SharedClock | None) -> InputRoute:
    if shared is None:
        return InputRoute()
    # Who gives the reference out by a cable runs on it anyway.
    reference = None if shared.reference_from else (shared.reference, shared.rate_hz)
    return InputRoute(reference, shared.reference_from, shared.start_from)
