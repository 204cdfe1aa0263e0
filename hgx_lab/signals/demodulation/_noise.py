"""The local noise spectrum as a smooth curve through scattered powers, and the error bars it gives.

A power averaged over d complex samples of Gaussian noise is gamma distributed about its mean with shape d. Its
logarithm is modelled as a smooth function of log frequency and fitted by maximum likelihood (Whittle 1953;
gamma regression with logarithmic link, for which Fisher scoring has a constant matrix). All powers are variances
of the in-phase part of an amplitude read over the whole window, S/T for a one-sided density S, and frequencies
are in units of 1/T: nothing else is needed for the error bar of a tone.

A tone up to an octave outside the powers has an error bar too. Above them the curve stays where it ends, since noise
doesn't rise with frequency. Below them it goes on as a power law, whose exponent is that of the curve's lower end held
by a prior: noise of the exponents 0 (white) to -1.5 is what these benches have, and a parabola by itself would end
anywhere. In white, 1/f and mixed noise the error bar is then within a tenth of the scatter, in white noise above it.
"""

from __future__ import annotations

from math import log

import numpy as np
from numpy.typing import NDArray

from hgx_lab.signals.types import Floats

__all__ = ["FLOOR", "REACH", "NoiseFit", "log_bias", "neighbours"]

#: Powers are held above this, so that silence has a logarithm.
FLOOR = 1e-290
_ITERATIONS = 3
#: A power this far above the curve is a stray line, not noise (one of 3000 powers of noise is), and in the end says
#: nothing about it; until then it counts as this far above only.
_LARGEST_RATIO = 8.0
#: How far outside the measured frequencies a power is still given, as a ratio.
REACH = 2.0
#: Prior of the lower end of the curve, in log frequency: slope with its standard deviation, and that of the curvature,
#: which is about 0 (white + 1/f noise has 1/4 at most).
_END_SLOPE, _END_SLOPE_STD, _END_CURVATURE_STD = -0.75, 0.75, 0.25


def neighbours(targets: Floats, candidates: Floats, *, per_side: int = 8, at_least: int = 96) -> Floats:
    """The candidates next to the targets, as many below as above each, sorted, in the candidates' unit.

    Starts with ``per_side`` on each side of each target and widens until there are ``at_least`` or all.
    """
    candidates = np.unique(candidates)
    chosen = np.zeros(len(candidates), bool)
    positions = np.searchsorted(candidates, targets)
    while len(candidates) > 0:
        for position in positions:
            chosen[max(0, position - per_side) : position + per_side] = True
        if np.count_nonzero(chosen) >= min(at_least, len(candidates)) or per_side >= len(candidates):
            break
        per_side *= 2
    return candidates[chosen]


class NoiseFit:
    """Powers at some frequencies to powers at others, for many channels at once.

    Parameters
    ----------
    frequencies:
        Where powers are measured, shape (n,), positive.
    dof:
        Complex samples averaged in each, shape (n,), positive.
    targets:
        Where powers are wanted, shape (K,). More than a factor of ``REACH`` outside the measured range the answer
        is NaN.
    """

    def __init__(self, frequencies: Floats, dof: Floats, targets: Floats) -> None:
        self._known = len(frequencies) > 0
        self.relative_scatter: Floats = np.full(len(targets), np.nan)
        #: Which targets, (K,), are outside the measured frequencies.
        self.outside: NDArray[np.bool_] = np.ones(len(targets), dtype=np.bool_)
        if not self._known:
            self._evaluate = np.full((len(targets), 1), np.nan)
            return
        total = float(dof.sum())
        low, high = float(frequencies.min()), float(frequencies.max())
        knots = _knots(frequencies, dof)
        design = _basis(frequencies, low, high, total, knots)
        targets_design = _basis(np.clip(targets, low, high), low, high, total, knots)
        root = np.sqrt(dof)
        # Columns orthonormal under the Fisher information: a scoring step is one product with the score.
        orthonormal, triangle = np.linalg.qr(design * root[:, None])
        self._scoring = np.ascontiguousarray(orthonormal * root[:, None])
        self._fitted = np.ascontiguousarray((orthonormal / root[:, None]).T)
        self._log_bias = log_bias(dof)
        evaluate = np.linalg.solve(triangle.T, targets_design.T).T
        shift = np.zeros(len(targets))
        self.outside = (targets < low) | (targets > high)
        if (below := targets < low).any():
            end: Floats = np.linalg.solve(triangle.T, _lower_end(low, high, total, knots).T).T.astype(np.float64)
            evaluate[below], shift[below] = _below(np.log(targets[below] / low), end)
        evaluate[(targets * REACH < low) | (targets > high * REACH)] = np.nan
        self._evaluate, self._shift = evaluate, shift
        self.relative_scatter = 0.5 * np.linalg.norm(evaluate, axis=1)

    def __call__(self, powers: Floats) -> Floats:
        """Powers, shape (C, K), at the targets from measured powers, shape (C, n).

        ``relative_scatter`` (K,) holds the expected relative scatter of their square roots.
        """
        if not self._known:
            return np.full((len(powers), len(self._evaluate)), np.nan)
        powers = np.maximum(powers, FLOOR)
        logs = np.log(powers)
        beta = (logs - self._log_bias) @ self._scoring
        limit = log(_LARGEST_RATIO)
        for _ in range(_ITERATIONS - 1):
            ratio = np.exp(np.minimum(logs - beta @ self._fitted, limit))
            beta = beta + (ratio - 1.0) @ self._scoring
        excess = logs - beta @ self._fitted
        beta = beta + (np.exp(np.where(excess > limit, 0.0, excess)) - 1.0) @ self._scoring
        return np.exp(beta @ self._evaluate.T + self._shift)


def _knots(frequencies: Floats, dof: Floats) -> Floats:
    """Knots in log frequency: one for every 64 complex samples above the first 64, at most one an octave."""
    octaves = log(float(frequencies.max()) / float(frequencies.min())) / log(2.0)
    count = int(min((float(dof.sum()) - 64) // 64, octaves - 1, 8))
    if count < 1:
        return np.empty(0)
    order = np.argsort(frequencies)
    share = np.cumsum(dof[order]) / dof.sum()
    at = np.interp((np.arange(count) + 1) / (count + 1), share, np.log(frequencies[order]))
    return np.unique(at)


def _basis(frequencies: Floats, low: float, high: float, total_dof: float, knots: Floats) -> Floats:
    """Constant, line, parabola in log frequency as data and span call for, and a hinge parabola per knot.

    White + 1/f noise has a logarithmic slope between 0 and -1 and a curvature of at most 1/4: over a span of
    1.3 a constant, over a span of 4 a line is within 13 and 6 % in power.
    """
    span = log(high / low)
    columns = [np.ones(len(frequencies))]
    if span > 0.0:
        x = np.log(frequencies)
        centred = (x - log(low)) / span - 0.5
        columns += [centred**power for power in range(1, _degree(total_dof, span) + 1)]
        columns += [np.maximum((x - knot) / span, 0.0) ** 2 for knot in knots]
    return np.stack(columns, axis=1)


def _degree(total_dof: float, span: float) -> int:
    return 0 if total_dof < 6 or span < log(1.3) else 1 if total_dof < 16 or span < log(4.0) else 2


def _lower_end(low: float, high: float, total_dof: float, knots: Floats) -> Floats:
    """Value, slope and curvature in log frequency of every column of :func:`_basis` at ``low``, shape (3, columns)."""
    span = log(high / low)
    end = np.zeros((3, 1 + (_degree(total_dof, span) if span > 0.0 else 0) + len(knots)))
    end[0, 0] = 1.0
    for power in range(1, end.shape[1] - len(knots)):
        end[0, power] = (-0.5) ** power
        end[1, power] = power * (-0.5) ** (power - 1) / span
        end[2, power] = power * (power - 1) * (-0.5) ** (power - 2) / span**2 if power > 1 else 0.0
    return end


def _below(distance: Floats, end: Floats) -> tuple[Floats, Floats]:
    """Rows (K, n) and shifts (K,) that take the coefficients to logarithms of powers below the lowest frequency.

    ``distance`` (K,) is negative, in log frequency; ``end`` (3, n) are value, slope and curvature at the lower end in
    coordinates in which the coefficients have unit covariance, so that the prior is taken in by one linear step.
    """
    value, shape = end[0], end[1:]
    prior = np.array([_END_SLOPE, 0.0])
    spread = np.diag([_END_SLOPE_STD**2, _END_CURVATURE_STD**2])
    gain = np.linalg.solve(shape @ shape.T + spread, shape)  # (2, n)
    rows = value + distance[:, None] * end[1]
    shift = (rows @ gain.T) @ prior
    if not end[1].any():
        shift = shift + distance * _END_SLOPE  # a constant was fitted: the slope is the prior's alone
    return rows - (rows @ gain.T) @ shape, shift


def log_bias(dof: Floats) -> Floats:
    """Mean logarithm of a gamma variable of mean 1 and shape d: digamma(d) - log d, digamma by its series."""
    x = dof + 6.0
    asymptote = np.log(x) - 1 / (2 * x) - 1 / (12 * x**2) + 1 / (120 * x**4) - 1 / (252 * x**6)
    return asymptote - np.sum([1.0 / (dof + i) for i in range(6)], axis=0) - np.log(dof)
