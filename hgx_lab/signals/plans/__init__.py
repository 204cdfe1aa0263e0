"""Tone plans: which frequencies the tones have, and what falls on them."""

from hgx_lab.signals.plans._certificate import Certificate, Collision, certify
from hgx_lab.signals.plans._check import check_tones
from hgx_lab.signals.plans._exact import smallest_hessian_bins
from hgx_lab.signals.plans._mains import MAINS_HARMONICS, mains_bins
from hgx_lab.signals.plans._make import MAX_TONES, MadeKind, make_plan
from hgx_lab.signals.plans._plan import PlanKind, TonePlan, UntunedTones
from hgx_lab.signals.plans._products import (
    compression_lines,
    differences,
    empty_bins,
    fold,
    fold_sign,
    second_harmonics,
    sums,
    third_harmonics,
)

__all__ = [
    "MAINS_HARMONICS",
    "MAX_TONES",
    "Certificate",
    "Collision",
    "MadeKind",
    "PlanKind",
    "TonePlan",
    "UntunedTones",
    "certify",
    "check_tones",
    "compression_lines",
    "differences",
    "empty_bins",
    "fold",
    "fold_sign",
    "mains_bins",
    "make_plan",
    "second_harmonics",
    "smallest_hessian_bins",
    "sums",
    "third_harmonics",
]
