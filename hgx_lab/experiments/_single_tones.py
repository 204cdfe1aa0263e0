"""One tone at a time, at frequencies evenly spaced in their logarithm."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Demodulates
from hgx_lab.config import FrequencyResponseRun
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._bounds import check_tones_fit
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import Demodulator, TonePlan
from hgx_lab.signals.demodulation import tuned_error_bars
from hgx_lab.signals.plans import fold, mains_bins

__all__ = ["OneAtATime", "even_bins"]

#: How far a frequency may be moved to keep away from the mains, as a logarithm.
_AWAY_FROM_MAINS = 0.2
#: Below the lowest tone there must be a bin to read the noise in.
_LOWEST_BIN = 2


class OneAtATime(RunTones):
    """Tones of which one sounds at a time, so that nothing mixes: noise is read beside them and their harmonics."""

    __slots__ = ()

    def demodulator(self, channels: int, windows: Iterable[int] = ()) -> Demodulates:
        """Make the demodulation of these tones, with error bars from the bins that none of them reaches."""
        plan = self.plan
        if not isinstance(plan, TonePlan):
            raise ExperimentError("Tones one at a time are on the grid of the base period.")
        made = Demodulator(
            plan.bins, plan.period_samples, channels, noise_bins=_noise_bins(plan).tolist(), drift=self.drift
        )
        for periods in windows:
            made.prepare(periods)
        return made


def _noise_bins(plan: TonePlan) -> NDArray[np.int64]:
    """Bins that neither a tone nor its second or third harmonic reaches, off the mains where the grid allows it."""
    bins = np.array(plan.bins)
    reached = fold(np.concatenate([order * bins for order in (1, 2, 3)]), plan.period_samples)
    noise = np.setdiff1d(np.arange(1, (plan.period_samples + 1) // 2), reached)
    if plan.mains_hz is None:
        return noise
    calm = np.setdiff1d(noise, mains_bins(plan.rate_hz, plan.period_samples, plan.mains_hz))
    # On a coarse grid the mains are everywhere; noise has to be read below the lowest tone too.
    return calm if calm.size and calm[0] < bins.min() else noise


def even_bins(run: FrequencyResponseRun) -> tuple[int, ...]:
    """Bins of the base period next to even steps in log frequency, away from the mains where that is near enough.

    Raises
    ------
    ExperimentError
        The span holds no such frequencies, or electrodes couldn't carry them, or one would have no error bar.
    """
    low, high = run.span
    period = round(run.tones.period * run.bench.rate)
    if not low < high:
        raise ExperimentError(f"The span from {low:g} to {high:g} Hz is empty.", remedy="Give the lower one first.")
    check_tones_fit(run, high)
    if low * run.tones.period < _LOWEST_BIN * (1 - 1e-9):
        raise ExperimentError(
            f"A tone of {low:g} Hz has {low * run.tones.period:.3g} periods in a base period of "
            f"{run.tones.period:g} s.",
            remedy=f"Begin the span at {_LOWEST_BIN / run.tones.period:g} Hz, or lengthen tones.period.",
        )
    candidates = np.arange(_LOWEST_BIN, (period + 1) // 2)
    disturbed = np.zeros(candidates.shape)
    if run.tones.mains is not None:
        disturbed = np.isin(candidates, mains_bins(run.bench.rate, period, run.tones.mains)) * _AWAY_FROM_MAINS
    # No candidate above the span: the slew has been checked up to there.
    disturbed[candidates > high * run.tones.period * (1 + 1e-9)] = np.inf
    wanted = np.geomspace(low, high, run.steps) * run.tones.period
    chosen = {int(candidates[np.argmin(np.abs(np.log(candidates / w)) + disturbed)]) for w in wanted}
    if len(chosen) < 2:
        raise ExperimentError(
            f"Between {low:g} and {high:g} Hz a base period of {run.tones.period:g} s has a single frequency.",
            remedy="Lengthen tones.period.",
        )
    bins = tuple(sorted(chosen))
    plan = TonePlan("manual", run.bench.rate, period, bins, run.tones.mains)
    bars = tuned_error_bars(bins, period, run.timing.periods, _noise_bins(plan).tolist())
    if bars.missing:
        where = ", ".join(f"{bins[k] / run.tones.period:g}" for k in bars.missing)
        raise ExperimentError(
            f"Derivatives at {where} Hz would have no error bar: all frequencies around them carry tones or harmonics.",
            remedy="Set timing.periods to 2 or more, lengthen tones.period, or take fewer steps.",
        )
    return bins
