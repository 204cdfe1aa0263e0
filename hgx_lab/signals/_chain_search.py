# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""The nonlinear half of the chain fit: every minimum of the misfit over delay and pole (scipy is untyped)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import minimum_filter
from scipy.optimize import least_squares

from hgx_lab.signals._chain_model import ChainModel
from hgx_lab.signals.types import Complex, Floats

__all__ = ["ChainMinimum", "delay_and_pole", "find_minima"]

#: The scan may turn the highest tone by at most 1/32 of a period between neighbours: well inside a minimum.
_SCAN_POINTS_PER_PERIOD = 32
_SCAN_POLE_RATIO = 1.2
_STARTS = 8


@dataclass(frozen=True, slots=True, eq=False)
class ChainMinimum:
    """A local minimum of the misfit."""

    delay: float  # s
    time_constant: float  # s
    chi2: float
    jacobian: Floats  # (2n, 2): of the residuals by delay and time constant, 1/s


def find_minima(model: ChainModel, shortest: float, longest: float) -> list[ChainMinimum]:
    """Scan delays from ``shortest`` to ``longest`` seconds and all poles, refine the lowest minima; best first."""
    top, bottom = float(model.omega.max()), float(model.omega.min())
    count = math.ceil((longest - shortest) * top / (2 * math.pi) * _SCAN_POINTS_PER_PERIOD) + 2
    delays = np.linspace(shortest, longest, count)
    largest = 20.0 / bottom
    smallest = 0.05 / top
    constants = np.append(
        0.0,
        np.geomspace(smallest, largest, math.ceil(math.log(largest / smallest) / math.log(_SCAN_POLE_RATIO))),
    )
    scan = np.stack([model.chi_squared(delays, float(constant)) for constant in constants], axis=1)
    low = np.argwhere(scan == minimum_filter(scan, size=3, mode="nearest"))
    low = low[np.argsort(scan[low[:, 0], low[:, 1]], kind="stable")][:_STARTS]
    # The edge without a pole is a valley of its own, which a coarse scan of exact data can miss.
    low = np.concatenate([low, [[int(np.argmin(scan[:, 0])), 0]]])
    lower, upper = (shortest, 0.0), (longest, largest)
    refined = [_refine(model, float(delays[i]), float(constants[j]), lower, upper) for i, j in low]
    return sorted(refined, key=lambda minimum: minimum.chi2)


def _refine(
    model: ChainModel, delay: float, constant: float, lower: tuple[float, float], upper: tuple[float, float]
) -> ChainMinimum:
    """Least squares in (delay, time constant), both in units of the highest tone's phase."""
    unit = 1 / float(model.omega.max())

    def residuals(x: Floats) -> Floats:
        response = delay_and_pole(model.omega, x[0] * unit, x[1] * unit)
        return _as_real(model.phasor - model.predict(response, model.solve(response)))

    def jacobian(x: Floats) -> Floats:
        return unit * _jacobian(model, x[0] * unit, x[1] * unit)

    found = least_squares(
        residuals,
        np.array([delay, constant]) / unit,
        jac=jacobian,  # pyright: ignore[reportArgumentType]  (scipy's hints know names of schemes only)
        bounds=(np.array(lower) / unit, np.array(upper) / unit),
        xtol=1e-12,
        ftol=1e-12,
        gtol=1e-12,
    )
    return ChainMinimum(
        delay=float(found.x[0]) * unit,
        time_constant=float(found.x[1]) * unit,
        chi2=2 * float(found.cost),
        jacobian=np.asarray(found.jac, dtype=np.float64) / unit,
    )


def delay_and_pole(omega: Floats, delay: float, constant: float) -> Complex:
    """The response at the angular frequencies ``omega``, in rad/s."""
    return np.exp(-1j * omega * delay) / (1 + 1j * omega * constant)


def _jacobian(model: ChainModel, delay: float, constant: float) -> Floats:
    """Of the projected residuals, (2n, 2): what g and C can't follow of the model's change (Kaufman 1975)."""
    response = delay_and_pole(model.omega, delay, constant)
    solution = model.solve(response)
    turned = -1j * model.omega * model.predict(response, solution)
    columns: list[Floats] = []
    for change in (turned, turned / (1 + 1j * model.omega * constant)):
        # A capacitance held at its bound doesn't move.
        followed = model.follow(response, change, solution.capacitances > 0)
        columns.append(_as_real(model.predict(response, followed) - change))
    return np.stack(columns, axis=1)


def _as_real(values: Complex) -> Floats:
    return np.concatenate((values.real, values.imag))
