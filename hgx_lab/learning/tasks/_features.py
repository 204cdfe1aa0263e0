"""The 2x2 feature extractor: recognise one of the sixteen patterns of four black or white pixels."""

from __future__ import annotations

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning.tasks._types import CaseSet, Levels, Task, checked_levels

__all__ = ["feature", "feature_patterns"]


def feature_patterns() -> tuple[str, ...]:
    """The sixteen patterns "0000" ... "1111": upper left, upper right, lower left, lower right pixel."""
    return tuple(f"{number:04b}" for number in range(16))


def feature(pattern: str, levels: Levels) -> Task:
    """One pattern against the other fifteen, on four electrodes, one a pixel.

    Class 1 is the given pattern, so a loss with balanced classes weighs it as much as all others together.
    Raises :class:`LearningError` for anything that isn't four binary digits.
    """
    patterns = feature_patterns()
    if pattern not in patterns:
        raise LearningError(
            f"A 2x2 pattern is four digits 0 or 1, not {pattern!r}.", remedy='Write one such as "1001".'
        )
    names, low, high = checked_levels(levels, 4, f"feature {pattern}")
    bits = np.array([[digit == "1" for digit in other] for other in patterns])
    cases = CaseSet(
        inputs=np.where(bits, high, low),
        targets=np.array([float(other == pattern) for other in patterns]),
        names=patterns,
    )
    return Task(f"feature {pattern}", names, cases)
