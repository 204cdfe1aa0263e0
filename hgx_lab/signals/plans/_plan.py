"""What a tone plan is: integer bins over a base period of N samples."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from hgx_lab.errors import TonePlanError
from hgx_lab.signals.types import Floats

__all__ = ["PlanKind", "TonePlan", "UntunedTones"]

PlanKind = Literal["octave", "contiguous", "hessian", "metrology", "manual"]


@dataclass(frozen=True, slots=True)
class TonePlan:
    """K tones tuned to one base period: tone k has ``bins[k]`` whole periods in ``period_samples`` samples.

    Raises
    ------
    TonePlanError
        When a bin isn't a distinct integer strictly between DC and the Nyquist bin (at the Nyquist bin a tone has
        no quadrature), or the rate or the period can't be used.
    """

    kind: PlanKind
    rate_hz: float  # sampling rate fs, shared by output and input
    period_samples: int  # base period N
    bins: tuple[int, ...]  # m_k, one per tone, in tone order: f_k = m_k fs / N
    mains_hz: float | None = 50.0  # mains the plan was made for; None: mains are ignored

    def __post_init__(self) -> None:
        if not (math.isfinite(self.rate_hz) and self.rate_hz > 0):
            raise TonePlanError(f"The sampling rate is {self.rate_hz} Hz.", remedy="Give a positive rate.")
        if self.period_samples < 3:
            raise TonePlanError(
                f"The base period is {self.period_samples} samples; the shortest that holds a tone is 3.",
                remedy="Give a longer base period.",
            )
        if self.mains_hz is not None and not (math.isfinite(self.mains_hz) and self.mains_hz > 0):
            raise TonePlanError(
                f"The mains frequency is {self.mains_hz} Hz.", remedy="Give 50 or 60 Hz, or none to ignore mains."
            )
        if not self.bins:
            raise TonePlanError("The plan holds no tone.", remedy="Give at least one bin.")
        outside = [m for m in self.bins if not 0 < 2 * m < self.period_samples]
        if outside:
            raise TonePlanError(
                f"Bins {outside} aren't strictly between 0 and N/2 = {self.period_samples / 2:g}.",
                remedy="Use lower frequencies or a higher sampling rate.",
            )
        repeated = sorted({m for m in self.bins if self.bins.count(m) > 1})
        if repeated:
            raise TonePlanError(f"Bins {repeated} are used more than once.", remedy="Give each tone its own bin.")

    @property
    def count(self) -> int:
        """Number of tones K."""
        return len(self.bins)

    @property
    def base_hz(self) -> float:
        """Width of a bin fs / N, in Hz."""
        return self.rate_hz / self.period_samples

    @property
    def period_seconds(self) -> float:
        """Length of the base period N / fs, in s."""
        return self.period_samples / self.rate_hz

    @property
    def frequencies_hz(self) -> Floats:
        """Frequencies m_k fs / N of the tones, in Hz; (K,)."""
        return np.asarray(self.bins, dtype=np.float64) * self.rate_hz / self.period_samples


@dataclass(frozen=True, slots=True)
class UntunedTones:
    """Tones off the grid of any short base period, to be estimated by joint least squares.

    Their references aren't orthogonal over a window, so they must be fitted together with the mean.
    """

    rate_hz: float
    frequencies: tuple[float, ...]  # Hz, one per tone, in tone order

    @property
    def count(self) -> int:
        """Number of tones K."""
        return len(self.frequencies)

    @property
    def frequencies_hz(self) -> Floats:
        """Frequencies of the tones, in Hz; (K,)."""
        return np.asarray(self.frequencies, dtype=np.float64)
