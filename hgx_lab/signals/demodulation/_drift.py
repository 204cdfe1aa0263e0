"""A linear drift in the joint least-squares fit, at the price of one extra inner product."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hgx_lab.errors import SignalError
from hgx_lab.signals.types import Complex, Floats

__all__ = ["DriftTerm"]


class DriftTerm:
    """Removes from Fourier sums what a linear drift put there, as the joint fit of tones, DC and drift does.

    Tones of whole base periods are orthogonal to each other and to DC; the drift regressor tau is orthogonal to DC
    alone. Eliminating it from the normal equations needs the sum of tau x and the Fourier sums
    ``a_m = M/(exp(-2 pi i m/N) - 1)`` of tau itself (M samples a window). Detrending first would instead take
    the tones' own share of the drift away.

    Parameters
    ----------
    bins:
        All bins (B,) whose sums are corrected.
    fitted:
        How many of the first are tones and lines, and so belong to the fit.

    Raises
    ------
    SignalError
        The tones span the drift: nothing of it is left to tell them apart.
    """

    def __init__(self, bins: Sequence[int], fitted: int, period: int, periods: int) -> None:
        self._samples = period * periods
        self._fitted = fitted
        self._leak = self._samples / (np.exp(-2j * np.pi * np.asarray(bins) / period) - 1.0)
        leak_power = np.abs(self._leak) ** 2
        norm = self._samples * (self._samples**2 - 1) / 12.0
        self._remainder = norm - 2.0 / self._samples * float(leak_power[:fitted].sum())
        if self._remainder < 1e-6 * norm:
            raise SignalError(
                f"{fitted} tones and lines in a base period of {period} samples explain a linear drift fully.",
                remedy="Choose a longer window, or switch the drift term off.",
            )
        #: Factor (B,) on the standard deviations in white noise, rms over in-phase and quadrature.
        self.std_factor: Floats = np.sqrt(1.0 + leak_power / (self._samples * self._remainder))

    def remove(self, sums: Complex, moment: Floats) -> Complex:
        """Corrected sums (C, B), from those and the sums of tau x (C,), tau = sample - (M - 1)/2."""
        own = (np.conj(self._leak[: self._fitted]) * sums[:, : self._fitted]).real.sum(axis=1)
        slope = (moment - 2.0 / self._samples * own) / self._remainder
        return sums - slope[:, None] * self._leak
