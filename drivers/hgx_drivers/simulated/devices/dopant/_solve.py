"""Newton's method with line search, and continuation in the voltages when one jump is too far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._equations import Balance, balance
from hgx_drivers.simulated.devices.dopant._errors import SolverError
from hgx_drivers.simulated.devices.dopant._rates import HoppingRates

__all__ = ["TOLERANCE", "newton", "rest_state", "solve"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Scaled residual at which Newton's method converges quadratically; one more step is taken from there.
TOLERANCE = 1e-10

_ITERATIONS = 12
_HALVINGS = 8
_HOTTEST = 64.0
_SMALLEST_STRIDE = 2.0**-12
#: Batches are cut so that their (B, N, N) arrays stay in the processor's cache.
_CACHE_ELEMENTS = 60_000


def newton(rates: HoppingRates, start: Floats, volts: Floats) -> tuple[Balance, Flags]:
    """Damped Newton from occupations (B, N) at voltages in kT/e (B, P).

    Returns the balance reached and which samples converged; occupations stay within [0, 1].
    """
    state = balance(rates, start.copy(), volts)
    norm = np.max(np.abs(state.residual), axis=1)
    active = np.flatnonzero(~(norm <= TOLERANCE))
    for _ in range(_ITERATIONS):
        if not active.size:
            break
        part = state.select(active)
        step = _newton_step(part.jacobian(), part.residual)
        moved = _line_search(rates, state, norm, active, step, volts)
        active = moved[~(norm[moved] <= TOLERANCE)]
    return state, norm <= TOLERANCE


def _polish(rates: HoppingRates, state: Balance, volts: Floats) -> Balance:
    """One more Newton step for every sample, kept where it doesn't raise the residual: down to rounding."""
    step = _newton_step(state.jacobian(), state.residual)
    finer = balance(rates, np.clip(state.occupations + step, 0.0, 1.0), volts)
    better = np.max(np.abs(finer.residual), axis=1) <= np.max(np.abs(state.residual), axis=1)
    state.put(better, finer.select(better))
    return state


def _newton_step(jacobian: Floats, residual: Floats) -> Floats:
    try:
        step = np.linalg.solve(jacobian, -residual[..., None])
    except np.linalg.LinAlgError:
        # One singular matrix in the batch: the least-squares step for it, the same answer for the others.
        step = -(np.linalg.pinv(jacobian) @ residual[..., None])
    return np.asarray(step[..., 0], dtype=np.float64)


def _line_search(
    rates: HoppingRates, state: Balance, norm: Floats, active: NDArray[np.intp], step: Floats, volts: Floats
) -> NDArray[np.intp]:
    """Move the active samples along their steps, halved until the residual falls; return those that moved."""
    moved: list[NDArray[np.intp]] = []
    length, origin = 1.0, state.occupations[active]
    for _ in range(_HALVINGS):
        trial = balance(rates, np.clip(origin + length * step, 0.0, 1.0), volts[active])
        size = np.max(np.abs(trial.residual), axis=1)
        better = size <= (1 - 1e-4 * length) * norm[active]
        if np.any(better):
            chosen = active[better]
            state.put(chosen, trial.select(better))
            norm[chosen] = size[better]
            moved.append(chosen)
            if np.all(better):
                break
            active, step, origin = active[~better], step[~better], origin[~better]
        length /= 2
    return np.concatenate(moved) if moved else np.empty(0, dtype=np.intp)


def rest_state(rates: HoppingRates) -> Floats:
    """Occupations (N,) with every electrode at 0 V, annealed from 64 times the temperature.

    Raises
    ------
    SolverError
        When a stage of the annealing doesn't converge.
    """
    occupations = np.full((1, rates.sites), 0.5)
    volts = np.zeros((1, rates.electrodes))
    factor, ratio = _HOTTEST, 2.0
    while True:
        state, converged = newton(rates.hotter(factor), occupations, volts)
        if converged[0]:
            occupations = state.occupations
            if factor == 1.0:
                return _polish(rates, state, volts).occupations[0]
            hotter = factor
        else:
            ratio = np.sqrt(ratio)
            if ratio < 1.001 or factor == _HOTTEST:
                raise SolverError(
                    f"The state at 0 V didn't converge at {factor:.3g} times the temperature.",
                    remedy="Raise the temperature, or draw another layout.",
                )
            hotter = factor * ratio
        factor = max(1.0, hotter / ratio)


def solve(rates: HoppingRates, start: Floats, origin: Floats, volts: Floats) -> Balance:
    """Solve for voltages in kT/e (B, P) from known states: occupations (B, N) at voltages (B, P).

    One Newton solve where that is enough; the rest walk the straight line from ``origin`` to ``volts`` in
    strides that shrink where it is hard and grow where it is easy. Every sample walks by itself: its result
    doesn't depend on the others.

    Raises
    ------
    SolverError
        With the voltages of a sample whose walk got stuck.
    """
    batch = max(1, _CACHE_ELEMENTS // (rates.sites * (rates.sites + rates.electrodes)))
    parts = [
        _solve_part(rates, start[at : at + batch], origin[at : at + batch], volts[at : at + batch])
        for at in range(0, max(1, len(volts)), batch)
    ]
    if len(parts) == 1:
        return parts[0]
    return Balance(
        rates,
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("occupations", "pair", "contact", "residual")
        ),
    )


def _solve_part(rates: HoppingRates, start: Floats, origin: Floats, volts: Floats) -> Balance:
    state, converged = newton(rates, start, volts)
    walking = np.flatnonzero(~converged)
    occupations, reached = start[walking], np.zeros(len(walking))
    stride = np.full(len(walking), 0.5)
    while walking.size:
        target = np.minimum(1.0, reached + stride)
        here = origin[walking] + target[:, None] * (volts[walking] - origin[walking])
        here[target == 1.0] = volts[walking[target == 1.0]]
        trial, good = newton(rates, occupations, here)
        occupations[good], reached[good] = trial.occupations[good], target[good]
        stride *= np.where(good, 2.0, 0.25)
        if np.any(stride < _SMALLEST_STRIDE):
            stuck = int(np.argmin(stride))
            raise SolverError(
                f"The master equation got stuck at {reached[stuck]:.1%} of the way to "
                f"{np.round(volts[walking[stuck]] * rates.thermal_volts, 6).tolist()} V.",
                remedy="Keep the voltages moderate, or raise the temperature of the layout.",
            )
        done = reached == 1.0
        if np.any(done):
            state.put(walking[done], trial.select(done))
            walking, occupations = walking[~done], occupations[~done]
            reached, stride = reached[~done], stride[~done]
    return _polish(rates, state, volts)
