"""Laplace's equation on the disc: how much of each electrode's voltage is felt at a point.

The potential of rim charges that satisfies Laplace's equation inside the unit disc with the normal derivative
h on the rim is ``phi(x) = C - (1/pi) int ln|x - y| h(y) dy`` with ``int h = 0``. h vanishes on the insulating
gaps and has inverse square-root singularities at the ends of the arcs, so on every arc h is a sum of Chebyshev
polynomials over ``sqrt(1 - t^2)``. The logarithm's singular part is then known in closed form,
``int ln|t - s| T_k(s)/sqrt(1 - s^2) ds = -pi ln 2 (k = 0), -(pi/k) T_k(t)``, the rest is smooth and integrated
by Gauss-Chebyshev quadrature: convergence is exponential in the number of polynomials.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._errors import LayoutError
from hgx_drivers.simulated.devices.dopant._geometry import DiscGeometry

__all__ = ["conductances", "lead_field"]

Floats = NDArray[np.float64]

#: Decimal digits wanted.
_DIGITS = 14
_FEWEST_MODES = 16


def lead_field(geometry: DiscGeometry, points: Floats) -> Floats:
    """Share of every electrode's voltage in the potential at points inside the disc, shape (N, P).

    ``points`` has shape (N, 2) in metres. Rows sum to 1: a common shift of all electrodes shifts the potential.
    """
    scaled = np.asarray(points, dtype=np.float64) / geometry.radius
    if np.any(np.hypot(scaled[:, 0], scaled[:, 1]) >= 1):
        raise LayoutError("A point lies outside the disc.", remedy="Move it inside the rim.")
    density, constant = _rim_density(geometry)
    centre, half = _centre_and_half(geometry)
    modes = density.shape[1]
    # A Chebyshev rule with n nodes errs as rho^(-2n) for a pole outside the ellipse of size rho ~ 1 + d/half.
    clearance = float(np.min(geometry.distances(points)) / geometry.radius / np.max(half))
    nodes = 2 * modes + int(_DIGITS * np.log(10) / (2 * np.log1p(clearance)))
    t = _nodes(nodes)
    polynomials = np.cos(np.outer(np.arange(modes), np.arccos(t)))
    potential = np.tile(constant, (len(scaled), 1))
    for arc in range(geometry.electrodes):
        theta = centre[arc] + half[arc] * t
        rim = np.stack([np.cos(theta), np.sin(theta)], axis=-1)
        logarithm = np.log(np.linalg.norm(scaled[:, None, :] - rim, axis=-1))
        charge = half[arc] * (np.pi / nodes) * polynomials.T @ density[arc]
        potential -= logarithm @ charge / np.pi
    return np.ascontiguousarray(potential)


def conductances(geometry: DiscGeometry) -> Floats:
    """Sheet current into electrode m per volt on electrode k, in units of the sheet conductance, (P, P)."""
    density, _ = _rim_density(geometry)
    # Only T_0 has a mean against the Chebyshev weight: int T_0/sqrt(1 - t^2) = pi.
    return np.pi * _centre_and_half(geometry)[1][:, None] * density[:, 0, :]


def _centre_and_half(geometry: DiscGeometry) -> tuple[Floats, Floats]:
    return geometry.arcs.mean(axis=1), np.diff(geometry.arcs, axis=1)[:, 0] / 2


def _modes(geometry: DiscGeometry) -> int:
    """Polynomials an arc needs: the nearer the next arc, the slower they converge, as rho^-modes."""
    _, half = _centre_and_half(geometry)
    gaps = np.roll(geometry.arcs[:, 0], -1) - geometry.arcs[:, 1]
    gaps[-1] += 2 * np.pi
    reach = 1 + float(np.min(gaps) / np.max(half))
    rho = reach + np.sqrt(reach**2 - 1)
    return max(_FEWEST_MODES, int(np.ceil(_DIGITS * np.log(10) / np.log(rho))))


def _nodes(count: int) -> Floats:
    return np.cos(np.pi * (np.arange(count) + 0.5) / count)


def _rim_density(geometry: DiscGeometry) -> tuple[Floats, Floats]:
    """Chebyshev coefficients (P, modes, P) of h on every arc, and C (P,), for one volt on each electrode."""
    count, modes = geometry.electrodes, _modes(geometry)
    size = count * modes
    centre, half = _centre_and_half(geometry)
    t = _nodes(modes)
    chebyshev = np.cos(np.outer(np.arccos(t), np.arange(modes)))  # (node, mode)
    theta = centre[:, None] + half[:, None] * t
    gap = theta[:, :, None, None] - theta[None, None, :, :]  # (arc, node, arc, node)
    same = np.eye(count, dtype=bool)[:, None, :, None]
    # ln 2|sin(gap/2)|; on the same arc less ln|gap|, which leaves a smooth function that is 0 at gap 0.
    kernel = np.log(np.where(same, np.abs(np.sinc(gap / (2 * np.pi))), np.abs(2 * np.sin(gap / 2)) + same))
    matrix = np.einsum("anbm,mk,b->anbk", kernel, chebyshev, half * np.pi / modes, optimize=True)
    own = np.empty((count, modes))
    own[:, 0] = np.pi * (np.log(half) - np.log(2))
    own[:, 1:] = -np.pi / np.arange(1, modes)
    for arc in range(count):
        matrix[arc, :, arc, :] += half[arc] * own[arc] * chebyshev
    system = np.zeros((size + 1, size + 1))
    system[:size, :size] = matrix.reshape(size, size) / -np.pi
    system[:size, size] = 1.0
    system[size, :size:modes] = half
    volts = np.zeros((size + 1, count))
    volts[:size] = np.repeat(np.eye(count), modes, axis=0)
    solution: Floats = np.asarray(np.linalg.solve(system, volts), dtype=np.float64)
    return solution[:size].reshape(count, modes, count), solution[size]
