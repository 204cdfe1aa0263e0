"""Draw a network: dopants at random places of a disc, with the energies and lead field that follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._errors import LayoutError
from hgx_drivers.simulated.devices.dopant._geometry import DiscGeometry
from hgx_drivers.simulated.devices.dopant._layout import DopantLayout, coulomb_ev
from hgx_drivers.simulated.devices.dopant._lead_field import lead_field

__all__ = ["GENERATOR", "make_layout"]

#: Name and version of this recipe; a change of any drawn number needs a new version.
GENERATOR = "hgx-disc-1"

_ATTEMPTS_PER_DOPANT = 10_000


def make_layout(
    geometry: DiscGeometry | None = None,
    *,
    acceptors: int = 16,
    donors: int = 3,
    temperature_kelvin: float = 77.0,
    localisation_radius: float = 12e-9,
    seed: int = 0,
    electrodes: int = 8,
    output: int | None = None,
    disorder_ev: float = 0.1,
    relative_permittivity: float = 11.68,
    attempt_rate_hz: float = 1e14,
    minimum_distance: float = 2e-9,
    name: str = "",
    description: str = "",
) -> DopantLayout:
    """Draw a layout from a seed.

    Dopants are uniform over the disc, at least ``minimum_distance`` metres from each other and from the rim.
    The energy of a hole on acceptor i is ``sum_d U_id - sum_(j != i) U_ij + eps_i`` with eps_i normal of
    standard deviation ``disorder_ev``. Defaults are those of published boron-doped silicon devices: a disc of
    75 nm radius at 77 K, eps_r 11.68.

    Parameters
    ----------
    geometry:
        Disc and arcs; by default ``electrodes`` equal arcs on a disc of 75 nm radius.
    output:
        The electrode that is measured; by default the last.

    Raises
    ------
    LayoutError
        When the numbers are out of range, or that many dopants don't fit at that distance.
    """
    geometry = geometry or DiscGeometry.regular(75e-9, electrodes)
    if acceptors < 1 or not 0 <= donors < acceptors:
        raise LayoutError(
            f"{acceptors} acceptors and {donors} donors asked for.",
            remedy="Use at least one acceptor and fewer donors than acceptors.",
        )
    rng = np.random.default_rng(seed)
    places = _scatter(geometry.radius, acceptors + donors, minimum_distance, rng)
    first, second = places[:acceptors], places[acceptors:]
    energies = (
        coulomb_ev(first, second, relative_permittivity).sum(axis=1)
        - coulomb_ev(first, first, relative_permittivity).sum(axis=1)
        + disorder_ev * rng.standard_normal(acceptors)
    )
    return DopantLayout(
        name=name or f"{acceptors} acceptors, {donors} donors, seed {seed}",
        geometry=geometry,
        acceptors=first,
        donors=second,
        lead_field=lead_field(geometry, first),
        site_energies_ev=energies,
        temperature_kelvin=temperature_kelvin,
        relative_permittivity=relative_permittivity,
        localisation_radius=localisation_radius,
        attempt_rate_hz=attempt_rate_hz,
        output=geometry.electrodes - 1 if output is None else output,
        disorder_ev=disorder_ev,
        seed=seed,
        generator=GENERATOR,
        description=description,
    )


def _scatter(radius: float, count: int, minimum_distance: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform points of a disc that keep their distance from each other and from the rim, shape (count, 2)."""
    reach = radius - minimum_distance
    if minimum_distance < 0 or reach <= 0:
        raise LayoutError(f"minimum_distance {minimum_distance:.4g} m on a disc of radius {radius:.4g} m.")
    places = np.empty((count, 2))
    for placed in range(count):
        for _ in range(_ATTEMPTS_PER_DOPANT):
            candidate = rng.uniform(-reach, reach, 2)
            if np.hypot(*candidate) < reach and np.all(np.hypot(*(places[:placed] - candidate).T) >= minimum_distance):
                places[placed] = candidate
                break
        else:
            raise LayoutError(
                f"Only {placed} of {count} dopants fit {minimum_distance:.4g} m apart on a disc of radius "
                f"{radius:.4g} m.",
                remedy="Use fewer dopants, a larger disc or a smaller minimum_distance.",
            )
    return places
