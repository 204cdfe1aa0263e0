"""What a device does, from its equations alone: sweeps, gradients, gates. No bench, no noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.experiments._gates import CASES, GATE_NAMES, GateCount, count_gates, gate_margins
from hgx_lab.experiments._subject import Progress, Subject
from hgx_lab.signals import Floats

__all__ = ["DeviceSurvey", "survey_device"]

_SWEEP_STEPS = 81
#: Voltage vectors solved between two reports.
_BATCH = 250


@dataclass(frozen=True, slots=True, eq=False)
class DeviceSurvey:
    """What a device does within the limits of its E electrodes; currents in A, derivatives in A/V.

    Parameters
    ----------
    sweep_volts, sweep_current:
        (E, steps): each electrode through its range, all others at ``shown_volts``.
    current, gradient:
        (n,) and (E, n) at random voltages.
    gates:
        How many of the random settings compute each gate; empty where the device has no two inputs.
    shown_volts:
        (E,): the random setting with the widest XOR, its inputs at 01; without inputs the middle of the ranges.
    """

    sweep_volts: Floats
    sweep_current: Floats
    current: Floats
    gradient: Floats
    gates: tuple[GateCount, ...]
    shown_volts: Floats

    @property
    def negative_share(self) -> float:
        """Share of negative derivatives."""
        return float(np.mean(self.gradient < 0))


def survey_device(
    subject: Subject, *, points: int = 1000, margin: float = 1e-9, seed: int = 0, progress: Progress | None = None
) -> DeviceSurvey:
    """Sweep a device and sample it at random.

    Parameters
    ----------
    points:
        Random voltage vectors for the gradient, and random settings for the gates.
    margin:
        Gap between the classes that makes a gate, A.
    progress:
        Hears how far it is.
    """
    low, high = np.array(subject.limits).T
    device = subject.device
    rng = np.random.default_rng(seed)
    volts = rng.uniform(low[:, None], high[:, None], (device.electrodes, points))
    current, gradient = np.empty(points), np.empty((device.electrodes, points))
    outputs = np.empty((points, len(CASES)))
    for start in range(0, points, _BATCH):
        part = slice(start, min(start + _BATCH, points))
        current[part] = device.current(volts[:, part])[0]
        gradient[:, part] = device.jacobian(volts[:, part])[0]
        outputs[part] = _cases(subject, volts[:, part])
        if progress is not None:
            progress(part.stop, points, "random settings")
    margins = gate_margins(outputs)
    shown = (low + high) / 2
    if subject.inputs:
        shown = _with_inputs(subject, volts[:, np.argmax(margins[:, GATE_NAMES.index("XOR")])], (0, 1))
    sweep_volts, sweep_current = _sweeps(subject, shown)
    gates = count_gates(margins, margin) if subject.inputs else ()
    return DeviceSurvey(sweep_volts, sweep_current, current, gradient, gates, shown)


def _sweeps(subject: Subject, base: Floats) -> tuple[Floats, Floats]:
    """Volts and currents, each (E, steps), of each electrode through its range with the others at ``base``."""
    low, high = np.array(subject.limits).T
    sweep = np.linspace(low, high, _SWEEP_STEPS, axis=1)
    current = np.empty_like(sweep)
    for electrode in range(base.size):
        volts = np.repeat(base[:, None], _SWEEP_STEPS, axis=1)
        volts[electrode] = sweep[electrode]
        current[electrode] = subject.device.current(volts)[0]
    return sweep, current


def _cases(subject: Subject, volts: Floats) -> Floats:
    """Outputs of the four cases, (n, 4), with the other electrodes at ``volts``; zeros where there are no inputs."""
    outputs = np.zeros((volts.shape[1], len(CASES)))
    if not subject.inputs:
        return outputs
    for case, bits in enumerate(CASES):
        outputs[:, case] = subject.device.current(_with_inputs(subject, volts, bits))[0]
    return outputs


def _with_inputs(subject: Subject, volts: Floats, bits: tuple[int, int]) -> Floats:
    """A copy of volts, (E, ...), with the inputs at these bits."""
    changed = volts.copy()
    for (name, levels), bit in zip(subject.inputs.items(), bits, strict=True):
        changed[subject.names.index(name)] = levels[bit]
    return changed
