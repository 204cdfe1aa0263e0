"""How often random settings compute each of the six gates, counted from the outputs of the four cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from hgx_lab.learning import GATES
from hgx_lab.signals import Floats

__all__ = ["CASES", "GATE_NAMES", "GateCount", "case_names", "count_gates", "gate_margins", "solves"]

#: Bits of the two inputs in the four cases, in the order of the outputs.
CASES = ((0, 0), (0, 1), (1, 0), (1, 1))
GATE_NAMES = tuple(GATES)


@dataclass(frozen=True, slots=True)
class GateCount:
    """Of ``tried`` settings ``solved`` compute the gate; ``low`` to ``high`` holds the true share with 95 %.

    The interval is that of C. Clopper and E. Pearson, Biometrika 26, 404 (1934): exact, if anything too wide.
    """

    gate: str
    solved: int
    tried: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """Share of the settings that compute the gate."""
        return self.solved / self.tried


def case_names() -> list[str]:
    """``00``, ``01``, ``10``, ``11``; the first input is the left digit."""
    return [f"{a}{b}" for a, b in CASES]


def gate_margins(outputs: Floats) -> Floats:
    """Lowest output that should be high less highest that should be low, (n, 6), for outputs (n, 4), both in A."""
    margins = np.empty((len(outputs), len(GATES)))
    for column, targets in enumerate(GATES.values()):
        ones = np.array(targets) == 1
        margins[:, column] = outputs[:, ones].min(axis=1) - outputs[:, ~ones].max(axis=1)
    return margins


def solves(margins: Floats, margin: float) -> NDArray[np.bool_]:
    """Whether the margins, A, make a gate: positive, and at least ``margin``."""
    return (margins >= margin) & (margins > 0.0)


def count_gates(margins: Floats, margin: float) -> tuple[GateCount, ...]:
    """Count the settings that compute each gate, from margins (n, 6) in A."""
    counts: list[GateCount] = []
    for gate, solved in zip(GATE_NAMES, solves(margins, margin).sum(axis=0), strict=True):
        interval = binomtest(int(solved), len(margins)).proportion_ci(method="exact")
        counts.append(GateCount(gate, int(solved), len(margins), float(interval.low), float(interval.high)))
    return tuple(counts)
