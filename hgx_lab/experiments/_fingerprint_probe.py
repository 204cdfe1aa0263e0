"""Measure the fingerprint of a wired device, and compare it with a stored one."""

from __future__ import annotations

import numpy as np

from hgx_lab.config import RunFile
from hgx_lab.errors import SignalError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._points import steady_volts
from hgx_lab.experiments._stream import Listening
from hgx_lab.experiments._wire_probe import Setting, WireProbe, free_electrodes, probe_bins
from hgx_lab.signals import Fingerprint, Floats

__all__ = ["measure_fingerprint", "measure_fingerprint_again"]

#: Voltages that all tested electrodes have in common, and the room that they need, V.
_POINTS = 5
_LEAST_VOLTS = 10e-3
#: Two frequencies of the band are no choice; of three, the middle one is far from flicker and from the pole.
_BINS = 3
_SECONDS = 2.0


def measure_fingerprint(
    run: RunFile,
    bench: Bench,
    *,
    max_delay: float,
    listening: Listening,
) -> Fingerprint:
    """Give every tested electrode a tone in turn, with all of them at the same voltage, at a few voltages.

    Raises
    ------
    SignalError
        Fewer than two electrodes, no voltage that all their limits allow, or no room for a tone.
    """
    tested = free_electrodes(run)
    bins = probe_bins(run, _BINS, bench.rate_hz)[1:2]
    probe = WireProbe(run, bench, tested, bins, round(run.tones.period * bench.rate_hz), max_delay, listening)
    if len(tested) < 2:
        raise SignalError("A fingerprint needs two electrodes that aren't fixed.")
    peak = float(np.min(probe.peaks()))
    low = max(run.electrodes[i].limits[0] for i in tested) + peak
    high = min(run.electrodes[i].limits[1] for i in tested) - peak
    if high - low < _LEAST_VOLTS:
        raise SignalError(
            "A fingerprint needs voltages that all electrodes may have; these limits leave none.",
            remedy="Widen the limits if the device bears it; without a fingerprint, swapped wires aren't found.",
        )
    points = np.tile(steady_volts(run), (_POINTS, 1))
    points[:, tested] = np.linspace(low, high, _POINTS)[:, None]
    return _measure(probe, points, peak)


def measure_fingerprint_again(
    run: RunFile,
    bench: Bench,
    stored: Fingerprint,
    *,
    max_delay: float,
    listening: Listening,
) -> Fingerprint:
    """Measure at the points, the frequency and the amplitude of a stored fingerprint.

    Raises
    ------
    SignalError
        The run has other electrodes, another rate, or limits that don't allow it.
    """
    tested = free_electrodes(run)
    names = tuple(run.electrodes[i].name for i in tested)
    points, peak = stored.points_volts, stored.amplitude_volts
    if names != stored.names or points.shape[1] != len(run.electrodes):
        raise SignalError(f"The fingerprint is of {', '.join(stored.names)}; the run has {', '.join(names)}.")
    if stored.rate_hz != bench.rate_hz:
        raise SignalError(f"The fingerprint was taken at {stored.rate_hz:g} Hz; the run has {bench.rate_hz:g} Hz.")
    held = np.array([e.role == "fixed" for e in run.electrodes])
    if not np.allclose(points[:, held], steady_volts(run)[held]):
        raise SignalError("The fingerprint was taken with other voltages on the fixed electrodes.")
    low, high = (np.array([e.limits[side] for e in run.electrodes]) for side in (0, 1))
    slew = min(run.slew_limit(run.electrodes[i]) for i in tested) - run.timing.slope
    outside = np.any(points[:, tested] - peak < low[tested] - 1e-9) or np.any(
        points[:, tested] + peak > high[tested] + 1e-9
    )
    if outside or 2 * np.pi * stored.frequency_hz * peak > slew:
        raise SignalError("The limits of the run don't allow the voltages of the fingerprint.")
    period = round(run.tones.period * bench.rate_hz)
    tone = stored.frequency_hz * period / bench.rate_hz
    if abs(tone - round(tone)) > 1e-6 or round(tone) < 1:
        raise SignalError(
            f"The tone of the fingerprint, {stored.frequency_hz:g} Hz, doesn't fit the base period of the run, "
            f"{run.tones.period:g} s."
        )
    bins = np.array([round(tone)], dtype=np.int64)
    return _measure(WireProbe(run, bench, tested, bins, period, max_delay, listening), points, peak)


def _measure(probe: WireProbe, points: Floats, peak: float) -> Fingerprint:
    count = len(probe.tested)
    settings = [Setting(dc, peak * np.eye(count)[:, k : k + 1]) for dc in points for k in range(count)]
    heard = probe.measure(settings, probe.periods(_SECONDS, len(settings)))
    if heard.clipped.any():
        raise SignalError(
            "The input clips with all electrodes at the same voltage, so that there is no fingerprint.",
            remedy="Take a smaller amplification or narrower limits.",
        )
    shape = (len(points), count)
    return Fingerprint(
        names=tuple(probe.run.electrodes[i].name for i in probe.tested),
        points_volts=points,
        response=heard.phasor.reshape(shape) / peak,
        std=heard.std.reshape(shape) / peak,
        frequency_hz=float(probe.bins[0]) * probe.bench.rate_hz / probe.period_samples,
        rate_hz=probe.bench.rate_hz,
        amplitude_volts=peak,
    )
