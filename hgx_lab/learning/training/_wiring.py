"""Which electrode does what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, as_frozen

__all__ = ["Wiring"]


@dataclass(frozen=True, slots=True, eq=False)
class Wiring:
    """The roles of E electrodes: controls that learn, inputs that carry the cases, the rest at fixed voltages.

    Parameters
    ----------
    fixed_volts:
        Voltage of every electrode, (E,); that of controls and inputs doesn't matter.
    controls, inputs:
        Indices of the electrodes, in the order of the control vector and of the columns of the cases.
    tone_of_control:
        For each control the tone that rides on it.
    """

    fixed_volts: Floats
    controls: tuple[int, ...]
    inputs: tuple[int, ...]
    tone_of_control: tuple[int, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "fixed_volts", as_frozen(self.fixed_volts))
        used = (*self.controls, *self.inputs)
        if len(set(used)) != len(used) or len(self.tone_of_control) != len(self.controls):
            raise LearningError(
                f"Electrodes don't fit together: controls {self.controls}, inputs {self.inputs}, tones "
                f"{self.tone_of_control}; an electrode has one role and a control one tone."
            )

    def dc(self, controls: Floats, case_inputs: Floats) -> Floats:
        """Voltages of all electrodes, (E,) V, for controls (K,) and the inputs of a case, V."""
        volts = self.fixed_volts.copy()
        volts[list(self.controls)] = controls
        volts[list(self.inputs)] = case_inputs
        return volts

    def tones(self, per_tone: Floats) -> Floats:
        """The part of values (..., tones) that belongs to the controls, (..., K)."""
        return np.ascontiguousarray(per_tone[..., list(self.tone_of_control)])
