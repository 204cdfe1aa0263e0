"""The experiments that measure instead of training: their own keys beside those of every run file."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Hertz, Pair, PositiveSeconds, Quantity, Range, Settling
from hgx_lab.config.run_file import RunFile
from hgx_lab.config.section import Section
from hgx_lab.config.values import Text, Whole

__all__ = [
    "AbundanceRun",
    "AmplitudeRun",
    "ConvergenceRun",
    "FrequencyResponseRun",
    "GradientAccuracyRun",
    "IvRun",
    "NoiseRun",
    "Sweep",
    "ToneSpacingRun",
]

Count = Annotated[int, Whole(1, 1_000_000)]
Points = Annotated[int, Whole(1, 100_000)]
Peak = Annotated[float, Quantity("V", above=0.0, most=1000.0)]
Name = Annotated[str, Text(longest=32)]


class NoiseRun(RunFile):
    """The spectral density of the output current at rest, and a 1/f law fitted to it."""

    experiment: Literal["noise"] = Field(description="What the run does: measure the noise of the current.")
    duration: PositiveSeconds = Field(default=60.0, description="Length of the recording at each device point.")
    points: Points = Field(
        default=1, description="Device points: the first at the start voltages, others at random within the limits."
    )
    resolution: Hertz = Field(default=1.0, description="Width of a line of the spectrum.")
    fit: Range = Field(default=(2.0, 2000.0), description="Band in which the 1/f law is fitted.")


class Sweep(Section):
    """One electrode swept from one voltage to another."""

    electrode: Name = Field(description="The electrode.")
    span: Pair = Field(description="First and last voltage.")
    steps: Annotated[int, Whole(2, 10_000)] = Field(default=101, description="Number of voltages.")


class IvRun(RunFile):
    """Current against voltage: a sweep of one electrode, or a map over two."""

    experiment: Literal["iv"] = Field(description="What the run does: measure current against voltage.")
    sweep: Sweep = Field(description="The electrode swept at every voltage of the other, or alone.")
    against: Sweep | None = Field(default=None, description="A second electrode, for a map; null for a single sweep.")
    both_ways: bool = Field(default=True, description="Whether the sweep goes back again, to show hysteresis.")


class FrequencyResponseRun(RunFile):
    """Derivatives and phases against the frequency of the tones: where the method begins to fail."""

    experiment: Literal["frequency-response"] = Field(
        description="What the run does: measure derivatives against frequency."
    )
    span: Range = Field(default=(100.0, 20e3), description="Lowest and highest frequency.")
    steps: Annotated[int, Whole(2, 1000)] = Field(default=20, description="Number of frequencies, evenly in logarithm.")
    points: Points = Field(default=3, description="Random device points.")


class ToneSpacingRun(RunFile):
    """Error of a derivative against the spacing of the tones, for whole-period windows and for a low-pass chain."""

    experiment: Literal["tone-spacing"] = Field(
        description="What the run does: measure the error of derivatives against tone spacing."
    )
    window: PositiveSeconds = Field(default=0.1, description="Integration time of a derivative.")
    spacings: tuple[Hertz, ...] = Field(
        default=(10.0, 20.0, 30.0, 40.0, 60.0, 80.0, 100.0),
        min_length=1,
        max_length=100,
        description="Spacings of neighbouring tones.",
    )
    lowest: Hertz = Field(
        default=1010.0,
        description="Frequency of the lowest tone, best above the span of all; places on mains harmonics stay empty.",
    )
    repeats: Annotated[int, Whole(2, 100_000)] = Field(default=200, description="Windows at each spacing.")
    low_pass: Hertz = Field(default=10.0, description="Cut-off of the low-pass chain, second order, for comparison.")


class GradientAccuracyRun(RunFile):
    """Derivatives of all electrodes at once against one electrode at a time, at random settings."""

    experiment: Literal["gradient-accuracy"] = Field(
        description="What the run does: compare derivatives measured at once with those measured one by one."
    )
    points: Points = Field(default=1000, description="Random settings of the controls and inputs.")
    spacing: Hertz = Field(default=10.0, description="Spacing of neighbouring tones.")
    lowest: Hertz = Field(
        default=510.0, description="Frequency of the lowest tone; places on harmonics of the mains stay empty."
    )
    window: PositiveSeconds = Field(default=0.1, description="Integration time of a derivative.")
    low_pass: Hertz | None = Field(
        default=None, description="Cut-off of a low-pass chain evaluated beside the windows; null for none."
    )
    finite_differences: Points | None = Field(
        default=None, description="Settings, from the first on, with finite differences too; null for none."
    )


class AmplitudeRun(RunFile):
    """Bias and noise of derivatives against the amplitude of the tones."""

    experiment: Literal["amplitude"] = Field(description="What the run does: vary the amplitude of the tones.")
    amplitudes: tuple[Peak, ...] = Field(
        default=(5e-3, 10e-3, 20e-3, 30e-3, 50e-3, 70e-3, 100e-3),
        min_length=2,
        max_length=100,
        description="Peak amplitudes, the same on every electrode.",
    )
    points: Points = Field(default=20, description="Random device points.")
    repeats: Annotated[int, Whole(2, 100_000)] = Field(default=10, description="Windows at each point and amplitude.")


class ConvergenceRun(RunFile):
    """Error of derivatives and direction of the gradient against integration time."""

    experiment: Literal["convergence"] = Field(
        description="What the run does: measure the error against integration time."
    )
    longest: PositiveSeconds = Field(default=2.0, description="Longest integration time.")
    points: Points = Field(default=20, description="Random device points.")


class AbundanceRun(RunFile):
    """How often random controls solve each of the six gates."""

    experiment: Literal["abundance"] = Field(description="What the run does: try random controls for all gates.")
    settings: Count = Field(default=1000, description="Random settings of the controls.")
    inputs: dict[Name, Pair] = Field(
        min_length=2, max_length=2, description="Voltages of logic 0 and 1 for each of the two input electrodes."
    )
    margin: Annotated[float, Quantity("A", least=0.0, most=1.0)] = Field(
        default=1e-9, description="Gap between the classes that counts as solved."
    )
    settle: Settling = Field(default=1e-3, description="Waiting after each change.")
