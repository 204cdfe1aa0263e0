"""What hopping needs to know of a layout, in units of kT."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._layout import DopantLayout

__all__ = ["HoppingRates"]

Floats = NDArray[np.float64]

_ELEMENTARY_CHARGE = 1.602176634e-19
_BOLTZMANN_VOLTS_PER_KELVIN = 8.617333262e-5


@dataclass(frozen=True, slots=True, eq=False)
class HoppingRates:
    """Energies in units of kT and tunnelling factors, shared by the mean field and the Monte Carlo.

    Parameters
    ----------
    site:
        Energies with empty neighbours and electrodes at 0 V, shape (N,).
    coulomb:
        U_ij, shape (N, N), zero diagonal.
    hop:
        ``exp(-2 r_ij/a)``, shape (N, N), zero diagonal.
    lead:
        ``exp(-2 r_ie/a)`` to the nearest point of every electrode, shape (N, P).
    share:
        The lead field g, shape (N, P).
    total:
        Row sums of ``hop`` and ``lead``, shape (N,): the unit of every row of the master equation, so that
        the residual of a lonely site means as much as that of a well connected one.
    thermal_volts:
        kT/e in volts.
    amperes:
        e nu0 in amperes: the current of one unit of rate.
    output:
        Index of the measured electrode.
    """

    site: Floats
    coulomb: Floats
    hop: Floats
    lead: Floats
    share: Floats
    total: Floats
    thermal_volts: float
    amperes: float
    output: int

    @classmethod
    def of(cls, layout: DopantLayout) -> HoppingRates:
        """The rates of a layout at its own temperature."""
        thermal_volts = _BOLTZMANN_VOLTS_PER_KELVIN * layout.temperature_kelvin
        apart = np.linalg.norm(layout.acceptors[:, None] - layout.acceptors[None], axis=-1)
        hop = np.exp(-2 * apart / layout.localisation_radius)
        np.fill_diagonal(hop, 0.0)
        lead = np.exp(-2 * layout.geometry.distances(layout.acceptors) / layout.localisation_radius)
        return cls(
            site=layout.site_energies_ev / thermal_volts,
            coulomb=layout.coulomb_ev() / thermal_volts,
            hop=hop,
            lead=lead,
            share=np.array(layout.lead_field),
            total=hop.sum(axis=1) + lead.sum(axis=1),
            thermal_volts=thermal_volts,
            amperes=_ELEMENTARY_CHARGE * layout.attempt_rate_hz,
            output=layout.output,
        )

    @property
    def sites(self) -> int:
        """Number of acceptors N."""
        return len(self.site)

    @property
    def electrodes(self) -> int:
        """Number of electrodes P, the output included."""
        return self.lead.shape[1]

    def hotter(self, factor: float) -> HoppingRates:
        """The same network at ``factor`` times its temperature."""
        return replace(
            self,
            site=self.site / factor,
            coulomb=self.coulomb / factor,
            thermal_volts=self.thermal_volts * factor,
        )
