"""Exact first and second derivatives of the output current by the implicit function theorem.

At a solution ``F(n, v) = 0``. With the adjoint ``J^T lambda = dI/dn`` the gradient is
``dI/dv - lambda . dF/dv``. The second derivative is that of the Lagrangian ``L = I - lambda . F`` along the
tangents of the solution, ``S_m = dn/dv_m = -J^-1 dF/dv_m``: because L is stationary in n, the second
derivative of n itself drops out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._equations import Balance

__all__ = ["gradient", "hessian"]

Floats = NDArray[np.float64]


def gradient(state: Balance) -> Floats:
    """dI/dV_m of the output current to all P electrodes in A/V, shape (B, P); they sum to zero."""
    by_occupation, by_voltage = state.output_slopes()
    adjoint = _adjoint(state.jacobian(), by_occupation)
    slope = by_voltage - (adjoint[:, None, :] @ state.voltage_jacobian())[:, 0]
    return slope * (state.rates.amperes / state.rates.thermal_volts)


def hessian(state: Balance) -> Floats:
    """d2I/dV_m dV_l of the output current in A/V^2, shape (B, P, P), symmetric."""
    rates, n, f = state.rates, state.occupations, state.pair
    jacobian = state.jacobian()
    adjoint = _adjoint(jacobian, state.output_slopes()[0]) / rates.total
    # dn_i/dv_m, (B, N, P)
    tangent: Floats = np.asarray(-np.linalg.solve(jacobian, state.voltage_jacobian()), dtype=np.float64)
    energy = rates.share + rates.coulomb @ tangent  # de_i/dv_m, (B, N, P)

    # Half the second variation of every flux, weighted by how much it matters to the output; the flux from j
    # to i enters rows i and j with opposite signs, and summing over ordered pairs counts it twice.
    weight = rates.hop * (adjoint[:, :, None] - adjoint[:, None, :]) / 2
    slope = -f * (1 - f)
    second = -slope * (1 - 2 * f)
    here, there = tangent[:, :, None, :], tangent[:, None, :, :]
    rise = energy[:, None, :, :] - energy[:, :, None, :] + rates.coulomb[:, :, None] * (there - here)
    unmix = 1 - 2 * n
    mixing = here * unmix[:, None, :, None] + there * unmix[:, :, None, None]
    result = _form(rise, weight * second * state.mixing, rise)
    result += _symmetric(_form(rise, weight * slope, mixing))
    both = _form(np.broadcast_to(here, rise.shape), weight * (1 - 2 * f), np.broadcast_to(there, rise.shape))
    result += _symmetric(both)

    contact = state.contact
    importance = adjoint[:, :, None] + np.eye(rates.electrodes)[rates.output]
    bend = rates.lead * importance * contact * (1 - contact) * (1 - 2 * contact)
    lift = energy[:, :, None, :] - np.eye(rates.electrodes)
    result -= _form(lift, bend, lift)
    return (result + result.swapaxes(1, 2)) / 2 * (rates.amperes / rates.thermal_volts**2)


def _adjoint(jacobian: Floats, by_occupation: Floats) -> Floats:
    solution = np.linalg.solve(jacobian.swapaxes(1, 2), by_occupation[..., None])
    return np.asarray(solution[..., 0], dtype=np.float64)


def _form(left: Floats, weight: Floats, right: Floats) -> Floats:
    """sum_p weight_p left_pm right_pl over all pairs p, shape (B, P, P)."""
    batch, electrodes = len(left), left.shape[-1]
    weighted = (weight[..., None] * left).reshape(batch, -1, electrodes)
    return weighted.swapaxes(1, 2) @ np.ascontiguousarray(right).reshape(batch, -1, electrodes)


def _symmetric(form: Floats) -> Floats:
    return form + form.swapaxes(1, 2)
