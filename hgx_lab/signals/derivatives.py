"""What the phasors say about the device: signed derivatives, curvature, and the correction of compression."""

from __future__ import annotations

from hgx_lab.signals._compression import compression_corrected
from hgx_lab.signals._first_order import Derivatives, Responses, derivatives
from hgx_lab.signals._second_order import Curvature, SecondOrderLine, curvature, hessian

__all__ = [
    "Curvature",
    "Derivatives",
    "Responses",
    "SecondOrderLine",
    "compression_corrected",
    "curvature",
    "derivatives",
    "hessian",
]
