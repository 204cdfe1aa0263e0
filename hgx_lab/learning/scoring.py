"""How well outputs separate the classes: accuracy, margin, and whether the task is solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats, same_length

__all__ = ["Score", "score"]


@dataclass(frozen=True, slots=True)
class Score:
    """Quality of a classification.

    Parameters
    ----------
    accuracy:
        Share of cases on their side of the threshold.
    margin:
        Lowest output of class 1 less highest of class 0, A: negative when their order is wrong somewhere.
    threshold:
        Current above which a case is called class 1, A.
    solved:
        Every case is on its side.
    """

    accuracy: float
    margin: float
    threshold: float
    solved: bool


def score(outputs: Floats, targets: Floats, threshold: float | None = None) -> Score:
    """Score outputs (cases,) in A against classes (cases,), 0 or 1.

    Without a threshold the best one for these outputs is chosen: the middle of the gap with the highest
    accuracy, and of equally accurate gaps the widest. Choose it on training outputs and pass it on with test
    outputs. A single class is a valid test set; its margin is the distance of its worst case from the
    threshold.

    Raises :class:`LearningError` when the targets aren't classes, or one class is missing and no threshold is
    given.
    """
    outputs, targets = same_length(outputs, targets)
    ones = targets == 1
    if not (ones | (targets == 0)).all():
        raise LearningError(f"Only classes 0 and 1 can be scored; the targets are {np.unique(targets).tolist()}.")
    both = bool(ones.any() and not ones.all())
    if threshold is None:
        if not both:
            raise LearningError("A threshold can't be chosen from outputs of a single class.")
        threshold = _best_threshold(outputs, targets)
    lowest = float(outputs[ones].min()) if ones.any() else threshold
    highest = float(outputs[~ones].max()) if not ones.all() else threshold
    correct = (outputs > threshold) == ones
    return Score(float(correct.mean()), lowest - highest, threshold, bool(correct.all()))


def _best_threshold(outputs: Floats, targets: Floats) -> float:
    order = np.argsort(outputs, kind="stable")
    currents, classes = outputs[order], targets[order]
    # A threshold in gap i has i cases below it; correct are the zeros below and the ones above.
    correct = np.concatenate(([0], np.cumsum(1 - classes))) + np.concatenate((np.cumsum(classes[::-1])[::-1], [0]))
    inner = np.diff(currents)
    # Between equal outputs there is no room for a threshold. All on one side (the two ends) is a last resort:
    # ranked as an open gap of no width.
    correct[1:-1][inner == 0] = -1
    widths = np.concatenate(([0.0], inner, [0.0]))
    best = max(range(correct.size), key=lambda gap: (correct[gap], widths[gap]))
    if 0 < best < currents.size:
        # Halves are added so that the middle of two neighbouring floats stays below the upper one.
        return float(min(currents[best - 1] + inner[best - 1] / 2, np.nextafter(currents[best], -np.inf)))
    return float(np.nextafter(currents[0], -np.inf) if best == 0 else currents[-1])
