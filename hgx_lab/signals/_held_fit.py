# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""Delay and pole of a chain whose outputs are held from sample to sample, near a delay that is known roughly."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares

from hgx_lab.errors import CalibrationError
from hgx_lab.signals._chain_model import ChainModel
from hgx_lab.signals._chain_response import ChainResponse
from hgx_lab.signals._chain_search import delay_and_pole
from hgx_lab.signals.types import Complex, Floats

__all__ = ["HeldChain", "fit_held_chain", "held_response"]

#: Starts around the delay of the correlation, which a slow pole puts late, and time constants, in samples.
_DELAYS = (-8.0, -3.0, -1.0, 0.0, 1.0)
_CONSTANTS = (0.2, 1.0, 5.0, 25.0)
#: A misfit is refused when it is significant and more than a tenth of the signal, as in the calibration of a run.
_WORST_REDUCED_CHI2 = 3.0
_WORST_MISFIT = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class HeldChain:
    """A chain of a delay and a held pole, with what was fitted beside them."""

    delay_samples: float
    delay_std_samples: float
    pole_hz: float | None  # None: too fast to be seen
    pole_std_hz: float | None
    gradients: Floats  # (points, electrodes)
    gradients_std: Floats
    capacitances: Floats  # (electrodes,)
    reduced_chi2: float
    response: ChainResponse  # the continuous one that comes closest over the band


def held_response(frequencies_hz: ArrayLike, delay: float, constant: float, rate_hz: float) -> Complex:
    """Delay and time constant in samples; the pole sees its input held and is read at the end of each sample."""
    turn = np.exp(-2j * np.pi * np.asarray(frequencies_hz, dtype=np.float64) / rate_hz)
    keep = math.exp(-1 / constant) if constant > 0 else 0.0
    return np.asarray(turn**delay * (1 - keep) / (1 - keep * turn), dtype=np.complex128)


def fit_held_chain(
    frequencies_hz: ArrayLike,
    responses: ArrayLike,
    std: ArrayLike,
    points: ArrayLike,
    electrodes: ArrayLike,
    *,
    rate_hz: float,
    near_samples: float,
    longest_samples: float,
) -> HeldChain:
    """Fit ``(g_pk + s(f) C_k) H(f)`` to responses per volt; see :func:`fit_chain_response` for the arrays.

    Raises
    ------
    CalibrationError
        A delay beyond the range, or a misfit of more than a tenth of the signal.
    """
    model = ChainModel.from_observations(frequencies_hz, responses, std, 1.0, points, electrodes, rate_hz=rate_hz)
    f = model.omega / (2 * np.pi)

    def residuals(x: Floats) -> Floats:
        response = held_response(f, x[0], x[1], rate_hz)
        rest = model.phasor - model.predict(response, model.solve(response))
        return np.concatenate((rest.real, rest.imag))

    slowest = 20 * rate_hz / float(model.omega.min())
    bounds = ([-2.0, 1e-3], [longest_samples + 2.0, slowest])
    starts = [(float(np.clip(near_samples + d, -1.5, longest_samples + 1.5)), t) for d in _DELAYS for t in _CONSTANTS]
    cheapest = sorted(starts, key=lambda x: float(np.sum(residuals(np.array(x)) ** 2)))[:4]
    fits = [least_squares(residuals, x, bounds=bounds, x_scale=(1.0, max(x[1], 0.1))) for x in cheapest]
    best = min(fits, key=lambda fit: fit.cost)
    delay, constant = (float(x) for x in best.x)
    reduced = 2 * float(best.cost) / model.degrees_of_freedom
    misfit = math.sqrt(2 * float(best.cost) / float(np.sum(np.abs(model.phasor) ** 2)))
    if delay > longest_samples + 1.9 or (reduced > _WORST_REDUCED_CHI2 and misfit > _WORST_MISFIT):
        raise CalibrationError(
            f"One delay and one pole don't describe the chain: at best {delay:.2f} samples, residuals "
            f"{100 * misfit:.0f} % of the signal, reduced chi^2 {reduced:.1f}.",
            remedy=f"Allow a delay beyond {longest_samples:g} samples, lower the amplitude, and look for clipping.",
        )
    jacobian = np.asarray(best.jac, dtype=np.float64)
    covariance = np.asarray(np.linalg.pinv(jacobian.T @ jacobian) * max(reduced, 1.0), dtype=np.float64)
    solution = model.solve(held_response(f, delay, constant, rate_hz))
    electrode, point = model.group_labels.T
    shape = (int(point.max()) + 1, int(electrode.max()) + 1)
    gradients, gradients_std = np.full(shape, np.nan), np.full(shape, np.nan)
    gradients[point, electrode] = solution.gradients
    weight = np.abs(model.amplitude * held_response(f, delay, constant, rate_hz)) ** 2
    information = np.add.reduceat(weight, model.group_starts)
    gradients_std[point, electrode] = np.sqrt(max(reduced, 1.0) / information)
    seen = constant > 0.05
    pole = rate_hz / (2 * math.pi * constant)
    return HeldChain(
        delay_samples=delay,
        delay_std_samples=math.sqrt(float(covariance[0, 0])),
        pole_hz=pole if seen else None,
        pole_std_hz=pole * math.sqrt(float(covariance[1, 1])) / constant if seen else None,
        gradients=gradients,
        gradients_std=gradients_std,
        capacitances=solution.capacitances,
        reduced_chi2=reduced,
        response=_continuous(f, delay, constant, covariance, rate_hz),
    )


def _continuous(f: Floats, delay: float, constant: float, covariance: Floats, rate_hz: float) -> ChainResponse:
    """The delay and continuous pole that come closest to the held chain at the frequencies measured."""
    band = np.linspace(float(f.min()), float(f.max()) / 2, 100)
    target = held_response(band, delay, constant, rate_hz)

    def residuals(x: Floats) -> Floats:
        rest = delay_and_pole(2 * np.pi * band, x[0] / rate_hz, x[1] / rate_hz) - target
        return np.concatenate((rest.real, rest.imag))

    found = least_squares(
        residuals, (delay - 0.5, max(constant, 0.01)), bounds=([-np.inf, 0.0], np.inf), xtol=1e-12, ftol=1e-12
    )
    tau = float(found.x[1]) / rate_hz
    c = covariance / rate_hz**2
    cross = float(c[0, 1])
    return ChainResponse(
        float(found.x[0]) / rate_hz,
        1 / (2 * math.pi * tau) if tau * rate_hz > 1e-3 else None,
        ((float(c[0, 0]), cross), (cross, float(c[1, 1]))),
    )
