"""The order in which the cases of an iteration are played."""

from __future__ import annotations

from typing import Literal

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Integers

__all__ = ["CaseOrder", "case_order"]

CaseOrder = Literal["sequential", "alternating", "random"]


def case_order(kind: CaseOrder, cases: int, iteration: int, rng: np.random.Generator) -> Integers:
    """Indices of the cases in playing order, (cases,).

    ``alternating`` plays forward in even iterations and backward in odd ones, so that an iteration begins
    with the case at which the last one ended, and a slow drift or memory of the device cancels over two
    iterations. Only ``random`` draws from ``rng``.
    """
    if kind == "sequential" or (kind == "alternating" and iteration % 2 == 0):
        return np.arange(cases, dtype=np.int64)
    if kind == "alternating":
        return np.arange(cases - 1, -1, -1, dtype=np.int64)
    if kind == "random":
        return rng.permutation(cases).astype(np.int64)
    raise LearningError(f"There is no case order {kind!r}.", remedy="Take sequential, alternating or random.")
