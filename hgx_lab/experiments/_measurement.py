"""What all experiments that measure have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

from hgx_lab.config import RunFile
from hgx_lab.experiments._audience import Audience
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._laboratory import Declaration, Laboratory, Source, laboratory

__all__ = ["Forecast", "Measurement", "MeasurementResult"]

RunT = TypeVar("RunT", bound=RunFile)


@dataclass(frozen=True, slots=True)
class MeasurementResult:
    """What a measurement found, in a sentence and as named numbers in SI units; everything else is in its record."""

    conclusion: str
    figures: Mapping[str, float] = field(default_factory=dict[str, float])


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a measurement would do: time on the bench, rows of the record, extremes of the voltages (E,) in V."""

    seconds: float
    rows: int
    lowest: tuple[float, ...]
    highest: tuple[float, ...]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Measurement(Generic[RunT]):
    """A kind of experiment.

    Parameters
    ----------
    name:
        As it stands in the run file under ``experiment``.
    declare:
        What the record will hold.
    measure:
        Does it, with the bench and the record open; appends rows, reports progress, returns what was found.
    forecast:
        Says what it would do, without touching anything.
    """

    name: str
    declare: Callable[[RunT], Declaration]
    measure: Callable[[RunT, Laboratory], MeasurementResult]
    forecast: Callable[[RunT], Forecast]

    def run(
        self,
        run: RunT,
        *,
        record: Path,
        source: Source | None = None,
        audience: Audience | None = None,
        interrupts: Interrupts | None = None,
        outputs_at: Mapping[str, float] | None = None,
    ) -> MeasurementResult:
        """Measure from open bench to closed record; the parameters are those of :func:`laboratory`."""
        opened = laboratory(
            run,
            self.name,
            self.declare(run),
            record=record,
            source=source,
            audience=audience,
            interrupts=interrupts,
            outputs_at=outputs_at,
        )
        with opened as lab:
            result = self.measure(run, lab)
            found: dict[str, Any] = dict(result.figures)
            lab.session.conclude(result.conclusion, solved=True, **found)
        return result
