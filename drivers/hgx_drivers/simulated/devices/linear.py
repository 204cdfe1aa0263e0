"""A device that obeys Ohm's law: what the bench itself does can be read off it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hgx_drivers.errors import InvalidSamples

__all__ = ["LinearDevice"]

Floats = NDArray[np.float64]


class LinearDevice:
    """I = G V + I0.

    Parameters
    ----------
    conductances:
        (E,) for one output or (O, E), in A/V.
    offset_amperes:
        One number, or (O,).
    """

    def __init__(self, conductances: ArrayLike, offset_amperes: ArrayLike = 0.0) -> None:
        self._conductances = np.atleast_2d(np.array(conductances, dtype=np.float64))
        self._offset = np.broadcast_to(np.array(offset_amperes, dtype=np.float64), (self.outputs,))
        if self._conductances.ndim != 2 or not np.isfinite(self._conductances).all():
            raise InvalidSamples("Conductances must be finite numbers of shape (electrodes,) or (outputs, electrodes).")

    @property
    def electrodes(self) -> int:
        """Number of electrodes E."""
        return self._conductances.shape[1]

    @property
    def outputs(self) -> int:
        """Number of outputs O."""
        return self._conductances.shape[0]

    def current(self, volts: Floats) -> Floats:
        """Amperes, shape (O, n), for volts of shape (E, n); summed electrode by electrode, whatever n."""
        current = np.repeat(self._offset[:, None], volts.shape[1], axis=1)
        for column, row in zip(self._conductances.T, volts, strict=True):
            current += column[:, None] * row
        return current

    def jacobian(self, volts: Floats) -> Floats:
        """G for every sample, shape (O, E, n)."""
        return np.repeat(self._conductances[:, :, None], volts.shape[1], axis=2)
