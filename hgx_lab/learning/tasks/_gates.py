"""The six Boolean gates of two inputs that depend on both of them symmetrically."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning.tasks._types import CaseSet, Levels, Task, checked_levels

__all__ = ["GATES", "boolean_gate"]

#: Gate -> its outputs for the inputs 00, 01, 10, 11.
GATES = MappingProxyType(
    {
        "AND": (0, 0, 0, 1),
        "OR": (0, 1, 1, 1),
        "NAND": (1, 1, 1, 0),
        "NOR": (1, 0, 0, 0),
        "XOR": (0, 1, 1, 0),
        "XNOR": (1, 0, 0, 1),
    }
)


def boolean_gate(gate: str, levels: Levels) -> Task:
    """A two-input gate; cases in the order 00, 01, 10, 11, the first input being the left digit.

    Raises :class:`LearningError` for an unknown gate, or levels that aren't those of two electrodes.
    """
    try:
        targets = GATES[gate.upper()]
    except KeyError:
        raise LearningError(f"There is no gate {gate!r}.", remedy=f"Take one of {', '.join(GATES)}.") from None
    names, low, high = checked_levels(levels, 2, gate.upper())
    bits = np.array([(0, 0), (0, 1), (1, 0), (1, 1)])
    cases = CaseSet(
        inputs=np.where(bits == 1, high, low),
        targets=np.array(targets, dtype=np.float64),
        names=("00", "01", "10", "11"),
    )
    return Task(gate.upper(), names, cases)
