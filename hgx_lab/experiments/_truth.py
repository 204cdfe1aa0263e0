"""What a measurement would find on the simulated bench if it made no error."""

from __future__ import annotations

import numpy as np

from hgx_lab.config import RunFile, SimulatedBench
from hgx_lab.experiments._bench import simulated_device
from hgx_lab.signals import Floats

__all__ = ["exact_derivatives"]


def exact_derivatives(run: RunFile, volts: Floats) -> Floats:
    """Derivatives dI/dV of the first output by every electrode at device points (n, E), in A/V, (n, E).

    NaN on a real bench, where nobody knows them.
    """
    if not isinstance(run.bench, SimulatedBench):
        return np.full(volts.shape, np.nan)
    device = simulated_device(run.bench, len(run.electrodes))
    return np.ascontiguousarray(device.jacobian(np.ascontiguousarray(volts.T))[0].T)
