"""What the wiring of the electrodes does: their RC, and the current through stray capacitance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated._pole import OnePole

__all__ = ["ElectrodePoles", "StrayCurrent"]

Floats = NDArray[np.float64]


class ElectrodePoles:
    """The RC of each electrode, state carried; electrodes with a time constant of 0 aren't touched."""

    def __init__(self, time_constants_seconds: Floats, rate_hz: float, standing: Floats) -> None:
        self._groups: list[tuple[NDArray[np.intp], OnePole]] = []
        for seconds in np.unique(time_constants_seconds[time_constants_seconds > 0.0]):
            rows = np.flatnonzero(time_constants_seconds == seconds)
            self._groups.append((rows, OnePole(float(seconds), rate_hz, standing[rows])))

    def filter(self, volts: Floats) -> Floats:
        """Volts at the device, shape (E, n): the array itself, changed in place."""
        for rows, pole in self._groups:
            volts[rows] = pole.filter(volts[rows])
        return volts


class StrayCurrent:
    """sum_k C_k dV_k/dt as its mean over each sample period: a step charges within one period.

    Parameters
    ----------
    farads:
        (E,) capacitance from each electrode to the output.
    standing:
        (E, 1) volts before the first sample.
    longest:
        Samples of the longest stretch.
    """

    def __init__(self, farads: Floats, rate_hz: float, standing: Floats, longest: int) -> None:
        self._farads = farads
        self._rate_hz = rate_hz
        self._charges = np.zeros((len(farads), longest))
        self._last_charge = float(self._charge(standing)[0])

    def of(self, volts: Floats) -> Floats:
        """The current, shape (n,), of the next volts, shape (E, n)."""
        charge = self._charge(volts)
        moved = np.empty_like(charge)
        moved[0] = charge[0] - self._last_charge
        np.subtract(charge[1:], charge[:-1], out=moved[1:])
        self._last_charge = float(charge[-1])
        np.multiply(moved, self._rate_hz, out=moved)
        return moved

    def _charge(self, volts: Floats) -> Floats:
        width = volts.shape[1]
        np.multiply(volts, self._farads[:, None], out=self._charges[:, :width])
        # numpy adds a single column in another order than it adds rows, so there are always two columns.
        return np.add.reduce(self._charges[:, : max(width, 2)], axis=0)[:width]
