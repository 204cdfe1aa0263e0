"""A short test of the wires before a run: every electrode's response at a few device points, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from hgx_lab.acquisition import Message, Plateau, Reading, RunControl
from hgx_lab.config import RunFile
from hgx_lab.config.self_test import SelfTest
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._stream import make_stream, read_all
from hgx_lab.signals import (
    CalibrationBank,
    Demodulator,
    Floats,
    ToneBank,
    WiringEvidence,
    calibration_bank,
    calibration_bins,
    calibration_sequence,
    wiring_evidence,
)

__all__ = ["SelfTestResult", "self_test"]

#: Of the random device points.
_PURPOSE = 0x5E1F
#: Device points: two electrodes that respond alike at all of them touch.
_POINTS = 6


@dataclass(frozen=True, slots=True, eq=False)
class SelfTestResult:
    """A test that was passed: the names of the tested electrodes and the evidence, in their order."""

    names: tuple[str, ...]
    evidence: WiringEvidence


def self_test(
    run: RunFile,
    bench: Bench,
    settings: SelfTest,
    *,
    hear: Callable[[Message], None],
    interrupted: Callable[[], None],
    control: RunControl | None = None,
    watch: Callable[[int, Floats], None] | None = None,
) -> SelfTestResult:
    """Give every electrode that isn't fixed each of a few frequencies in turn, at random points, and judge.

    Raises
    ------
    SelfTestError
        An open or shorted electrode, a dead input or a clipped one; the outputs are at rest then.
    SignalError
        The band of the run has no room for one tone per electrode.
    """
    tested = [i for i, e in enumerate(run.electrodes) if e.role != "fixed"]
    names = tuple(run.electrodes[i].name for i in tested)
    period = round(run.tones.period * bench.rate_hz)
    low, high = run.tones.band
    bins = calibration_bins(len(tested), rate_hz=bench.rate_hz, period_samples=period, lowest_hz=low, highest_hz=high)
    bank = calibration_bank(calibration_sequence(bins, len(tested), len(tested)))
    volts = _amplitudes(run, tested, float(bins[-1]) * bench.rate_hz / period)
    readings = _measure(run, bench, settings, bank, tested, volts, period, hear, interrupted, control, watch)
    _check_input(readings)
    steps, shape = len(tested), (_POINTS, len(tested), len(tested))
    order = np.argsort(bank.sequence, axis=0)  # from steps to ascending frequency, for each electrode
    phasor = np.array([bank.pick(r.window.phasor[0], n % steps) for n, r in enumerate(readings)]).reshape(shape)
    spread = np.array([bank.pick(r.window.phasor_std[0], n % steps) for n, r in enumerate(readings)]).reshape(shape)
    evidence = wiring_evidence(
        np.take_along_axis(phasor, order[None], axis=1) / volts, np.take_along_axis(spread, order[None], axis=1) / volts
    )
    _check_wires(evidence, names)
    return SelfTestResult(names, evidence)


def _amplitudes(run: RunFile, tested: list[int], highest_hz: float) -> np.ndarray:
    """Peak of every tested electrode: its own, or where it has none the smallest of the others; slew allows it."""
    own = np.array([run.tone_amplitude(run.electrodes[i]) for i in tested])
    volts = np.where(own > 0.0, own, np.min(own[own > 0.0], initial=np.inf))
    slew = np.array([run.slew_limit(run.electrodes[i]) for i in tested])
    room = np.array([0.25 * (run.electrodes[i].limits[1] - run.electrodes[i].limits[0]) for i in tested])
    fastest = 0.9 * np.maximum(slew - run.timing.slope, 0.0) / (2 * np.pi * highest_hz)
    return np.minimum(np.minimum(volts, fastest), room)


def _measure(
    run: RunFile,
    bench: Bench,
    settings: SelfTest,
    bank: CalibrationBank,
    tested: list[int],
    volts: np.ndarray,
    period: int,
    hear: Callable[[Message], None],
    interrupted: Callable[[], None],
    control: RunControl | None,
    watch: Callable[[int, Floats], None] | None,
) -> list[Reading]:
    used = {int(b) for b in bank.bins}
    noise = [b for b in range(1, min(2 * max(used), period // 2 - 1), 2) if b not in used]
    steps = len(tested)
    periods = max(1, round(settings.duration * bench.rate_hz / period / (_POINTS * steps)))
    demodulator = Demodulator([int(b) for b in bank.bins], period, 1, noise_bins=noise)
    demodulator.prepare(periods)
    stream = make_stream(
        run,
        bench,
        tones_hz=bank.tone_bins.astype(np.float64) * (bench.rate_hz / period),
        electrode_of_tone=tuple(tested[int(k)] for k in bank.tone_electrodes),
        period_samples=period,
        bank=ToneBank([int(b) for b in bank.tone_bins], period),
        demodulator=demodulator,
        delay_samples=0,
        interrupted=interrupted,
        control=control,
        watch=watch,
    )
    amplitudes = bank.amplitudes(volts)
    settle = round((run.timing.settle + settings.max_delay) * bench.rate_hz)
    points = random_points(run, _POINTS, purpose=_PURPOSE, room=float(np.max(volts)))
    plateaus = [Plateau(dc, amplitudes[step], settle, periods) for dc in points for step in range(steps)]
    return read_all(stream, plateaus, slope=run.timing.slope, hear=hear)


def _check_input(readings: list[Reading]) -> None:
    low = min(float(r.window.minimum[0]) for r in readings)
    high = max(float(r.window.maximum[0]) for r in readings)
    if low == high:
        raise SelfTestError(
            f"The input read {low:g} A in every sample of {len(readings)} windows: its converter or amplifier is dead.",
            remedy="Check the input's terminal, cable and the supply of the amplifier.",
        )
    clipped = sum(r.overload for r in readings)
    if 2 * clipped > len(readings):
        raise SelfTestError(
            f"The input was clipped in {clipped} of {len(readings)} windows, between {low:g} and {high:g} A.",
            remedy="Take a smaller amplification, or look for an electrode that leaks to the output.",
        )


def _check_wires(evidence: WiringEvidence, names: tuple[str, ...]) -> None:
    typical = float(np.median(evidence.sizes))
    if not typical > 0.0:
        raise SelfTestError(
            f"None of {', '.join(names)} has a response above the noise.",
            remedy="Check the contact of the device and of its output, and the amplitude of the tones.",
        )
    faults = [
        f"{names[k]} is open or its output converter dead: its response is below {evidence.largest_sizes[k]:.2g} A/V, "
        f"that of the others about {typical:.2g} A/V."
        for k in evidence.silent
    ] + [
        f"{names[i]} and {names[j]} are shorted: they respond alike, {evidence.sizes[i]:.3g} and "
        f"{evidence.sizes[j]:.3g} A/V, at all {_POINTS} device points."
        for i, j in evidence.shorted
    ]
    if faults:
        raise SelfTestError(" ".join(faults), remedy="Check the contacts and cables of these electrodes.")
