"""From the tones of a run file to a tone plan and what reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from hgx_lab.acquisition import Demodulates, Waves
from hgx_lab.config import RunFile
from hgx_lab.config.windows import tone_plan
from hgx_lab.errors import ConfigurationError
from hgx_lab.signals import (
    Demodulator,
    Floats,
    ToneBank,
    TonePlan,
    UntunedDemodulator,
    UntunedTones,
    empty_bins,
    error_bars,
    untuned_bank,
)

__all__ = ["RunTones", "plan_tones", "silent_tones", "with_error_bars"]


@dataclass(frozen=True, slots=True, eq=False)
class RunTones:
    """The tones of a run: which electrode each rides on, its peak, and the plan of their frequencies."""

    plan: TonePlan | UntunedTones
    period_samples: int
    electrodes: tuple[int, ...]
    amplitudes: Floats
    drift: bool

    def error_bar_method(self, run: RunFile, periods: int) -> str:
        """Say, for records and people, where the error bars of windows of ``periods`` base periods come from."""
        bars = error_bars(self.plan, self.period_samples, periods)
        if not bars.continued:
            return bars.method
        names = ", ".join(run.electrodes[self.electrodes[k]].name for k in bars.continued)
        return f"{bars.method}; continued from the nearest of them to {names}"

    @property
    def frequencies_hz(self) -> Floats:
        """Frequency of each tone, (tones,)."""
        return self.plan.frequencies_hz

    def bank(self) -> Waves:
        """Make the synthesis of these tones."""
        if isinstance(self.plan, UntunedTones):
            return untuned_bank(self.plan)
        return ToneBank(self.plan.bins, self.period_samples)

    def demodulator(self, channels: int, windows: Iterable[int]) -> Demodulates:
        """Make the demodulation of these tones, with error bars from the empty bins around them.

        It is ready at once for ``windows`` of so many base periods; others cost time at their first use.
        """
        demodulator = self._demodulator(channels)
        for periods in windows:
            demodulator.prepare(periods)
        return demodulator

    def _demodulator(self, channels: int) -> Demodulator | UntunedDemodulator:
        if isinstance(self.plan, UntunedTones):
            return UntunedDemodulator(
                [float(f) for f in self.plan.frequencies_hz],
                self.plan.rate_hz,
                self.period_samples,
                channels,
                drift=self.drift,
            )
        noise = [int(b) for b in empty_bins(self.plan)]
        return Demodulator(self.plan.bins, self.period_samples, channels, noise_bins=noise, drift=self.drift)


def plan_tones(run: RunFile) -> RunTones:
    """Plan one tone for every electrode of a run that carries one.

    Raises
    ------
    TonePlanError
        There is no such plan.
    ConfigurationError
        There is, but in the windows of the run a derivative would have no error bar.
    """
    wanted = run.tones
    names = [e.name for e in run.toned_electrodes()]
    electrodes = tuple(i for i, e in enumerate(run.electrodes) if e.name in names)
    rate_hz = run.bench.rate
    period = round(wanted.period * rate_hz)
    plan = tone_plan(wanted, rate_hz, len(electrodes))
    if len(electrodes) != plan.count:
        raise ConfigurationError(f"{plan.count} tones were given for {len(electrodes)} electrodes with tones.")
    amplitudes = np.array([run.tone_amplitude(run.electrodes[i]) for i in electrodes])
    return with_error_bars(RunTones(plan, period, electrodes, amplitudes, wanted.drift), run, run.plan_windows.toned)


def with_error_bars(tones: RunTones, run: RunFile, windows: Iterable[int]) -> RunTones:
    """Return the tones if windows of so many base periods give each of them an error bar.

    Raises
    ------
    ConfigurationError
        They don't.
    """
    for periods in windows:
        if missing := error_bars(tones.plan, tones.period_samples, periods).missing:
            names = ", ".join(run.electrodes[tones.electrodes[k]].name for k in missing)
            raise ConfigurationError(
                f"The derivatives of {names} would have no error bars: windows of {periods} x {tones.period_samples} "
                "samples hold no frequency without signal within an octave of their tones.",
                remedy="Read two base periods or more in a window, lengthen them, or move the tones up in frequency.",
            )
    return tones


def silent_tones(run: RunFile) -> RunTones:
    """Plan one tone of no amplitude, for means over whole base periods of the run."""
    period = round(run.tones.period * run.bench.rate)
    plan = TonePlan("manual", run.bench.rate, period, (1,), None)
    return RunTones(plan, period, (0,), np.zeros(1), drift=False)
