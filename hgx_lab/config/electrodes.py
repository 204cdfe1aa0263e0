"""``electrodes`` and ``safety``: what each electrode is for, and what it must never see."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Pair, Quantity, SlewRate, Volts
from hgx_lab.config.section import Section
from hgx_lab.config.values import Flag, Text

__all__ = ["Electrode", "Safety", "Start"]

Name = Annotated[
    str, Text(r"[A-Za-z][A-Za-z0-9_.-]{0,31}", "a letter, then letters, digits, _ . or -; at most 32 characters")
]


class Electrode(Section):
    """One electrode; the list of electrodes is in the order of the device."""

    name: Name = Field(description="Name that the task and the record use.")
    role: Literal["control", "input", "fixed"] = Field(
        description="Trained (control), driven by the task (input), or held (fixed)."
    )
    limits: Pair = Field(description="Lowest and highest voltage, DC and tones together.")
    slew: SlewRate | None = Field(default=None, description="Largest slew rate; null for the one of safety.")
    rest: Volts = Field(default=0.0, description="Voltage at which the electrode is left.")
    amplitude: Annotated[float, Quantity("V", above=0.0, most=1000.0)] | None = Field(
        default=None, description="Peak of its tone; null for the one of tones."
    )
    value: Volts | None = Field(default=None, description="Voltage of a fixed electrode; null for its rest voltage.")
    start: Annotated[float | Literal["random"], Quantity("V", least=-1000.0, most=1000.0, words=("random",))] = Field(
        default="random", description="First voltage of a control: a voltage, or random within its limits."
    )


class Safety(Section):
    """Bounds for every electrode, kept for every single sample."""

    slew: SlewRate = Field(default=5e3, description="Largest slew rate of any electrode, tones included.")
    rest_slope: SlewRate = Field(default=20.0, description="Slope of the ramp to the rest voltages.")
    guardian: Flag = Field(
        default=False,
        description="Whether a second process brings a card's outputs to rest if that of the run is killed.",
    )

    def slew_of(self, electrode: Electrode) -> float:
        """Largest slew rate of an electrode in V/s."""
        return electrode.slew if electrode.slew is not None else self.slew


class Start(Section):
    """How random first voltages are drawn, at the start and at restarts."""

    share: Annotated[float, Quantity("", above=0.0, most=1.0)] = Field(
        default=1.0, description="Share of the room within the limits, around its middle, that is drawn from."
    )
