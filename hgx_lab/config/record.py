"""``calibration``, ``validation``, ``record``: before, after, and what is left."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Hertz, PositiveSeconds, Quantity, Settling
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import Flag, Text, Whole

__all__ = [
    "Calibration",
    "FixedCalibration",
    "MeasuredCalibration",
    "NoCalibration",
    "Record",
    "SavedCalibration",
    "Validation",
]


class MeasuredCalibration(Section):
    """Delay and phase of the signal chain are measured before the run."""

    kind: Literal["measure"] = Field(default="measure", description="Measured before the run.")
    max_delay: Annotated[float, Quantity("s", above=0.0, most=1.0)] = Field(
        default=1e-3, description="Longest delay from output to input that is looked for."
    )
    duration: PositiveSeconds = Field(default=0.2, description="Length of the measurement.")


class NoCalibration(Section):
    """Delay and phase are taken as zero."""

    kind: Literal["none"] = Field(default="none", description="Delay and phase are taken as zero.")


class FixedCalibration(Section):
    """Delay and pole of the signal chain are known."""

    kind: Literal["fixed"] = Field(default="fixed", description="Known delay and pole.")
    delay: Annotated[float, Quantity("s", least=0.0, most=1.0)] = Field(description="Delay from output to input.")
    pole: Hertz | None = Field(default=None, description="First-order pole of the chain; null for none.")


class SavedCalibration(Section):
    """Delay and phase of the signal chain come from a file that ``hgx calibrate`` wrote on the same bench."""

    kind: Literal["saved"] = Field(default="saved", description="From a file of hgx calibrate.")
    file: Annotated[str, Text(r"[^\x00-\x1f]+", "the path of a file", longest=1000)] = Field(
        description="The file; relative to where the program is started."
    )
    oldest: PositiveSeconds = Field(default=7 * 86400.0, description="Age beyond which the run warns.")


Calibration = Annotated[
    MeasuredCalibration | NoCalibration | FixedCalibration | SavedCalibration, OneOf(default="measure")
]


class Validation(Section):
    """The last measurement, without tones."""

    periods: Annotated[int, Whole(1, 1_000_000)] = Field(default=10, description="Base periods per input case.")
    settle: Settling = Field(default=10e-3, description="Waiting after each change.")
    repeats: Annotated[int, Whole(1, 10_000)] = Field(default=1, description="How often every case is measured.")


class Record(Section):
    """The file that the run leaves."""

    directory: Annotated[str, Text(r"[^\x00-\x1f]+", "the path of a folder", longest=1000)] = Field(
        default="runs", description="Folder of the record; relative to where the program is started."
    )
    raw: Flag = Field(default=False, description="Whether every sample is kept.")
    note: Annotated[str, Text()] = Field(default="", description="Anything worth keeping with the record.")
