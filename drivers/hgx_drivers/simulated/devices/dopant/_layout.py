"""One dopant network as it is: positions, lead field, energies; the result, not only the seed."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._errors import LayoutError
from hgx_drivers.simulated.devices.dopant._geometry import DiscGeometry

__all__ = ["COULOMB_VOLT_METRES", "DopantLayout"]

Floats = NDArray[np.float64]

#: e/(4 pi eps0) in V m (CODATA 2018): divided by eps_r and a distance, the potential of one charge in volts.
COULOMB_VOLT_METRES = 1.439964547842567e-9

_ROW_SUM_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class DopantLayout:
    """Everything the physics of one network depends on. Arrays are read-only.

    Parameters
    ----------
    name:
        What people call it.
    geometry:
        Disc and electrode arcs.
    acceptors, donors:
        Positions in metres, shapes (N, 2) and (M, 2); N - M holes at rest.
    lead_field:
        Share of every electrode's voltage in the potential at each acceptor, shape (N, P); rows sum to 1.
    site_energies_ev:
        Energy of a hole on each acceptor in eV with all electrodes at 0 V and all other acceptors *empty*
        (negatively charged): donors, acceptors and disorder, shape (N,).
    temperature_kelvin, relative_permittivity, localisation_radius, attempt_rate_hz:
        T, eps_r, a (metres) and nu0 of the hopping rate ``nu0 exp(-2 r/a) f(dE/kT)``.
    output:
        The electrode whose current is measured: a virtual ground at 0 V. All others are driven, in order.
    disorder_ev:
        Standard deviation of the random part of the energies, for the record.
    seed, generator:
        What drew the positions and energies, for the record.
    description:
        A sentence or two for people.
    """

    name: str
    geometry: DiscGeometry
    acceptors: Floats
    donors: Floats
    lead_field: Floats
    site_energies_ev: Floats
    temperature_kelvin: float
    relative_permittivity: float
    localisation_radius: float
    attempt_rate_hz: float
    output: int
    disorder_ev: float
    seed: int
    generator: str
    description: str = ""

    def __post_init__(self) -> None:
        count, electrodes = len(np.atleast_2d(self.acceptors)), self.geometry.electrodes
        shapes: dict[str, tuple[int, ...]] = {
            "acceptors": (count, 2),
            "donors": (np.size(self.donors) // 2, 2),
            "lead_field": (count, electrodes),
            "site_energies_ev": (count,),
        }
        for name, shape in shapes.items():
            object.__setattr__(self, name, self._checked(name, shape))
        for name in ("temperature_kelvin", "relative_permittivity", "localisation_radius", "attempt_rate_hz"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value > 0):
                raise LayoutError(f"{self.name}: {name} is {value}.", remedy="Give a positive number.")
        if not (np.isfinite(self.disorder_ev) and self.disorder_ev >= 0):
            raise LayoutError(f"{self.name}: disorder_ev is {self.disorder_ev}.", remedy="Give 0 eV or more.")
        if not 0 <= self.output < electrodes:
            raise LayoutError(
                f"{self.name}: output electrode {self.output} of {electrodes}.",
                remedy=f"Count electrodes from 0 to {electrodes - 1}.",
            )
        self._check_physics()

    def _checked(self, name: str, shape: tuple[int, ...]) -> Floats:
        try:
            array = np.array(getattr(self, name), dtype=np.float64, order="C")
        except (TypeError, ValueError) as error:
            raise LayoutError(f"{self.name}: {name} isn't an array of numbers: {error}.") from error
        array = array.reshape(shape) if array.size == 0 and 0 in shape else array
        if array.shape != shape:
            raise LayoutError(f"{self.name}: {name} has shape {array.shape}, expected {shape}.")
        if not np.all(np.isfinite(array)):
            raise LayoutError(f"{self.name}: {name} holds numbers that aren't finite.")
        array.setflags(write=False)
        return array

    def _check_physics(self) -> None:
        if not 1 <= self.sites <= 1000 or len(self.donors) >= self.sites:
            raise LayoutError(
                f"{self.name}: {self.sites} acceptors and {len(self.donors)} donors.",
                remedy="Use 1 to 1000 acceptors and fewer donors than acceptors, so that holes are left.",
            )
        dopants = np.concatenate([self.acceptors, self.donors])
        outermost = float(np.max(np.hypot(dopants[:, 0], dopants[:, 1])))
        if outermost >= self.geometry.radius:
            raise LayoutError(
                f"{self.name}: a dopant sits {outermost:.4g} m from the centre of a disc of radius "
                f"{self.geometry.radius:.4g} m.",
                remedy="Move it inside.",
            )
        apart = np.linalg.norm(self.acceptors[:, None] - dopants[None], axis=-1)
        apart[np.arange(self.sites), np.arange(self.sites)] = np.inf
        if np.min(apart) <= 0:
            raise LayoutError(f"{self.name}: two dopants share one place.", remedy="Move one of them.")
        worst = float(np.max(np.abs(self.lead_field.sum(axis=1) - 1)))
        if worst > _ROW_SUM_TOLERANCE:
            raise LayoutError(
                f"{self.name}: a row of the lead field misses the sum 1 by {worst:.3g}.",
                remedy="Compute it again: a common shift of all electrodes must shift every potential by as much.",
            )

    @property
    def sites(self) -> int:
        """Number of acceptors N."""
        return len(self.acceptors)

    @property
    def electrodes(self) -> int:
        """Number of electrodes P, the output included."""
        return self.geometry.electrodes

    @property
    def driven(self) -> tuple[int, ...]:
        """The electrodes that are driven, in the order of the device's voltages."""
        return tuple(k for k in range(self.electrodes) if k != self.output)

    def coulomb_ev(self) -> Floats:
        """U_ij = e^2/(4 pi eps0 eps_r r_ij) between acceptors in eV, shape (N, N), zero diagonal."""
        return coulomb_ev(self.acceptors, self.acceptors, self.relative_permittivity)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DopantLayout):
            return NotImplemented
        if (self.geometry.radius, *self.geometry.arcs.flat) != (other.geometry.radius, *other.geometry.arcs.flat):
            return False
        pairs: list[tuple[Any, Any]] = [
            (getattr(self, f.name), getattr(other, f.name)) for f in fields(self) if f.name != "geometry"
        ]
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)

    __hash__ = None  # type: ignore[assignment]


def coulomb_ev(first: Floats, second: Floats, relative_permittivity: float) -> Floats:
    """Coulomb energy of two unit charges in eV for every pair of points; 0 where the points coincide."""
    distance = np.linalg.norm(first[:, None] - second[None], axis=-1)
    with np.errstate(divide="ignore"):
        energy = COULOMB_VOLT_METRES / (relative_permittivity * distance)
    energy[distance == 0] = 0.0
    return energy
