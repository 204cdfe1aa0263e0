"""``timing``: how the schedule moves from one input case to the next."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Settling, SlewRate
from hgx_lab.config.section import Section
from hgx_lab.config.values import Whole

__all__ = ["Timing"]


class Timing(Section):
    """Slopes, waiting and measuring."""

    slope: SlewRate = Field(default=100.0, description="Slope of changes of the DC voltages.")
    settle: Settling = Field(default=2e-3, description="Waiting after a change, before anything is measured.")
    periods: Annotated[int, Whole(1, 1_000_000)] = Field(default=2, description="Base periods measured per input case.")
    order: Literal["sequential", "alternating", "random"] = Field(
        default="sequential", description="Order of the input cases: as listed, to and fro, or shuffled."
    )
    update: Literal["in-flight", "wait"] = Field(
        default="in-flight", description="Whether measuring goes on while an update is on its way to the outputs."
    )
    playback: Literal["continuous", "ramped"] = Field(
        default="continuous", description="One stream, or a ramp from and to rest in each iteration."
    )
