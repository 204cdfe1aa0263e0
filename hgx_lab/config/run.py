"""Every experiment that a run file can ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from hgx_lab.config.electrodes import Start
from hgx_lab.config.learning import Adam, CorrelationSigmoidLoss, Loss, Optimizer, Restart, Stop
from hgx_lab.config.measurements import (
    AbundanceRun,
    AmplitudeRun,
    ConvergenceRun,
    FrequencyResponseRun,
    GradientAccuracyRun,
    IvRun,
    NoiseRun,
    ToneSpacingRun,
)
from hgx_lab.config.record import Validation
from hgx_lab.config.run_file import RunFile
from hgx_lab.config.section import OneOf
from hgx_lab.config.self_test import SelfTest
from hgx_lab.config.tasks import Task

__all__ = ["Experiment", "TrainRun"]


class TrainRun(RunFile):
    """Train the controls until the device does its task."""

    experiment: Literal["train"] = Field(default="train", description="What the run does: train the controls.")
    task: Task = Field(description="What the device is to compute.")
    loss: Loss = Field(default=CorrelationSigmoidLoss(), description="What is made small.")
    optimizer: Optimizer = Field(default=Adam(), description="How the controls are moved.")
    restart: Restart | None = Field(default=Restart(), description="Fresh starts; null for none.")
    stop: Stop = Field(default=Stop(), description="When the run is over.")
    start: Start = Field(default=Start(), description="How random first voltages are drawn.")
    validation: Validation | None = Field(
        default=Validation(), description="The last measurement, without tones; null for none."
    )

    @model_validator(mode="before")
    @classmethod
    def _test_the_wires_of_a_card(cls, values: Any) -> Any:
        """A training on a card has a self-test unless the file speaks of it: wires come off, simulated ones don't."""
        if not isinstance(values, Mapping) or "self_test" in values:
            return values
        bench = values.get("bench")
        kind = bench.get("kind") if isinstance(bench, Mapping) else getattr(bench, "kind", None)
        return {**values, "self_test": SelfTest()} if kind == "nidaq" else values


#: Every experiment that a run file can ask for.
Experiment = Annotated[
    TrainRun
    | NoiseRun
    | IvRun
    | FrequencyResponseRun
    | ToneSpacingRun
    | GradientAccuracyRun
    | AmplitudeRun
    | ConvergenceRun
    | AbundanceRun,
    OneOf("experiment", default="train"),
]
