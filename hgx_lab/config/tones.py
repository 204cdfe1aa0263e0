"""``tones``: the small sines that ride on the electrodes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.quantities import Hertz, Quantity, Range
from hgx_lab.config.section import Section
from hgx_lab.config.values import Flag

__all__ = ["Tones"]


class Tones(Section):
    """One tone for each control, with whole numbers of periods in the base period."""

    plan: Literal["octave", "contiguous", "hessian", "metrology", "manual"] = Field(
        default="octave", description="How the frequencies are chosen; manual takes them from frequencies."
    )
    frequencies: tuple[Hertz, ...] | None = Field(
        default=None,
        min_length=1,
        max_length=1024,
        description="Frequencies of a manual plan, in the order of the controls.",
    )
    period: Annotated[float, Quantity("s", above=0.0, most=1000.0)] = Field(
        default=10e-3, description="Base period; frequencies are multiples of its inverse."
    )
    band: Range = Field(default=(300.0, 3000.0), description="Lowest and highest frequency of a tone.")
    amplitude: Annotated[float, Quantity("V", above=0.0, most=1000.0)] = Field(
        default=20e-3, description="Peak of each tone where the electrode doesn't say its own."
    )
    mains: Hertz | None = Field(default=50.0, description="Mains frequency to keep away from; null for none.")
    bridge: Flag = Field(
        default=False, description="Take frequencies off the grid of the base period, by joint least squares."
    )
    on_inputs: Flag = Field(default=False, description="Whether input electrodes carry tones too.")
    drift: Flag = Field(default=True, description="Whether a linear drift is fitted together with the tones.")

    def amplitude_on(self, electrode: Electrode) -> float:
        """Peak of the tone on an electrode in volts; 0 where it carries none."""
        if electrode.role == "control" or (electrode.role == "input" and self.on_inputs):
            return electrode.amplitude if electrode.amplitude is not None else self.amplitude
        return 0.0

    @property
    def highest_frequency(self) -> float:
        """No tone is above this frequency in Hz."""
        return max(self.frequencies) if self.plan == "manual" and self.frequencies else self.band[1]
