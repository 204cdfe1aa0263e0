"""The file that ``hgx calibrate`` leaves and that a run with ``calibration: {kind: saved}`` reads."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hgx_lab.errors import CalibrationError

__all__ = [
    "CalibrationFile",
    "ConverterCalibration",
    "InstrumentIdentity",
    "NoiseLevels",
    "PathResponse",
    "load_calibration",
    "save_calibration",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class InstrumentIdentity(_Part):
    """Who an instrument is; the driver's version isn't part of it."""

    maker: str
    model: str
    serial: str


class PathResponse(_Part):
    """Gain relative to low frequency and phase of the way through one electrode, device included."""

    frequencies_hz: tuple[float, ...]
    gain: tuple[float, ...]
    phase_degrees: tuple[float, ...]
    derivative_amperes_per_volt: float
    capacitance_farads: float = Field(description="Stray capacitance to the output.")


class ConverterCalibration(_Part):
    """The current-to-voltage converter."""

    offset_volts: float = Field(
        description="Mean input with the outputs at rest; with the device's current, unless there was a known load."
    )
    offset_std_volts: float | None = Field(
        default=None, description="From the scatter of its parts; 1/f noise wanders more in hours."
    )
    offset_note: str
    nominal_volts_per_ampere: float
    gain_volts_per_ampere: float | None = Field(description="Absolute gain; null without a known load.")
    gain_std_volts_per_ampere: float | None = None
    gain_note: str


class NoiseLevels(_Part):
    """One-sided density of the input, referred to current by the nominal gain, outputs at rest."""

    frequencies_hz: tuple[float, ...]
    density_amperes2_per_hz: tuple[float, ...]


class CalibrationFile(_Part):
    """Everything a calibration found, and on which bench."""

    format: Literal["hgx-calibration-1"] = "hgx-calibration-1"
    written: datetime
    program: str
    instruments: tuple[InstrumentIdentity, ...]
    rate_hz: float
    outputs: dict[str, str] = Field(description="Terminal of each electrode.")
    inputs: dict[str, str] = Field(description="Terminal of each input.")
    delay_samples: float
    delay_std_samples: float
    pole_hz: float | None
    pole_std_hz: float | None
    response: dict[str, Any] = Field(description="Delay and continuous pole as runs use them.")
    reduced_chi2: float
    electrodes: dict[str, PathResponse]
    converter: ConverterCalibration
    noise: NoiseLevels
    fingerprint: dict[str, Any] | None = Field(
        default=None, description="Response of each electrode at known device points."
    )


def save_calibration(calibration: CalibrationFile, path: Path) -> None:
    """Write the file whole or not at all; one that was there before is replaced.

    Raises
    ------
    CalibrationError
        The file can't be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("w", encoding="utf-8") as file:
            file.write(calibration.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CalibrationError(
            f"The calibration can't be written to {path}: {error.strerror}.", remedy="Name another file."
        ) from error


def load_calibration(path: Path) -> CalibrationFile:
    """Read a file of ``hgx calibrate``.

    Raises
    ------
    CalibrationError
        There is none, or it isn't one.
    """
    try:
        return CalibrationFile.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CalibrationError(
            f"The calibration {path} can't be read: {error.strerror}.",
            remedy=f"Write it with: hgx calibrate FILE --output {path}",
        ) from error
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else {"loc": (), "msg": str(error)}
        where = ".".join(str(part) for part in first["loc"])
        raise CalibrationError(
            f"{path} isn't a calibration of hgx: {where + ': ' if where else ''}{first['msg']}.",
            remedy=f"Write it again with: hgx calibrate FILE --output {path}",
        ) from error
