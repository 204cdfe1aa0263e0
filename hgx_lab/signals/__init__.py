"""Tone plans, synthesis, demodulation and what it says: pure numpy, no hardware, no threads."""

from hgx_lab.signals._fingerprint import Fingerprint, FingerprintMatch, compare_fingerprints
from hgx_lab.signals._held_fit import HeldChain, fit_held_chain, held_response
from hgx_lab.signals._plan_error_bars import error_bars
from hgx_lab.signals._sequence import SequenceWaves, correlation_delay, sequence_responses, sequence_waves
from hgx_lab.signals._synthesis import ToneBank
from hgx_lab.signals._untuned_bank import untuned_bank
from hgx_lab.signals._wiring_evidence import SizeLimits, WiringEvidence, size_limits, wiring_evidence
from hgx_lab.signals.demodulation import Demodulator, ErrorBars, UntunedDemodulator
from hgx_lab.signals.derivatives import (
    Curvature,
    Derivatives,
    Responses,
    SecondOrderLine,
    compression_corrected,
    curvature,
    derivatives,
    hessian,
)
from hgx_lab.signals.plans import (
    Certificate,
    Collision,
    TonePlan,
    UntunedTones,
    certify,
    check_tones,
    compression_lines,
    differences,
    empty_bins,
    make_plan,
    second_harmonics,
    sums,
    third_harmonics,
)
from hgx_lab.signals.response import (
    IDENTITY_RESPONSE,
    CalibrationBank,
    ChainFit,
    ChainResponse,
    calibration_bank,
    calibration_bins,
    calibration_sequence,
    fit_chain_response,
)
from hgx_lab.signals.types import Complex, Floats, Window, WindowReading

__all__ = [
    "IDENTITY_RESPONSE",
    "CalibrationBank",
    "Certificate",
    "ChainFit",
    "ChainResponse",
    "Collision",
    "Complex",
    "Curvature",
    "Demodulator",
    "Derivatives",
    "ErrorBars",
    "Fingerprint",
    "FingerprintMatch",
    "Floats",
    "HeldChain",
    "Responses",
    "SecondOrderLine",
    "SequenceWaves",
    "SizeLimits",
    "ToneBank",
    "TonePlan",
    "UntunedDemodulator",
    "UntunedTones",
    "Window",
    "WindowReading",
    "WiringEvidence",
    "calibration_bank",
    "calibration_bins",
    "calibration_sequence",
    "certify",
    "check_tones",
    "compare_fingerprints",
    "compression_corrected",
    "compression_lines",
    "correlation_delay",
    "curvature",
    "derivatives",
    "differences",
    "empty_bins",
    "error_bars",
    "fit_chain_response",
    "fit_held_chain",
    "held_response",
    "hessian",
    "make_plan",
    "second_harmonics",
    "sequence_responses",
    "sequence_waves",
    "size_limits",
    "sums",
    "third_harmonics",
    "untuned_bank",
    "wiring_evidence",
]
