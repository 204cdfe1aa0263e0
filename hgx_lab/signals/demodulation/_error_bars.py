"""Which error bars windows of a length can give, known before the first of them is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hgx_lab.signals.demodulation._bins import BinMap
from hgx_lab.signals.demodulation._evaluation import Evaluation
from hgx_lab.signals.demodulation._layout import WindowLayout
from hgx_lab.signals.demodulation._untuned import free_lines

__all__ = ["ErrorBars", "tuned_error_bars", "untuned_error_bars"]

#: Lines around a tone that its fit can empty.
_EMPTIED_LINES = 4


@dataclass(frozen=True, slots=True)
class ErrorBars:
    """Whether every tone, (K,), and the mean have an error bar in windows of one length, and by which method.

    ``continued`` are the tones to which the noise density is continued from the nearest free frequencies.
    """

    tones: tuple[bool, ...]
    mean: bool
    method: str
    continued: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether none is missing."""
        return self.mean and all(self.tones)

    @property
    def missing(self) -> tuple[int, ...]:
        """The tones without one."""
        return tuple(k for k, known in enumerate(self.tones) if not known)


def tuned_error_bars(bins: Sequence[int], period_samples: int, periods: int, noise_bins: Sequence[int]) -> ErrorBars:
    """What :class:`Demodulator` with these tones and noise bins gives in windows of ``periods`` base periods."""
    where = BinMap.of(bins, (), noise_bins, period_samples)
    layout = WindowLayout.of(period_samples, periods, 1)
    evaluation = Evaluation(where.bins, where.signals, layout, drift=False)
    known = np.isfinite(evaluation.fit.relative_scatter[where.tones])
    outside = known & evaluation.fit.outside[where.tones]
    return ErrorBars(
        tuple(bool(k) for k in known),
        evaluation.mean_noise.known,
        "empty bins around the tones" if periods == 1 else "scatter between base periods, and empty bins",
        tuple(int(k) for k in np.flatnonzero(outside)),
    )


def untuned_error_bars(tones_per_sample: Sequence[float], samples: int) -> ErrorBars:
    """What :class:`UntunedDemodulator` gives in a window of ``samples``, tones in periods per sample: all or none."""
    count = len(tones_per_sample)
    plenty = (samples + 1) // 2 - 2 > _EMPTIED_LINES * count  # a long window needn't be looked through
    known = plenty or free_lines(np.asarray(tones_per_sample, dtype=np.float64) * samples, samples).size > 0
    return ErrorBars((known,) * count, known, "residual of the joint fit around the tones")
