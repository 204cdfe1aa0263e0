"""The bins that mains disturb."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAINS_HARMONICS", "mains_bins"]

#: Harmonics of the mains that are avoided. Above the 20th (1 kHz at 50 Hz) hum is below the noise of any bench we know.
MAINS_HARMONICS = 20


def mains_bins(rate_hz: float, period_samples: int, mains_hz: float) -> NDArray[np.int64]:
    """Sorted bins nearest to the first 20 harmonics of the mains, with a neighbour on either side, folded.

    A line between two bins leaks into both, and mains wander by a fraction of a hertz: hence the neighbours. DC and
    the Nyquist bin appear when a line lies next to them.
    """
    harmonics = np.arange(1, MAINS_HARMONICS + 1, dtype=np.float64) * mains_hz
    nearest = np.rint(harmonics * period_samples / rate_hz).astype(np.int64)
    lines = (nearest[:, None] + np.array([-1, 0, 1], dtype=np.int64)[None, :]).ravel() % period_samples
    return np.unique(np.minimum(lines, period_samples - lines))
