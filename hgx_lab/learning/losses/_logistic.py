"""Logistic loss of the distance from a threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.losses._interface import LossValue, checked_classes, checked_scale
from hgx_lab.learning.losses._sigmoid import sigmoid

__all__ = ["Logistic"]


@dataclass(frozen=True, slots=True)
class Logistic:
    """sum_c w_c log(1 + exp(-s_c (o_c - threshold) / scale)), s = +1 for class 1, -1 for class 0.

    The weights give both classes the same say, whatever their number of cases: each class sums to 1/2. The
    loss is log 2 where all outputs lie on the threshold.

    Parameters
    ----------
    scale:
        Distance from the threshold, in A, beyond which a case is settled.
    threshold:
        A fixed current, A; or None: the threshold that makes the loss smallest for these outputs, so that
        only their differences count. By the envelope theorem the gradient is then the one at that threshold
        held fixed.
    """

    scale: float = 3e-9
    threshold: float | None = None

    def __post_init__(self) -> None:
        checked_scale(self.scale, "The scale of the logistic loss")
        if self.threshold is not None and not np.isfinite(self.threshold):
            raise LearningError(f"The threshold of the logistic loss is {self.threshold}, not a finite current.")

    def evaluate(self, outputs: Floats, targets: Floats) -> LossValue:
        """See :class:`Loss`; the targets are 0 and 1."""
        outputs, ones = checked_classes(outputs, targets)
        signs = np.where(ones, 1.0, -1.0)
        weights = np.where(ones, 0.5 / np.count_nonzero(ones), 0.5 / np.count_nonzero(~ones))
        middle = outputs.mean() if self.threshold is None else self.threshold
        distances = (outputs - middle) / self.scale
        if self.threshold is None:
            distances = distances - _best_threshold(distances, signs, weights)
        value = float(weights @ np.logaddexp(0.0, -signs * distances))
        return LossValue(value, -weights * signs * sigmoid(-signs * distances) / self.scale)


def _best_threshold(distances: Floats, signs: Floats, weights: Floats) -> float:
    """Minimum over b of sum w log(1 + exp(-s (d - b))), which is convex: Newton's method kept in a bracket.

    The derivative sum w s sigmoid(-s (d - b)) rises with b; it is at most 0 below all outputs and at least 0
    above, because both classes weigh the same.
    """
    low, high = float(distances.min()), float(distances.max())
    best = (low + high) / 2
    for _ in range(100):
        probability = sigmoid(-signs * (distances - best))
        slope = float((weights * signs) @ probability)
        low, high = (best, high) if slope < 0 else (low, best)
        curvature = float(weights @ (probability * sigmoid(signs * (distances - best))))
        newton = best - slope / curvature if curvature > 0 else low - 1.0
        following = newton if low <= newton <= high else (low + high) / 2
        if abs(following - best) <= 1e-13 * (1.0 + abs(best)):
            return following
        best = following
    return best
