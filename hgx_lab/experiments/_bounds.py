"""Refuses, before anything moves, tones that an electrode couldn't carry."""

from __future__ import annotations

import math

from hgx_lab.config import RunFile
from hgx_lab.errors import ExperimentError
from hgx_lab.units import format_quantity

__all__ = ["check_tones_fit"]


def check_tones_fit(run: RunFile, highest_hz: float, amplitude: float | None = None) -> None:
    """Check tones of up to ``highest_hz`` and, on every electrode that carries one, of this peak in V.

    Parameters
    ----------
    amplitude:
        By default each electrode's own.

    Raises
    ------
    ExperimentError
        Above half the sampling rate, too fast together with the slopes, or larger than the room within the limits.
    """
    if highest_hz >= run.bench.rate / 2:
        raise ExperimentError(
            f"Tones of {format_quantity(highest_hz, 'Hz', digits=4)} can't be made at "
            f"{format_quantity(run.bench.rate, 'Hz', digits=4)}.",
            remedy="Stay below half the sampling rate.",
        )
    for electrode in run.toned_electrodes():
        peak = run.tone_amplitude(electrode) if amplitude is None else amplitude
        steepness = 2 * math.pi * highest_hz * peak + run.timing.slope
        limit = run.slew_limit(electrode)
        if steepness > limit:
            raise ExperimentError(
                f"A tone of {format_quantity(peak, 'V', digits=4)} at {format_quantity(highest_hz, 'Hz', digits=4)} "
                f"on slopes moves {electrode.name} at {format_quantity(steepness, 'V/s', digits=4)}; it may have "
                f"{format_quantity(limit, 'V/s', digits=4)}.",
                remedy="Lower the amplitude, the frequency or timing.slope, or raise the slew if the device bears it.",
            )
        room = electrode.limits[1] - electrode.limits[0]
        if 2 * peak > room:
            raise ExperimentError(
                f"A tone of {format_quantity(peak, 'V', digits=4)} needs {format_quantity(2 * peak, 'V', digits=4)}, "
                f"and {electrode.name} has {format_quantity(room, 'V', digits=4)} between its limits.",
                remedy="Lower the amplitude, or widen the limits if the device bears it.",
            )
