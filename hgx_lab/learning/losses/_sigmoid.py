"""The logistic function, accurate in both tails."""

from __future__ import annotations

import numpy as np

from hgx_lab.learning._arrays import Floats

__all__ = ["sigmoid"]


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)) without overflow, and without loss of relative accuracy where it is tiny."""
    return np.exp(-np.logaddexp(0.0, -x))
