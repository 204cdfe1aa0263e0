"""A dopant network: holes hopping between acceptors in a disc, between electrodes on its rim."""

from __future__ import annotations

from hgx_drivers.simulated.devices.dopant._errors import LayoutError, SolverError, VoltageError
from hgx_drivers.simulated.devices.dopant._geometry import DiscGeometry
from hgx_drivers.simulated.devices.dopant._kinetic_monte_carlo import MonteCarloCurrents, monte_carlo
from hgx_drivers.simulated.devices.dopant._layout import DopantLayout
from hgx_drivers.simulated.devices.dopant._lead_field import conductances, lead_field
from hgx_drivers.simulated.devices.dopant._make import GENERATOR, make_layout
from hgx_drivers.simulated.devices.dopant._network import DopantNetwork, OperatingPoints
from hgx_drivers.simulated.devices.dopant._rates import HoppingRates
from hgx_drivers.simulated.devices.dopant._store import (
    load_layout,
    save_layout,
    standard_layout,
    standard_names,
)

__all__ = [
    "GENERATOR",
    "DiscGeometry",
    "DopantLayout",
    "DopantNetwork",
    "HoppingRates",
    "LayoutError",
    "MonteCarloCurrents",
    "OperatingPoints",
    "SolverError",
    "VoltageError",
    "conductances",
    "lead_field",
    "load_layout",
    "make_layout",
    "monte_carlo",
    "save_layout",
    "standard_layout",
    "standard_names",
]
