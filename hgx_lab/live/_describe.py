"""What is known of a run before it has measured anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hgx_lab.units import format_quantity

__all__ = ["CaseInfo", "ElectrodeInfo", "RunDescription"]


@dataclass(frozen=True, slots=True)
class ElectrodeInfo:
    """One electrode: role, limits and rest in V, its tone in Hz and V peak (None and 0 where it has none)."""

    name: str
    role: Literal["control", "input", "fixed"]
    lower: float
    upper: float
    rest: float
    tone_hz: float | None = None
    amplitude: float = 0.0

    @property
    def tone_text(self) -> str:
        """The tone in words."""
        if self.tone_hz is None:
            return "no tone"
        return f"{format_quantity(self.amplitude, 'V', digits=3)} at {format_quantity(self.tone_hz, 'Hz', digits=4)}"


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """One input case: its name, what it should give, and the voltages of the input electrodes."""

    name: str
    target: float
    inputs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RunDescription:
    """A run as its run file has it.

    ``controls`` are names of electrodes, in the order of every array with a control axis; ``cases`` those of the
    training set. ``iterations`` is the budget, None for experiments that don't iterate.
    """

    name: str
    experiment: str
    record: str
    run_file: str
    rate_hz: float
    electrodes: tuple[ElectrodeInfo, ...]
    controls: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    cases: tuple[CaseInfo, ...] = ()
    test_cases: tuple[CaseInfo, ...] = ()
    task: str = ""
    iterations: int | None = None
    goal_margin: float | None = None
    lead_samples: int = 0
    period_samples: int = 0
    overload_amperes: float = float("inf")
    mains_hz: float | None = 50.0
    simulated: bool = True

    def electrode(self, name: str) -> ElectrodeInfo:
        """Return an electrode by its name."""
        return next(e for e in self.electrodes if e.name == name)
