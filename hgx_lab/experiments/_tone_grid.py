"""Tones side by side at an even spacing: not the best of plans, but the one whose cross-talk is to be measured."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, islice

import numpy as np

from hgx_lab.config import RunFile
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._tones import RunTones, with_error_bars
from hgx_lab.signals import TonePlan
from hgx_lab.units import format_quantity

__all__ = ["grid_bins", "tone_grid"]

#: How far from a whole number of periods or samples still counts as one: decimal fractions aren't exact in binary.
_TOLERANCE = 1e-6


def tone_grid(run: RunFile, *, lowest: float, spacing: float, window: float) -> RunTones:
    """Place a tone on every electrode that carries one, at ``lowest``, ``lowest + spacing`` ..., all in Hz.

    The window, in s, is the base period, so every tone has whole periods in it. Places on harmonics of the mains
    stay empty, where the run file names the mains.

    Raises
    ------
    ExperimentError
        Frequencies or a window off the grid, or a grid that meets the mains everywhere.
    TonePlanError
        A tone at half the sampling rate or above.
    ConfigurationError
        In a window of one base period a tone would have no error bar.
    """
    samples = _whole(window * run.bench.rate, f"A window of {window:g} s", "samples", 1 / run.bench.rate, "s")
    first = _whole(lowest * window, f"The lowest tone of {lowest:g} Hz", "periods in the window", 1 / window, "Hz")
    step = _whole(spacing * window, f"A spacing of {spacing:g} Hz", "periods in the window", 1 / window, "Hz")
    mains = run.tones.mains
    names = [e.name for e in run.toned_electrodes()]
    electrodes = tuple(i for i, e in enumerate(run.electrodes) if e.name in names)
    places = count(first, step) if mains is None else _off_mains(first, step, mains * window)
    plan = TonePlan("manual", run.bench.rate, samples, tuple(islice(places, len(electrodes))), mains)
    amplitudes = np.array([run.tone_amplitude(run.electrodes[i]) for i in electrodes])
    return with_error_bars(RunTones(plan, samples, electrodes, amplitudes, run.tones.drift), run, [1])


def grid_bins(tones: RunTones, rate_hz: float) -> tuple[int, ...]:
    """Whole periods of each tone in the base period."""
    return tuple(round(f * tones.period_samples / rate_hz) for f in tones.frequencies_hz.tolist())


def _off_mains(first: int, step: int, mains: float) -> Iterator[int]:
    """Bins of the grid that aren't nearest to a harmonic of the mains, itself given in bins."""
    if mains < 1.0:
        raise ExperimentError(
            "The window is shorter than a period of the mains: no tone can keep off its harmonics.",
            remedy="Take a longer window, or set tones.mains to null.",
        )
    if all(_on_mains(first + n * step, mains) for n in range(100)):
        raise ExperimentError(
            "Every tone would be on a harmonic of the mains.", remedy="Move the lowest tone by the inverse window."
        )
    return (place for place in count(first, step) if not _on_mains(place, mains))


def _on_mains(place: int, mains: float) -> bool:
    return abs(place - round(place / mains) * mains) <= 0.5


def _whole(value: float, what: str, of: str, unit_step: float, unit: str) -> int:
    nearest = max(1, round(value))
    if abs(value - nearest) > _TOLERANCE * nearest:
        step = format_quantity(unit_step, unit, digits=9)
        raise ExperimentError(
            f"{what} has {value:.6g} {of}, and must have a whole number.", remedy=f"Take a multiple of {step}."
        )
    return nearest
