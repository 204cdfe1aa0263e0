"""What is there: NI devices, VISA resources, and the simulated bench with its presets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgx_drivers.errors import DriverError
from hgx_lab.bench_check._finding import Finding, fault
from hgx_lab.config.presets import PRESETS

if TYPE_CHECKING:
    from hgx_drivers.nidaq import NiInventory
    from hgx_drivers.visa import VisaInventory

__all__ = ["BenchInventory", "Preset", "look_around"]


@dataclass(frozen=True, slots=True)
class Preset:
    """A preset of the simulated bench: rate in samples/s; block, lead and delay from output to input in s."""

    name: str
    rate_hz: float
    block_seconds: float
    lead_seconds: float
    delay_seconds: float


@dataclass(frozen=True, slots=True)
class BenchInventory:
    """All that was found. ``ni`` or ``visa`` is a Finding with the remedy where it couldn't be asked."""

    ni: NiInventory | Finding
    visa: VisaInventory | Finding
    presets: tuple[Preset, ...]


def look_around(remote: str | None = None, *, identify: bool = False, addresses: Sequence[str] = ()) -> BenchInventory:
    """List what this machine, or a gRPC device server ``host:port``, can reach. No output moves.

    Parameters
    ----------
    identify:
        Ask VISA instruments for ``*IDN?``.
    addresses:
        VISA resources that aren't found by themselves, such as network sockets.
    """
    presets = tuple(Preset(n, p["rate"], p["block"], p["lead"], p["delay"]) for n, p in PRESETS.items())
    return BenchInventory(_ni(remote), _visa(identify, addresses), presets)


def _ni(remote: str | None) -> NiInventory | Finding:
    from hgx_drivers.nidaq import take_inventory

    try:
        return take_inventory(remote)
    except DriverError as error:
        return fault("NI-DAQmx", error)


def _visa(identify: bool, addresses: Sequence[str]) -> VisaInventory | Finding:
    from hgx_drivers.visa import take_visa_inventory

    try:
        return take_visa_inventory(identify=identify, addresses=addresses)
    except DriverError as error:
        return fault("VISA", error)
