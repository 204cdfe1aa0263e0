"""What VISA finds: resource names, and on demand what the instruments say they are."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hgx_drivers.errors import DriverError
from hgx_drivers.waveform_generator._visa import VisaLink

__all__ = ["VisaInventory", "VisaResource", "take_visa_inventory"]

#: The vendor's library first: it knows interfaces that pyvisa-py doesn't.
_BACKENDS = ("@ivi", "@py")


@dataclass(frozen=True, slots=True)
class VisaResource:
    """A resource; ``identity`` is empty where nobody asked, and ``problem`` says why there was no answer."""

    name: str
    identity: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class VisaInventory:
    """All resources a backend lists, and those that were named."""

    backend: str
    package_version: str
    resources: tuple[VisaResource, ...]


def take_visa_inventory(
    *, identify: bool = False, addresses: Sequence[str] = (), timeout_seconds: float = 0.5
) -> VisaInventory:
    """List the resources. Network sockets aren't found by themselves: name them in ``addresses``.

    Only with ``identify`` is anything opened: then each is asked for ``*IDN?`` (after ``*CLS``), for at most the
    time-out. Serial ports that weren't named aren't asked: whatever is behind them might take it for a command.

    Raises
    ------
    DriverError
        pyvisa isn't installed, or has no backend.
    """
    pyvisa = _pyvisa()
    backend, found = _resources(pyvisa)
    names = dict.fromkeys((*found, *addresses))
    resources = []
    for name in names:
        ask = identify and (name in addresses or not name.upper().startswith("ASRL"))
        resources.append(_identified(name, backend, timeout_seconds) if ask else VisaResource(name))
    return VisaInventory(backend, str(pyvisa.__version__), tuple(resources))


def _pyvisa() -> Any:
    try:
        return importlib.import_module("pyvisa")
    except ImportError as error:
        raise DriverError(
            f"The Python package pyvisa isn't installed ({error}).", remedy="Run: pip install 'hgx-lab[hardware]'."
        ) from error


def _resources(pyvisa: Any) -> tuple[str, tuple[str, ...]]:
    reasons: list[str] = []
    for backend in _BACKENDS:
        try:
            manager = pyvisa.ResourceManager(backend)
            with warnings.catch_warnings():
                # pyvisa-py warns of every interface whose optional package is missing.
                warnings.simplefilter("ignore")
                return backend, tuple(manager.list_resources())
        except (pyvisa.errors.Error, OSError, ValueError) as error:
            reasons.append(f"{backend}: {' '.join(str(error).split())}")
    raise DriverError(
        f"pyvisa has no backend that works ({'; '.join(reasons)}).", remedy="Run: pip install 'hgx-lab[hardware]'."
    )


def _identified(name: str, backend: str, timeout_seconds: float) -> VisaResource:
    try:
        link = VisaLink(name, backend=backend, timeout_seconds=timeout_seconds)
    except DriverError as error:
        return VisaResource(name, problem=str(error))
    link.close()
    return VisaResource(name, identity=link.identity)
