"""The windows in which a run reads its tone plan, and the plan itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.record import Validation
from hgx_lab.config.timing import Timing
from hgx_lab.config.tones import Tones

if TYPE_CHECKING:
    from hgx_lab.signals import TonePlan, UntunedTones
    from hgx_lab.signals.plans import MadeKind

__all__ = ["PlanWindows", "plan_windows", "tone_plan", "toned"]


@dataclass(frozen=True, slots=True)
class PlanWindows:
    """Lengths in base periods of the windows that are read with the run's own plan.

    ``toned`` are those whose derivatives count, ``silent`` those without tones, whose mean counts.
    """

    toned: tuple[int, ...] = ()
    silent: tuple[int, ...] = ()


def plan_windows(experiment: str, timing: Timing, validation: Validation | None = None) -> PlanWindows:
    """The windows of an experiment; it reads grids of tones of its own, or raw samples, where there are none."""
    if experiment == "train":
        return PlanWindows((timing.periods,), () if validation is None else (validation.periods,))
    if experiment == "amplitude":
        return PlanWindows((timing.periods,))
    if experiment == "convergence":
        return PlanWindows((1,))
    if experiment in ("iv", "abundance"):
        return PlanWindows((), (timing.periods,))
    return PlanWindows()


def toned(electrodes: Sequence[Electrode], tones: Tones) -> tuple[Electrode, ...]:
    """Electrodes that carry a tone, in the order of the device."""
    return tuple(e for e in electrodes if tones.amplitude_on(e) > 0)


def tone_plan(tones: Tones, rate_hz: float, count: int) -> TonePlan | UntunedTones:
    """Plan ``count`` tones as the section ``tones`` asks for.

    Raises
    ------
    TonePlanError
        There is no such plan.
    """
    period = round(tones.period * rate_hz)
    return _tone_plan(tones.plan, tones.frequencies, count, rate_hz, period, tones.band, tones.mains, tones.bridge)


@lru_cache(maxsize=32)
def _tone_plan(
    kind: MadeKind | Literal["manual"],
    frequencies: tuple[float, ...] | None,
    count: int,
    rate_hz: float,
    period: int,
    band: tuple[float, float],
    mains: float | None,
    bridge: bool,
) -> TonePlan | UntunedTones:
    # A second of scipy, which a run file whose windows have several base periods needn't spend.
    from hgx_lab.signals import check_tones, make_plan

    if kind == "manual":
        return check_tones(frequencies or (), rate_hz, period, mains_hz=mains, bridge=bridge)
    return make_plan(kind, count, rate_hz=rate_hz, period_samples=period, band_hz=band, mains_hz=mains)
