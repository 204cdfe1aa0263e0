"""A smooth device made of tanh units: rich enough for every gate, with exact derivatives of all orders."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated.devices._layers import LayerStack

__all__ = ["SmoothDevice"]

Floats = NDArray[np.float64]

_CALIBRATION_POINTS = 2000
#: Input strengths of the electrodes, 1/V: the derivatives of real devices are as unequal.
_SLOWEST, _STEEPEST = 1.2, 3.0
#: Share of the mean slope that is taken out. By enumeration over 24 seeds, margin 1 nA, inputs +-0.5 V: XOR for 1 to
#: 36 % and XNOR for 2 to 20 % of random controls; with the slope left in, some seeds had neither.
_LEVELLED = 0.9
#: Standard deviation of the current within +-1 V, in units of the scale.
_DEVIATION = 0.6


class SmoothDevice:
    """I_o = scale * sum_j c_oj (tanh(a_j . V + b_j) - mean), a seeded random function of the voltages.

    Within +-1 V the currents fill about +-1 to +-2 ``scale_amperes`` about zero; the derivatives are a few tens of
    nA/V for the default scale and differ from electrode to electrode.

    Parameters
    ----------
    seed:
        Of the weights; the same seed is the same device.
    electrodes, outputs, hidden:
        Numbers of voltages, currents and tanh units.
    scale_amperes:
        Size of the currents.
    """

    def __init__(
        self,
        seed: int,
        electrodes: int = 7,
        *,
        outputs: int = 1,
        hidden: int = 32,
        scale_amperes: float = 50e-9,
    ) -> None:
        if electrodes < 1 or outputs < 1 or hidden < 1 or not 0.0 < scale_amperes < np.inf:
            raise RangeError(
                f"A smooth device of {electrodes} electrodes, {outputs} outputs, {hidden} units and "
                f"{scale_amperes} A can't be made; give positive numbers."
            )
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(0x5D,)))
        strengths = np.exp(rng.uniform(np.log(_SLOWEST), np.log(_STEEPEST), electrodes))
        self._slopes = rng.standard_normal((hidden, electrodes)) * strengths
        self._biases = rng.standard_normal(hidden)
        weights = rng.standard_normal((outputs, hidden))
        # A sample of the device's own currents: its mean slope is taken down, because a device that is mostly a
        # tilted plane computes nothing, and every seed shall fill the read-out alike.
        volts = rng.uniform(-1.0, 1.0, (electrodes, _CALIBRATION_POINTS))
        units = np.tanh(self._slopes @ volts + self._biases[:, None])
        tilt = (1.0 - units**2).mean(axis=1)[:, None] * self._slopes
        weights -= _LEVELLED * (weights @ tilt) @ np.linalg.pinv(tilt)
        raw = weights @ units
        size = _DEVIATION * scale_amperes / raw.std(axis=1)
        self._weights = weights * size[:, None]
        self._offsets = -raw.mean(axis=1) * size
        self._stack = LayerStack(
            [self._slopes, self._weights], [self._biases, self._offsets], _tanh_in_place, np.float64
        )

    @property
    def electrodes(self) -> int:
        """Number of electrodes E."""
        return self._slopes.shape[1]

    @property
    def outputs(self) -> int:
        """Number of outputs O."""
        return self._weights.shape[0]

    def current(self, volts: Floats) -> Floats:
        """Amperes, shape (O, n), for volts of shape (E, n)."""
        return self._stack.forward(volts)

    def jacobian(self, volts: Floats) -> Floats:
        """Exact dI/dV in A/V, shape (O, E, n): d tanh(x)/dx = 1 - tanh(x)^2."""
        slopes = 1.0 - np.tanh(self._slopes @ volts + self._biases[:, None]) ** 2
        return np.einsum("oj,jn,je->oen", self._weights, slopes, self._slopes, optimize=True)


def _tanh_in_place(x: NDArray[Any]) -> None:
    np.tanh(x, out=x)
