"""Calibration of the signal chain: delay and pole from tones of unknown, signed derivatives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from hgx_lab.errors import CalibrationError
from hgx_lab.signals._chain_model import ChainModel
from hgx_lab.signals._chain_response import ChainResponse
from hgx_lab.signals._chain_search import ChainMinimum, delay_and_pole, find_minima
from hgx_lab.signals.types import Floats

__all__ = ["ChainFit", "fit_chain_response"]

#: A discrete-time pole looks like a continuous one with half a sample less delay; noise needs some room too.
_MARGIN_SAMPLES = 2.0
#: Two responses are rivals when they differ by more than 60 degrees at a tone that was measured ...
_RIVAL_COSINE = 0.5
#: ... and the better one must beat the other by five standard deviations.
_SIGNIFICANCE = 5.0
#: A misfit is refused when it is both significant and more than a tenth of the signal.
_WORST_REDUCED_CHI2 = 3.0
_WORST_MISFIT = 0.1

_MORE_DATA = (
    "Use more tones over a wider band, more device points, a longer measurement, or a larger amplitude if the device "
    "bears it."
)


@dataclass(frozen=True, slots=True, eq=False)
class ChainFit:
    """A calibrated chain, and how well the data determine it; P device points, K electrodes.

    The standard deviations are enlarged by ``sqrt(reduced_chi2)`` where that exceeds 1.
    """

    response: ChainResponse
    delay_std_samples: float
    gradients: Floats  # (P, K): signed dI/dV, phasor unit per volt; NaN where a pair wasn't measured
    capacitances: Floats  # (K,): stray capacitance, phasor unit x second per volt; NaN where not measured
    reduced_chi2: float
    degrees_of_freedom: int
    misfit: float  # rms residual over rms phasor, both in units of the standard deviation
    rival_chi2: float  # rise of chi^2 to the nearest rival; infinite when there is no other minimum


def fit_chain_response(
    frequencies_hz: ArrayLike,
    phasors: ArrayLike,
    phasor_std: ArrayLike,
    amplitudes: ArrayLike,
    points: ArrayLike,
    electrodes: ArrayLike,
    *,
    rate_hz: float,
    max_delay_samples: float,
) -> ChainFit:
    """Fit ``Z = a (g_pk + s(f) C_k) exp(-2 pi i f delay) / (1 + i f / pole)`` to many observations.

    ``s(f) = (1 - exp(-2 pi i f / rate)) rate`` is how an output that is held from sample to sample charges a
    capacitance: 2 pi i f towards low frequency, half a sample late.

    The derivatives g (real, of either sign, one for every device point p and electrode k) and the stray
    capacitances ``C_k >= 0`` (the same at every point) are unknown as well. All delays and poles of the range
    are scanned, and the lowest minima refined, so that no start value is needed. What makes the result unique:
    every electrode sees tones over a wide band (a delay turns in proportion to f, a change of sign turns all
    alike), and g differs between points and electrodes while C stays (C/g alone looks like a delay).

    Parameters
    ----------
    frequencies_hz, phasors, phasor_std, amplitudes, points, electrodes:
        One entry for every observation; arrays that broadcast against each other, for instance (P, steps, K).
        ``phasor_std`` is the standard deviation of the real and of the imaginary part, each, in the unit of
        the phasors; amplitudes are in volts; points and electrodes are indices from 0.
    rate_hz:
        Sampling rate, samples per second.
    max_delay_samples:
        Largest delay looked for, in samples.

    Raises
    ------
    CalibrationError
        Observations that can't be used; a phase that stays too uncertain; a delay at the edge of the range; a
        misfit of more than a tenth of the signal; or another response that fits as well, with other signs.
    """
    if not (0 < rate_hz < math.inf and 0 <= max_delay_samples < math.inf):
        raise CalibrationError(
            f"A calibration needs a positive rate and a largest delay, not {rate_hz} samples/s and "
            f"{max_delay_samples} samples."
        )
    model = ChainModel.from_observations(
        frequencies_hz, phasors, phasor_std, amplitudes, points, electrodes, rate_hz=rate_hz
    )
    shortest = -_MARGIN_SAMPLES / rate_hz
    longest = (max_delay_samples + _MARGIN_SAMPLES) / rate_hz
    minima = find_minima(model, shortest, longest)
    best = minima[0]
    reduced = best.chi2 / model.degrees_of_freedom
    inflation = max(reduced, 1.0)
    response = _response(model, best, inflation)
    edge = 1e-3 / rate_hz
    if not shortest + edge < best.delay < longest - edge:
        raise CalibrationError(
            f"The delay that fits best, {best.delay * rate_hz:.2f} samples, is at the edge of the range searched, "
            f"{shortest * rate_hz:g} to {longest * rate_hz:g} samples.",
            remedy="Allow a longer delay, or check that input and output start on the same clock edge.",
        )
    misfit = math.sqrt(best.chi2 / float(np.sum(np.abs(model.phasor) ** 2)))
    if reduced > _WORST_REDUCED_CHI2 and misfit > _WORST_MISFIT:
        raise CalibrationError(
            f"One delay and one pole don't describe the chain: the residuals are {100 * misfit:.0f} % of the "
            f"signal, reduced chi^2 {reduced:.1f} for {model.degrees_of_freedom} degrees of freedom.",
            remedy=f"Allow a delay beyond {max_delay_samples:g} samples, lower the amplitude, wait longer after "
            "each step, and look for mains, clipping or a second pole.",
        )
    rival_chi2 = _rival(model, minima, response, inflation)
    solution = model.solve(response(model.omega / (2 * np.pi)))
    electrode, point = model.group_labels.T
    gradients = np.full((int(point.max()) + 1, int(electrode.max()) + 1), np.nan)
    gradients[point, electrode] = solution.gradients
    capacitances = np.full(gradients.shape[1], np.nan)
    capacitances[model.electrode_labels] = solution.capacitances
    return ChainFit(
        response=response,
        delay_std_samples=response.delay_std_seconds * rate_hz,
        gradients=gradients,
        capacitances=capacitances,
        reduced_chi2=reduced,
        degrees_of_freedom=model.degrees_of_freedom,
        misfit=misfit,
        rival_chi2=rival_chi2,
    )


def _response(model: ChainModel, best: ChainMinimum, inflation: float) -> ChainResponse:
    """The response at the minimum with its covariance; refused when the phase at a tone isn't determined."""
    unit = 1 / float(model.omega.max())
    normal = (best.jacobian * unit).T @ (best.jacobian * unit)
    # A pole that turns the highest tone by less than 0.06 degrees is none.
    pole_hz = None if best.time_constant < 1e-3 * unit else 1 / (2 * math.pi * best.time_constant)
    worst = math.inf
    if pole_hz is None:
        # Without a pole both columns turn the phase alike: what they determine together is the delay.
        normal = np.diag([normal[0, 0], np.inf])
    if normal[0, 0] > 0 and (pole_hz is None or np.linalg.cond(normal) < 1e13):
        inverse = np.diag(1 / np.diagonal(normal)) if pole_hz is None else np.linalg.inv(normal)
        c = inverse * (inflation * unit**2)
        cross = float(c[0, 1])
        response = ChainResponse(best.delay, pole_hz, ((float(c[0, 0]), cross), (cross, float(c[1, 1]))))
        worst = math.degrees(float(np.max(response.phase_std(model.omega / (2 * np.pi)))))
        if worst * _SIGNIFICANCE < math.degrees(math.acos(_RIVAL_COSINE)):
            return response
    raise CalibrationError(
        f"The phase of the signal chain is known to {worst:.0f} degrees only at one of the tones (12 are "
        f"allowed); the best delay is {best.delay * 1e6:.1f} us.",
        remedy=_MORE_DATA,
    )


def _rival(model: ChainModel, minima: list[ChainMinimum], response: ChainResponse, inflation: float) -> float:
    """Rise of chi^2 to the nearest other response; refused when it is too small to decide between the two."""
    frequencies = model.omega / (2 * np.pi)
    chosen = np.angle(response(frequencies))
    for minimum in minima[1:]:
        turned = np.angle(delay_and_pole(model.omega, minimum.delay, minimum.time_constant)) - chosen
        if np.min(np.cos(turned)) > _RIVAL_COSINE:
            continue
        rise = minimum.chi2 - minima[0].chi2
        if rise < inflation * _SIGNIFICANCE**2:
            raise CalibrationError(
                f"Two delays fit the calibration about equally well: {response.delay_seconds * 1e6:.1f} us "
                f"and {minimum.delay * 1e6:.1f} us, chi^2 {minima[0].chi2:.1f} and {minimum.chi2:.1f} for "
                f"{model.degrees_of_freedom} degrees of freedom; they give different signs.",
                remedy=_MORE_DATA + " Delays of up to half a base period can be told apart by odd bins.",
            )
        return rise
    return math.inf
