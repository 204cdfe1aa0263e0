"""``task``: what the device is to compute."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Pair, Quantity
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import ExistingFile, Seed, Text, Whole

__all__ = ["FeatureTask", "GateTask", "RingTask", "SphereTask", "TableTask", "Task"]

Levels = dict[Annotated[str, Text(longest=32)], Pair]
Points = Annotated[int, Whole(2, 1_000_000)]
Share = Annotated[float, Quantity("", above=0.0, most=1.0)]


class GateTask(Section):
    """A Boolean gate of two inputs."""

    kind: Literal["gate"] = Field(default="gate", description="A Boolean gate.")
    gate: Literal["AND", "OR", "NAND", "NOR", "XOR", "XNOR"] = Field(description="Which gate.")
    inputs: Levels = Field(
        min_length=2, max_length=2, description="Voltages of logic 0 and 1 for each of the two input electrodes."
    )


class FeatureTask(Section):
    """Tell one 2x2 pattern of pixels from the fifteen others."""

    kind: Literal["feature"] = Field(default="feature", description="One 2x2 pattern against all others.")
    pattern: Annotated[int, Whole(0, 15)] = Field(
        description="The pattern, as a number of four bits; the first input is the highest bit."
    )
    inputs: Levels = Field(
        min_length=4, max_length=4, description="Voltages of a dark and a light pixel for four input electrodes."
    )


class SphereTask(Section):
    """Tell points inside a sphere from those around it."""

    kind: Literal["sphere"] = Field(default="sphere", description="Inside against outside of a sphere.")
    inputs: Levels = Field(
        min_length=3, max_length=3, description="Lowest and highest voltage for three input electrodes."
    )
    radius: Share = Field(default=0.5, description="Radius of the sphere, as a share of half the range.")
    gap: Annotated[float, Quantity("", least=0.0, most=1.0)] = Field(
        default=0.1, description="Thickness of the empty shell around it, as a share of half the range."
    )
    points: Points = Field(default=100, description="Number of training points.")
    test_points: Points = Field(default=100, description="Number of test points.")
    seed: Seed | None = Field(default=None, description="Seed of the points; null for the one of the run.")


class RingTask(Section):
    """Tell points of a disc from those of a ring around it."""

    kind: Literal["ring"] = Field(default="ring", description="A disc against the ring around it.")
    inputs: Levels = Field(
        min_length=2, max_length=2, description="Lowest and highest voltage for two input electrodes."
    )
    radius: Share = Field(default=0.5, description="Outer radius of the disc, as a share of half the range.")
    gap: Annotated[float, Quantity("", least=0.0, most=1.0)] = Field(
        default=0.25, description="Width of the empty ring between them, as a share of half the range."
    )
    points: Points = Field(default=100, description="Number of training points.")
    test_points: Points = Field(default=100, description="Number of test points.")
    seed: Seed | None = Field(default=None, description="Seed of the points; null for the one of the run.")


class TableTask(Section):
    """Inputs in volts and targets from the columns of a CSV file."""

    kind: Literal["table"] = Field(default="table", description="Inputs and targets from a CSV file.")
    file: Annotated[Path, ExistingFile(".csv")] = Field(description="The CSV file; relative to the run file.")
    inputs: dict[Annotated[str, Text(longest=200)], Annotated[str, Text(longest=32)]] = Field(
        min_length=1, max_length=1024, description="Input electrode for each column."
    )
    target: Annotated[str, Text(longest=200)] = Field(description="Column of the targets.")
    targets: Literal["classes", "values"] = Field(
        default="classes",
        description="Classes 0 and 1, or values: t asks loss mse for the current low + t (high - low).",
    )
    test_file: Annotated[Path, ExistingFile(".csv")] | None = Field(
        default=None, description="CSV file of the test data, with the same columns; null for none."
    )
    test_fraction: Annotated[float, Quantity("", above=0.0, most=0.9)] | None = Field(
        default=None, description="Share of the rows kept for the test; null for none."
    )


Task = Annotated[GateTask | FeatureTask | SphereTask | RingTask | TableTask, OneOf()]
