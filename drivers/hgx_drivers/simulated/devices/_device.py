"""The one role every simulated device plays."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

__all__ = ["Device"]

Floats = NDArray[np.float64]


@runtime_checkable
class Device(Protocol):
    """A quasi-static device: volts at E electrodes to O output currents.

    ``current`` may keep a warm start between calls as an optimisation, but its result depends on the volts
    alone: any split of a stream into blocks gives the same samples.
    """

    @property
    def electrodes(self) -> int:
        """Number of electrodes E that are driven."""
        ...

    @property
    def outputs(self) -> int:
        """Number of output currents O."""
        ...

    def current(self, volts: Floats) -> Floats:
        """Output currents in amperes, shape (O, n), for volts of shape (E, n)."""
        ...

    def jacobian(self, volts: Floats) -> Floats:
        """Exact derivatives in A/V, shape (O, E, n), for volts of shape (E, n): the truth for tests."""
        ...
