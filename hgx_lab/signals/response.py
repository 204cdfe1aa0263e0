"""The signal chain between the electrodes and the samples: its response, and how it is calibrated."""

from __future__ import annotations

from hgx_lab.signals._calibration_bank import (
    CalibrationBank,
    calibration_bank,
    calibration_bins,
    calibration_sequence,
)
from hgx_lab.signals._chain_fit import ChainFit, fit_chain_response
from hgx_lab.signals._chain_response import IDENTITY_RESPONSE, ChainResponse

__all__ = [
    "IDENTITY_RESPONSE",
    "CalibrationBank",
    "ChainFit",
    "ChainResponse",
    "calibration_bank",
    "calibration_bins",
    "calibration_sequence",
    "fit_chain_response",
]
