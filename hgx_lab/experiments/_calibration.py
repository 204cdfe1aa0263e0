"""Measures delay and phase of the signal chain before a run, with the run's own electrodes and tones."""

from __future__ import annotations

from math import ceil, floor
from pathlib import Path

import numpy as np

from hgx_lab.acquisition import Plateau
from hgx_lab.config import RunFile
from hgx_lab.config.calibration_file import load_calibration
from hgx_lab.config.record import FixedCalibration, MeasuredCalibration, SavedCalibration
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._points import random_points
from hgx_lab.experiments._stream import Listening, make_stream, read_all
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import (
    IDENTITY_RESPONSE,
    CalibrationBank,
    ChainFit,
    ChainResponse,
    Demodulator,
    ToneBank,
    calibration_bank,
    calibration_bins,
    calibration_sequence,
    fit_chain_response,
)

__all__ = ["calibrate", "calibration_tones", "known_response"]

#: Of the random device points.
_PURPOSE = 0xCA11
#: Device points at which every electrode is measured: signs and sizes of the derivatives must differ.
_POINTS = 4
#: Tones per electrode, at different frequencies.
_STEPS = 7
#: The band of the tones, widened to both sides: a delay shows in how the phase turns over a wide band.
_BELOW_BAND, _ABOVE_BAND = 0.4, 2.5
#: ... but not far towards the rate: a held converter charges a stray capacitance in steps, half a sample late,
#: which the fit of a pure capacitance can't follow there.
_OF_RATE = 0.06


def known_response(run: RunFile) -> ChainResponse | None:
    """Return the response that the run file gives or names; None where it is to be measured."""
    calibration = run.calibration
    if isinstance(calibration, MeasuredCalibration):
        return None
    if isinstance(calibration, FixedCalibration):
        return ChainResponse(calibration.delay, calibration.pole)
    if isinstance(calibration, SavedCalibration):
        return ChainResponse.from_dict(load_calibration(Path(calibration.file)).response)
    return IDENTITY_RESPONSE


def calibrate(
    run: RunFile,
    bench: Bench,
    tones: RunTones,
    calibration: MeasuredCalibration,
    *,
    listening: Listening,
) -> ChainFit:
    """Fit delay and pole to the responses of every electrode at several frequencies and device points.

    Each step gives every electrode one tone, so that the peak voltages are those of the run. The device points
    are drawn at random within the limits, from the run's seed.

    Raises
    ------
    CalibrationError
        One delay and pole don't describe what was measured, or leave the signs open.
    """
    period = tones.period_samples
    bank = calibration_tones(run, tones)
    noise = _noise_bins(bank, period)
    periods = max(1, round(calibration.duration * bench.rate_hz / period / (_POINTS * _STEPS)))
    electrode_of_tone = tuple(tones.electrodes[int(k)] for k in bank.tone_electrodes)
    demodulator = Demodulator([int(b) for b in bank.bins], period, 1, noise_bins=noise)
    demodulator.prepare(periods)
    stream = make_stream(
        run,
        bench,
        tones_hz=bank.tone_bins.astype(np.float64) * (bench.rate_hz / period),
        electrode_of_tone=electrode_of_tone,
        period_samples=period,
        bank=ToneBank([int(b) for b in bank.tone_bins], period),
        demodulator=demodulator,
        delay_samples=0,
        listening=listening,
    )
    settle = round((calibration.max_delay + run.timing.settle) * bench.rate_hz)
    amplitudes = bank.amplitudes(tones.amplitudes)
    points = random_points(run, _POINTS, purpose=_PURPOSE)
    plateaus = [Plateau(dc, amplitudes[step], settle, periods) for dc in points for step in range(_STEPS)]
    readings = read_all(stream, plateaus, slope=run.timing.slope, hear=listening.hear)
    pick = [bank.pick(r.window.phasor[0], i % _STEPS) for i, r in enumerate(readings)]
    spread = [bank.pick(r.window.phasor_std[0], i % _STEPS) for i, r in enumerate(readings)]
    shape = (_POINTS, _STEPS, len(tones.electrodes))
    return fit_chain_response(
        bank.frequencies_hz(bench.rate_hz, period)[None],
        np.array(pick).reshape(shape),
        np.array(spread).reshape(shape),
        tones.amplitudes[None, None],
        np.arange(_POINTS)[:, None, None],
        np.arange(shape[2])[None, None],
        rate_hz=bench.rate_hz,
        max_delay_samples=calibration.max_delay * bench.rate_hz,
    )


def calibration_tones(run: RunFile, tones: RunTones) -> CalibrationBank:
    """Plan the tones of the calibration: twice as many as are needed at least, where the band has room for them.

    Raises
    ------
    SignalError
        The band of the run's tones, widened as far as can be, has no room for the tones of a calibration.
    """
    lowest, highest = float(tones.frequencies_hz.min()), float(tones.frequencies_hz.max())
    # No faster than the guard allows with the run's own amplitudes, a tenth kept free for the slopes.
    slew = min(run.slew_limit(e) for e in run.toned_electrodes())
    fastest = (0.9 * slew - run.timing.slope) / (2 * np.pi * float(tones.amplitudes.max()))
    resolution = run.bench.rate / tones.period_samples
    bottom = max(lowest * _BELOW_BAND, resolution)
    top = max(highest, min(highest * _ABOVE_BAND, fastest, _OF_RATE * run.bench.rate))
    odd_bins = (floor(top / resolution + 1e-9) + 1) // 2 - ceil(bottom / resolution - 1e-9) // 2
    needed = max(len(tones.electrodes), _STEPS)
    bins = calibration_bins(
        min(2 * needed, max(needed, odd_bins)),
        rate_hz=run.bench.rate,
        period_samples=tones.period_samples,
        lowest_hz=bottom,
        highest_hz=top,
    )
    return calibration_bank(calibration_sequence(bins, len(tones.electrodes), _STEPS))


def _noise_bins(bank: CalibrationBank, period: int) -> list[int]:
    """Odd bins without a tone, around the tones: products of even order fall on the even ones."""
    used = {int(b) for b in bank.bins}
    top = min(2 * max(used), period // 2 - 1)
    return [b for b in range(1, top, 2) if b not in used]
