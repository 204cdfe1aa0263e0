"""Kinetic Monte Carlo of the same network: whole holes instead of mean occupations. The independent reference.

The jumps that could happen - site to site, site to electrode, electrode to site - come at the constant total
rate ``W = sum w``, each with its own share ``w/W`` (uniformisation of the Markov chain). A jump that is drawn
happens if there is a hole to go, room where it goes, and with probability ``f(dE/kT)``. Rejected draws are
time that passes, so a plain average over draws is an average over time. Many copies of the network run side by
side in one array; the scatter between them gives the statistical error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._errors import VoltageError
from hgx_drivers.simulated.devices.dopant._layout import DopantLayout
from hgx_drivers.simulated.devices.dopant._rates import HoppingRates

__all__ = ["MonteCarloCurrents", "monte_carlo"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

#: Draws between two looks at the currents: within fewer, hardly anything changes.
_STRIDE = 8


@dataclass(frozen=True, slots=True, eq=False)
class MonteCarloCurrents:
    """Currents out of the device in amperes, with their standard deviation from the scatter between copies.

    ``output`` and ``error`` (n,) are those of the output electrode, ``currents`` and ``errors`` (P, n) those of
    all; an electrode that touches a site has a much noisier current than one that doesn't.
    """

    output: Floats
    error: Floats
    currents: Floats
    errors: Floats


def monte_carlo(
    layout: DopantLayout,
    volts: Floats,
    *,
    draws: int = 200_000,
    copies: int = 32,
    settling: float = 0.25,
    seed: int = 0,
) -> MonteCarloCurrents:
    """Currents at volts of shape (E, n) by kinetic Monte Carlo.

    Parameters
    ----------
    draws:
        Jumps drawn in every copy after settling.
    copies:
        Independent copies a voltage vector, at least 2, started from random places of the holes.
    settling:
        Draws thrown away at the start, as a share of ``draws``.
    """
    volts = np.asarray(volts, dtype=np.float64)
    if volts.ndim != 2 or len(volts) != len(layout.driven) or not np.all(np.isfinite(volts)):
        raise VoltageError(
            f"Voltages of shape {volts.shape}, or not finite, for {len(layout.driven)} driven electrodes.",
            remedy=f"Give finite numbers of shape ({len(layout.driven)}, n).",
        )
    if draws < _STRIDE or copies < 2 or settling < 0:
        raise VoltageError(
            f"{draws} draws in {copies} copies with settling {settling}.",
            remedy=f"Use at least {_STRIDE} draws, 2 copies and a settling of 0 or more.",
        )
    rng = np.random.default_rng(seed)
    walkers = _Walkers(layout, np.repeat(volts, copies, axis=1), rng)
    walkers.walk(int(settling * draws))
    total = np.zeros((volts.shape[1] * copies, layout.electrodes))
    looks = draws // _STRIDE
    for _ in range(looks):
        walkers.walk(_STRIDE)
        total += walkers.flows()
    samples = walkers.rates.amperes / looks * total.reshape(volts.shape[1], copies, -1)
    currents = np.ascontiguousarray(samples.mean(axis=1).T)
    errors = np.ascontiguousarray(samples.std(axis=1, ddof=1).T / np.sqrt(copies))
    return MonteCarloCurrents(currents[layout.output], errors[layout.output], currents, errors)


class _Walkers:
    """Many networks at once. An electrode is a site that always has a hole to give and room to take one."""

    def __init__(self, layout: DopantLayout, volts: Floats, rng: np.random.Generator) -> None:
        self.rates = rates = HoppingRates.of(layout)
        self._rng = rng
        sites, places, count = rates.sites, rates.sites + rates.electrodes, volts.shape[1]
        self._coulomb = np.zeros((places, places))
        self._coulomb[:sites, :sites] = rates.coulomb
        weights = np.zeros((places, places))
        weights[:sites, :sites] = rates.hop
        weights[:sites, sites:], weights[sites:, :sites] = rates.lead, rates.lead.T
        origin, target = np.nonzero(weights)
        self._origin, self._target = origin, target
        self._threshold, self._alias = _alias_table(weights[origin, target])

        self._volts = np.zeros((count, rates.electrodes))
        self._volts[:, list(layout.driven)] = volts.T / rates.thermal_volts
        holes = sites - len(layout.donors)
        order = np.argsort(rng.random((count, sites)), axis=1)
        self._full = np.ones((count, places), dtype=bool)
        self._full[:, :sites] = order < holes
        self._empty = np.ones_like(self._full)
        self._empty[:, :sites] = ~self._full[:, :sites]
        self._energy = np.empty((count, places))
        self._energy[:, :sites] = rates.site + self._volts @ rates.share.T + self._full[:, :sites] @ rates.coulomb
        self._energy[:, sites:] = self._volts
        self._rows = np.arange(count)

    def walk(self, draws: int) -> None:
        """Draw so many jumps in every network, and do those that happen."""
        sites = self.rates.sites
        for _ in range(draws):
            position = self._rng.random(len(self._rows)) * len(self._alias)
            jump = position.astype(np.int64)
            jump = np.where(position - jump < self._threshold[jump], jump, self._alias[jump])
            origin, target = self._origin[jump], self._target[jump]
            possible = np.flatnonzero(self._full[self._rows, origin] & self._empty[self._rows, target])
            row, origin, target = possible, origin[possible], target[possible]
            rise = self._energy[row, target] - self._energy[row, origin] - self._coulomb[origin, target]
            happens = self._rng.random(len(row)) * (1 + np.exp(np.minimum(rise, 700.0))) < 1
            row, origin, target = row[happens], origin[happens], target[happens]
            self._energy[row] += self._coulomb[target] - self._coulomb[origin]
            for place, full in ((origin, False), (target, True)):
                inner = place < sites
                self._full[row[inner], place[inner]] = full
                self._empty[row[inner], place[inner]] = not full

    def flows(self) -> Floats:
        """Expected net rate into every electrode in the present states, shape (networks, P)."""
        rates = self.rates
        energy, full = self._energy[:, : rates.sites], self._full[:, : rates.sites]
        rise = np.minimum(energy[:, :, None] - self._volts[:, None, :], 700.0)
        return (rates.lead * (full[:, :, None] - 1 / (1 + np.exp(rise)))).sum(axis=1)


def _alias_table(weights: Floats) -> tuple[Floats, Integers]:
    """Walker's alias method: threshold and alias of every entry, to draw one in constant time."""
    threshold = weights * (len(weights) / weights.sum())
    alias = np.arange(len(weights))
    small = [i for i in range(len(weights)) if threshold[i] < 1]
    large = [i for i in range(len(weights)) if threshold[i] >= 1]
    while small and large:
        poor, rich = small.pop(), large[-1]
        alias[poor] = rich
        threshold[rich] -= 1 - threshold[poor]
        if threshold[rich] < 1:
            small.append(large.pop())
    threshold[small + large] = 1.0  # what rounding left over
    return threshold, alias
