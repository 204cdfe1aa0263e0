"""The test of the wires before a run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from hgx_lab.config.quantities import PositiveSeconds, Quantity
from hgx_lab.config.section import Section
from hgx_lab.config.values import Text

__all__ = ["SelfTest"]


class SelfTest(Section):
    """A short test of wires and converters before anything is measured; a fault ends the run."""

    duration: PositiveSeconds = Field(default=2.0, description="Time measured, without the moves between the points.")
    max_delay: Annotated[float, Quantity("s", above=0.0, most=1.0)] = Field(
        default=3e-3, description="Longest delay from output to input to wait for."
    )
    fingerprint: Annotated[str, Text(r"[^\x00-\x1f]+", "the path of a file", longest=1000)] | None = Field(
        default=None,
        description="File of hgx calibrate to compare the wires with; null for that of a saved calibration, if any.",
    )
