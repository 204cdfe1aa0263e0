"""Responses of electrodes at given device points, for tests of the wires: any tone on any electrode, one stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_lab.acquisition import Plateau
from hgx_lab.config import RunFile
from hgx_lab.errors import SignalError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._stream import Listening, make_stream, read_all
from hgx_lab.signals import Complex, Demodulator, Floats, ToneBank, calibration_bins

__all__ = ["Heard", "Setting", "WireProbe", "free_electrodes", "probe_bins"]

#: Peak for electrodes of a run without tones, V, and as a share of the electrode's limits.
_TONELESS_VOLTS = 20e-3
_TONELESS_SHARE = 0.05
#: Errors are taken as at most this many times their median over the settings, and as at least this share of the
#: largest current.
_MOST_UNEVEN, _ROUNDING = 10.0, 1e-7


def free_electrodes(run: RunFile) -> list[int]:
    """Positions of the electrodes that can be tested: all that aren't held fixed."""
    return [i for i, e in enumerate(run.electrodes) if e.role != "fixed"]


def probe_bins(run: RunFile, count: int, rate_hz: float) -> NDArray[np.int64]:
    """``count`` odd bins of the run's base period within its band, ascending."""
    period = round(run.tones.period * rate_hz)
    low, high = run.tones.band
    return calibration_bins(count, rate_hz=rate_hz, period_samples=period, lowest_hz=low, highest_hz=high)


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """Voltages (all electrodes,) and peaks of the tones (tested electrodes, bins) to measure at, in V."""

    dc: Floats
    volts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """Phasors of the bins in every setting, (settings, bins), A, their errors, and whether it was clipped."""

    phasor: Complex
    std: Floats
    mean: Floats  # (settings,), A
    clipped: NDArray[np.bool_]
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True, eq=False)
class WireProbe:
    """What measures settings on an open bench, through the guard, and leaves the outputs at rest."""

    run: RunFile
    bench: Bench
    tested: list[int]
    bins: NDArray[np.int64]
    period_samples: int
    max_delay: float
    listening: Listening

    def peaks(self) -> Floats:
        """Peak of every tested electrode, V: its own, or where it has none the smallest of the others, 20 mV at most.

        Raises
        ------
        SignalError
            The slew rate leaves none.
        """
        run, electrodes = self.run, [self.run.electrodes[i] for i in self.tested]
        own = np.array([run.tone_amplitude(e) for e in electrodes])
        width = np.array([e.limits[1] - e.limits[0] for e in electrodes])
        borrowed = np.minimum(np.min(own[own > 0.0], initial=_TONELESS_VOLTS), _TONELESS_SHARE * width)
        slew = np.array([run.slew_limit(e) for e in electrodes])
        highest_hz = float(self.bins[-1]) * self.bench.rate_hz / self.period_samples
        fastest = 0.9 * (slew - run.timing.slope) / (2 * np.pi * highest_hz)
        peaks = np.minimum(np.where(own > 0.0, own, borrowed), fastest)
        if not np.all(peaks > 0.0):
            k = int(np.argmin(peaks))
            raise SignalError(
                f"{electrodes[k].name} has no room for a tone: its slew limit is {slew[k]:g} V/s, and slopes take "
                f"{run.timing.slope:g} V/s.",
                remedy="Lower timing.slope, or raise the limit if the device bears it.",
            )
        return peaks

    def periods(self, seconds: float, settings: int) -> int:
        """Base periods of each of ``settings`` windows that together take about ``seconds``; at least one."""
        return max(1, round(seconds * self.bench.rate_hz / self.period_samples / settings))

    def measure(self, settings: Sequence[Setting], periods: int) -> Heard:
        """Measure settings in their order in a stream of its own.

        Raises
        ------
        GuardRefusal, AcquisitionError, DriverError
            As any stream; the outputs have been brought to rest then, if anything could.
        """
        run, bench, period = self.run, self.bench, self.period_samples
        electrodes, bins = np.meshgrid(np.arange(len(self.tested)), self.bins, indexing="ij")
        used = {int(b) for b in self.bins}
        noise = [b for b in range(1, min(2 * max(used), period // 2 - 1), 2) if b not in used]
        demodulator = Demodulator([int(b) for b in self.bins], period, 1, noise_bins=noise)
        demodulator.prepare(periods)
        stream = make_stream(
            run,
            bench,
            tones_hz=bins.ravel().astype(np.float64) * (bench.rate_hz / period),
            electrode_of_tone=tuple(self.tested[int(k)] for k in electrodes.ravel()),
            period_samples=period,
            bank=ToneBank([int(b) for b in bins.ravel()], period),
            demodulator=demodulator,
            delay_samples=0,
            listening=self.listening,
        )
        settle = round((run.timing.settle + self.max_delay) * bench.rate_hz)
        plateaus = [Plateau(one.dc, one.volts.ravel(), settle, periods) for one in settings]
        readings = read_all(stream, plateaus, slope=run.timing.slope, hear=self.listening.hear)
        windows = [r.window for r in readings]
        minimum, maximum = min(float(w.minimum[0]) for w in windows), max(float(w.maximum[0]) for w in windows)
        std = np.array([w.phasor_std[0] for w in windows])
        # Without noise a fit to empty bins finds rounding errors and stray lines, and so anything.
        std = np.minimum(std, _MOST_UNEVEN * np.median(std, axis=0))
        std = np.maximum(std, _ROUNDING * max(abs(minimum), abs(maximum)))
        return Heard(
            phasor=np.array([w.phasor[0] for w in windows]),
            std=std,
            mean=np.array([float(w.mean[0]) for w in windows]),
            clipped=np.array([r.overload for r in readings], dtype=np.bool_),
            minimum=minimum,
            maximum=maximum,
        )
