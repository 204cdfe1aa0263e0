"""The typed errors of the application: what happened, where, the numbers, and the remedy.

Every error a user can cause or meet derives from :class:`HgxError`. Errors of instruments derive from
:class:`hgx_drivers.errors.DriverError`, because drivers know nothing of this package.
"""

from __future__ import annotations

__all__ = [
    "AcquisitionError",
    "CalibrationError",
    "ConfigurationError",
    "ExperimentError",
    "GuardRefusal",
    "HgxError",
    "LearningError",
    "MissingExtraError",
    "OutputsUnknown",
    "RecordError",
    "SelfTestError",
    "SignalError",
    "TonePlanError",
    "UnitError",
]


class HgxError(Exception):
    """Base of all errors of hgx-lab.

    Parameters
    ----------
    message:
        What happened, with the numbers and the place.
    remedy:
        What the user can do about it, as an imperative sentence; empty when there is nothing to do.
    """

    #: Exit code of the command line when this error ends a run.
    exit_code = 1

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".rstrip()


class UnitError(HgxError, ValueError):
    """A quantity can't be read, or has the wrong dimension."""

    exit_code = 2


class ConfigurationError(HgxError):
    """A run file can't be used as it is."""

    exit_code = 2


class MissingExtraError(HgxError):
    """A feature needs an optional dependency that isn't installed."""

    exit_code = 2

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs the optional extra [{extra}], which isn't installed.",
            remedy=f"Type: pip install 'hgx-lab[{extra}]'",
        )


class SignalError(HgxError):
    """A signal can't be synthesised or demodulated as asked."""

    exit_code = 2


class TonePlanError(SignalError):
    """A tone plan can't exist, or a plan given by hand has collisions or untuned frequencies."""


class GuardRefusal(HgxError):
    """The voltage guard refused a segment or a sample; nothing was written."""

    exit_code = 5


class AcquisitionError(HgxError):
    """The acquisition can't go on."""

    exit_code = 4


class OutputsUnknown(AcquisitionError):
    """Nothing tells where a card's outputs stand, so that its first move could be a jump; nothing has moved."""


class CalibrationError(AcquisitionError):
    """The signal chain couldn't be calibrated, or a calibration doesn't fit the bench."""


class SelfTestError(AcquisitionError):
    """The self-test before a run found a wire or a converter that doesn't do its work."""


class LearningError(HgxError):
    """A task, loss or optimizer was given something it can't work with."""

    exit_code = 2


class ExperimentError(HgxError):
    """An experiment can't be run as described."""

    exit_code = 2


class RecordError(HgxError):
    """A record can't be read or written."""

    exit_code = 6
