"""Checks that whatever a run reads has an error bar, which in windows of one base period depends on the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hgx_lab.config.bench import CardBench
from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding
from hgx_lab.config.record import Validation
from hgx_lab.config.timing import Timing
from hgx_lab.config.tones import Tones
from hgx_lab.config.windows import plan_windows, tone_plan, toned
from hgx_lab.errors import HgxError
from hgx_lab.units import format_quantity

if TYPE_CHECKING:
    from hgx_lab.signals import ErrorBars

__all__ = ["CHECKS"]

# A plan of more samples times tones isn't looked through each time a file is read; the run does it at its start.
_LARGEST: Final = 20_000_000
# Multiples of the window and of the base period that are tried for one that has error bars.
_LONGER: Final = (2, 3, 4, 6, 8, 12, 16, 24, 32)
_MOST_NAMES: Final = 4


def _derivatives(
    experiment: str, bench: CardBench, electrodes: tuple[Electrode, ...], tones: Tones, timing: Timing
) -> Iterator[Finding]:
    carrying = toned(electrodes, tones)
    count = len(carrying)
    for periods in plan_windows(experiment, timing).toned:
        bars = _error_bars(tones, bench.rate, count, periods)
        if bars is None or not bars.missing:
            continue
        names = [carrying[k].name for k in bars.missing]
        listed = ", ".join(names[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")
        message = (
            f"the derivatives of {listed} would have no error bars: windows of {_text(periods)} hold no frequency "
            "without signal within an octave of their tones."
        )
        hints: list[str] = []
        own_windows = experiment != "convergence"  # those of convergence are single base periods
        if own_windows and (enough := _enough(tones, bench.rate, count, periods)):
            hints.append(f"write timing.periods: {enough}")
        if longer := _longer_period(tones, bench.rate, count, periods):
            hints.append(f"write tones.period: {longer}")
        hints.append("move the tones up in frequency")
        hint = f"{', or '.join(hints)}."
        path = ("timing", "periods") if own_windows else ("tones", "period")
        yield Finding(path, message, suggestion=hint[0].upper() + hint[1:], or_at=(("tones", "band"), ("tones",)))


def _confirmed_outputs(
    experiment: str,
    bench: CardBench,
    electrodes: tuple[Electrode, ...],
    tones: Tones,
    timing: Timing,
    validation: Validation | None,
) -> Iterator[Finding]:
    count = len(toned(electrodes, tones))
    for periods in plan_windows(experiment, timing, validation).silent:
        bars = _error_bars(tones, bench.rate, count, periods)
        if bars is not None and not bars.mean:
            message = f"the outputs would have no error bars: {_text(periods)} holds no frequency free of tones."
            yield Finding(("validation", "periods"), message, suggestion="Write periods: 2, or lengthen tones.period.")


def _currents(experiment: str, bench: CardBench, tones: Tones, timing: Timing) -> Iterator[Finding]:
    """Of the experiments without tones."""
    samples = round(tones.period * bench.rate)
    if plan_windows(experiment, timing).silent != (1,) or not 4 <= samples < _LARGEST:
        return
    from hgx_lab.signals import TonePlan, error_bars

    if not error_bars(TonePlan("manual", bench.rate, samples, (1,), None), samples, 1).mean:
        message = f"the currents would have no error bars: {samples} samples have no room for them."
        yield Finding(("timing", "periods"), message, suggestion="Write periods: 2, or lengthen tones.period.")


def _error_bars(tones: Tones, rate_hz: float, count: int, periods: int) -> ErrorBars | None:
    """What windows of a plan give; None where another check has to do with it, or the run itself."""
    samples = round(tones.period * rate_hz)
    if periods > 1 and not tones.bridge:
        return None  # their scatter is an error bar, whatever the plan
    if samples < 4 or samples * count > _LARGEST or count == 0:
        return None
    from hgx_lab.signals import error_bars

    try:
        plan = tone_plan(tones, rate_hz, count)
        return error_bars(plan, samples, periods) if plan.count == count else None
    except HgxError:
        return None


def _enough(tones: Tones, rate_hz: float, count: int, periods: int) -> int:
    """Base periods of a window that has error bars; 0 where none was found."""
    for factor in _LONGER:
        bars = _error_bars(tones, rate_hz, count, factor * periods)
        if bars is None or not bars.missing:
            return factor * periods
    return 0


def _longer_period(tones: Tones, rate_hz: float, count: int, periods: int) -> str:
    """A longer base period with which all tones have error bars, as it is written; empty where none was found."""
    for factor in _LONGER:
        period = factor * tones.period
        bars = _error_bars(tones.model_copy(update={"period": period}), rate_hz, count, periods)
        if bars is not None and not bars.missing:
            return format_quantity(period, "s", digits=9)
    return ""


def _text(periods: int) -> str:
    return "one base period" if periods == 1 else f"{periods} base periods"


CHECKS: Final = (_derivatives, _confirmed_outputs, _currents)
