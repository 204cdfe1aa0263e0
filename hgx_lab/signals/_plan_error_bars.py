"""Which error bars a tone plan gives, read as runs read it: noise from the bins that nothing falls on."""

from __future__ import annotations

from functools import lru_cache

from hgx_lab.signals.demodulation import ErrorBars, tuned_error_bars, untuned_error_bars
from hgx_lab.signals.plans import TonePlan, UntunedTones, empty_bins

__all__ = ["error_bars"]


@lru_cache(maxsize=64)
def error_bars(plan: TonePlan | UntunedTones, period_samples: int, periods: int) -> ErrorBars:
    """Which tones, and whether the mean, have an error bar in windows of ``periods`` base periods.

    From two base periods on, tuned tones always have one: their scatter between the periods. In a single one the noise
    is that of the empty bins (:func:`empty_bins`) within an octave.

    Raises
    ------
    SignalError
        Tones that can't be read.
    """
    if isinstance(plan, UntunedTones):
        return untuned_error_bars([f / plan.rate_hz for f in plan.frequencies], period_samples * periods)
    noise = [] if periods > 1 else [int(b) for b in empty_bins(plan)]
    return tuned_error_bars(plan.bins, period_samples, periods, noise)
