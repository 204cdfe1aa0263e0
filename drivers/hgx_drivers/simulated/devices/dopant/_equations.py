"""The mean-field master equation of a batch of voltage vectors: residual, Jacobian, currents.

With occupations n, voltages v and all energies in units of kT, ``f(x) = 1/(1 + e^x)``::

    e_i  = site_i + sum_m g_im v_m + sum_k u_ik n_k
    x_ij = e_j - e_i + u_ij (n_j - n_i)                      self-exclusion on both sides
    F_i  = sum_j w_ij [n_j (1 - n_i) - f(x_ij) q_ij] + sum_e w_ie [f(e_i - v_e) - n_i] = 0
    q_ij = n_i (1 - n_j) + n_j (1 - n_i)
    I_e  = e nu0 sum_i w_ie [n_i - f(e_i - v_e)]             positive out of the device

(the reference form with ``f(-x) = 1 - f(x)`` put in). Every row of F is divided by the sum of its tunnelling
factors.

A limit of the model: n_i = f(e_i - v) fills a site in equilibrium with its electrode, and the self-exclusion in
x_ij, without which the mean field misses the Monte Carlo, isn't quite consistent with it. With all electrodes
at one voltage a little current flows where neighbours repel each other and both are half filled: 1e-12 A into
the output of the standard device, up to 1e-9 A (0.5 % of the current scale) in random layouts.

All operations work on one voltage vector at a time inside, so that a sample's result doesn't depend
on which others share its batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._rates import HoppingRates

__all__ = ["Balance", "balance"]

Floats = NDArray[np.float64]

#: Beyond this energy difference in kT a hop factor is 0 or 1 to rounding; keeps exp from overflowing.
_LARGEST_EXPONENT = 700.0


@dataclass(frozen=True, slots=True, eq=False)
class Balance:
    """The master equation at occupations (B, N) and voltages in kT/e (B, P).

    ``pair`` is f(x_ij), shape (B, N, N); ``contact`` is f(e_i - v_e), shape (B, N, P); ``residual`` is F
    divided by the total rates, shape (B, N).
    """

    rates: HoppingRates
    occupations: Floats
    pair: Floats
    contact: Floats
    residual: Floats

    def select(self, mask: NDArray[np.bool_] | NDArray[np.intp]) -> Balance:
        """The same for a part of the batch."""
        return Balance(
            self.rates,
            self.occupations[mask],
            self.pair[mask],
            self.contact[mask],
            self.residual[mask],
        )

    def put(self, mask: NDArray[np.bool_] | NDArray[np.intp], other: Balance) -> None:
        """Overwrite a part of the batch."""
        for name in ("occupations", "pair", "contact", "residual"):
            getattr(self, name)[mask] = getattr(other, name)

    @property
    def mixing(self) -> Floats:
        """q_ij = n_i (1 - n_j) + n_j (1 - n_i), shape (B, N, N)."""
        n = self.occupations
        return n[:, :, None] + n[:, None, :] - 2 * n[:, :, None] * n[:, None, :]

    @property
    def pair_slope(self) -> Floats:
        """A_ij = -w_ij q_ij f'(x_ij): how a flux answers an energy difference, shape (B, N, N), symmetric."""
        return self.rates.hop * self.mixing * self.pair * (1 - self.pair)

    @property
    def contact_slope(self) -> Floats:
        """-w_ie f'(e_i - v_e), shape (B, N, P)."""
        return self.rates.lead * self.contact * (1 - self.contact)

    def jacobian(self) -> Floats:
        """dF_i/dn_k of the scaled residual, shape (B, N, N)."""
        rates, n, f = self.rates, self.occupations, self.pair
        slope, leak = self.pair_slope, self.contact_slope.sum(axis=-1)
        direct = f * (2 * n[:, :, None] - 1)
        matrix = rates.hop * (1 - n[:, :, None] + direct)
        matrix += slope @ rates.coulomb
        matrix += (slope - (slope.sum(axis=-1) + leak)[:, :, None]) * rates.coulomb
        own = rates.hop * (n[:, None, :] + f * (1 - 2 * n[:, None, :])) + slope * rates.coulomb
        diagonal = np.arange(rates.sites)
        matrix[:, diagonal, diagonal] -= own.sum(axis=-1) + rates.lead.sum(axis=1)
        return matrix / rates.total[:, None]

    def voltage_jacobian(self) -> Floats:
        """dF_i/dv_m of the scaled residual with the occupations held, shape (B, N, P)."""
        rates, slope, contact = self.rates, self.pair_slope, self.contact_slope
        stiffness = slope.sum(axis=-1) + contact.sum(axis=-1)
        matrix = slope @ rates.share - stiffness[:, :, None] * rates.share + contact
        return matrix / rates.total[:, None]

    def currents(self) -> Floats:
        """Amperes out of the device into every electrode, shape (B, P); they sum to zero at a solution."""
        flow = self.rates.lead * (self.occupations[:, :, None] - self.contact)
        return self.rates.amperes * flow.sum(axis=1)

    def output_slopes(self) -> tuple[Floats, Floats]:
        """dI/dn (B, N) with the voltages held and dI/dv (B, P) with the occupations held, in units of e nu0."""
        rates = self.rates
        slope = self.contact_slope[:, :, rates.output]
        by_occupation = rates.lead[:, rates.output] + (slope[:, None, :] @ rates.coulomb)[:, 0]
        by_voltage = (slope[:, None, :] @ rates.share)[:, 0]
        by_voltage[:, rates.output] -= slope.sum(axis=-1)
        return by_occupation, by_voltage


def balance(rates: HoppingRates, occupations: Floats, volts: Floats) -> Balance:
    """Evaluate the master equation at occupations (B, N) and voltages in kT/e (B, P)."""
    n = occupations
    field = (volts[:, None, :] @ rates.share.T)[:, 0]
    energy = rates.site + field + (n[:, None, :] @ rates.coulomb)[:, 0]
    exponent = energy[:, None, :] - energy[:, :, None]
    exponent += rates.coulomb * (n[:, None, :] - n[:, :, None])
    pair = _hop_factor(exponent)
    contact = _hop_factor(energy[:, :, None] - volts[:, None, :])
    mixing = n[:, :, None] + n[:, None, :] - 2 * n[:, :, None] * n[:, None, :]
    gain = n[:, None, :] * (1 - n[:, :, None])
    flow = (rates.hop * (gain - pair * mixing)).sum(axis=-1)
    flow += (rates.lead * (contact - n[:, :, None])).sum(axis=-1)
    return Balance(rates, n, pair, contact, flow / rates.total)


def _hop_factor(exponent: Floats) -> Floats:
    """f(x) = 1/(1 + e^x), in place."""
    np.minimum(exponent, _LARGEST_EXPONENT, out=exponent)
    np.exp(exponent, out=exponent)
    exponent += 1.0
    return np.reciprocal(exponent, out=exponent)
