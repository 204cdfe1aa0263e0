"""Device points: voltages at which something is measured."""

from __future__ import annotations

import numpy as np

from hgx_lab.config import RunFile
from hgx_lab.signals import Floats

__all__ = ["random_points", "start_point", "steady_volts"]


def steady_volts(run: RunFile) -> Floats:
    """Voltages of all electrodes that nothing sweeps, (E,): fixed ones at their value, the others at rest."""
    fixed = [e.value if e.role == "fixed" and e.value is not None else e.rest for e in run.electrodes]
    return np.array(fixed)


def start_point(run: RunFile) -> Floats:
    """Voltages of all electrodes with the controls at their start, (E,); where that is random, at rest."""
    volts = steady_volts(run)
    for index, electrode in enumerate(run.electrodes):
        if electrode.role == "control" and not isinstance(electrode.start, str):
            volts[index] = electrode.start
    return volts


def random_points(run: RunFile, count: int, *, purpose: int, room: float | None = None) -> Floats:
    """Random voltages of controls and inputs within their limits less ``room``, (count, E).

    Parameters
    ----------
    purpose:
        Any number; runs of one seed draw the same points for the same purpose.
    room:
        What to keep free on both sides for tones, V; by default the room of each electrode's own.
    """
    rng = np.random.default_rng([run.seed, purpose])
    free = np.array([run.tone_room(e) if room is None else room for e in run.electrodes])
    low = np.array([e.limits[0] for e in run.electrodes]) + free
    high = np.array([e.limits[1] for e in run.electrodes]) - free
    volts = rng.uniform(low, high, (count, len(run.electrodes)))
    held = [i for i, e in enumerate(run.electrodes) if e.role == "fixed"]
    volts[:, held] = steady_volts(run)[held]
    return volts
