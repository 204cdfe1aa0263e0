"""Which experiment a run file asks for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hgx_lab.config import (
    AbundanceRun,
    AmplitudeRun,
    ConvergenceRun,
    FrequencyResponseRun,
    GradientAccuracyRun,
    IvRun,
    NoiseRun,
    RunFile,
    ToneSpacingRun,
    TrainRun,
)
from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._abundance import ABUNDANCE
from hgx_lab.experiments._amplitude import AMPLITUDE
from hgx_lab.experiments._audience import Audience
from hgx_lab.experiments._convergence import CONVERGENCE
from hgx_lab.experiments._dry_run import DryRun, dry_run
from hgx_lab.experiments._frequency_response import FREQUENCY_RESPONSE
from hgx_lab.experiments._gradient_accuracy import GRADIENT_ACCURACY
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._iv import IV
from hgx_lab.experiments._laboratory import Source
from hgx_lab.experiments._measurement import Forecast, Measurement, MeasurementResult
from hgx_lab.experiments._noise import NOISE
from hgx_lab.experiments._tone_spacing import TONE_SPACING
from hgx_lab.experiments._train import TrainResult, train

__all__ = ["forecast", "measurement_of", "perform"]

_MEASUREMENTS: dict[type[RunFile], Measurement[Any]] = {
    IvRun: IV,
    NoiseRun: NOISE,
    FrequencyResponseRun: FREQUENCY_RESPONSE,
    AmplitudeRun: AMPLITUDE,
    AbundanceRun: ABUNDANCE,
    ConvergenceRun: CONVERGENCE,
    GradientAccuracyRun: GRADIENT_ACCURACY,
    ToneSpacingRun: TONE_SPACING,
}


def measurement_of(run: RunFile) -> Measurement[Any]:
    """Return the measurement that a run file asks for.

    Raises
    ------
    ExperimentError
        It asks for a training, or for something that can't be done.
    """
    found = _MEASUREMENTS.get(type(run))
    if found is None:
        raise ExperimentError(f"{run.name} asks for a {type(run).__name__}, which isn't a measurement.")
    return found


def forecast(run: RunFile) -> DryRun | Forecast:
    """Work out what a run would do, without touching anything; refuses what would be refused at its start."""
    return dry_run(run) if isinstance(run, TrainRun) else measurement_of(run).forecast(run)


def perform(
    run: RunFile,
    *,
    record: Path,
    source: Source | None = None,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
    outputs_at: Mapping[str, float] | None = None,
) -> TrainResult | MeasurementResult:
    """Do what a run file asks for, from open bench to closed record; see :func:`laboratory` for the parameters."""
    if isinstance(run, TrainRun):
        return train(run, record=record, source=source, audience=audience, interrupts=interrupts, outputs_at=outputs_at)
    kind = measurement_of(run)
    return kind.run(run, record=record, source=source, audience=audience, interrupts=interrupts, outputs_at=outputs_at)
