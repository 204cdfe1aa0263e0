"""``loss``, ``optimizer``, ``restart``, ``stop``: how the controls are moved, and until when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Amperes, Fraction, PositiveSeconds, Quantity
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import Whole

__all__ = [
    "Adam",
    "ConstantSchedule",
    "CorrelationLoss",
    "CorrelationSigmoidLoss",
    "CosineSchedule",
    "ExponentialSchedule",
    "FisherLoss",
    "GradientDescent",
    "LogisticLoss",
    "Loss",
    "MeanSquaredLoss",
    "Momentum",
    "Optimizer",
    "Restart",
    "Schedule",
    "StepSchedule",
    "Stop",
]

PositiveAmperes = Annotated[float, Quantity("A", above=0.0, most=1.0)]
Number = Annotated[float, Quantity("", least=-1e12, most=1e12)]
Decay = Annotated[float, Quantity("", least=0.0, most=0.999999)]
Iterations = Annotated[int, Whole(1, 10_000_000)]
LargestStep = Annotated[float, Quantity("V", above=0.0, most=1000.0)]
SquareVolts = Annotated[float, Quantity("V^2", above=0.0, most=1e30)]


class CorrelationSigmoidLoss(Section):
    """(1.1 - correlation) over 0.05 + a sigmoid of the separation of the two classes."""

    kind: Literal["correlation-sigmoid"] = Field(
        default="correlation-sigmoid", description="Correlation and separation."
    )
    separation: Amperes = Field(default=5e-9, description="Separation at which the sigmoid is one half.")
    scale: PositiveAmperes = Field(default=3e-9, description="Current over which the sigmoid rises.")


class CorrelationLoss(Section):
    """1 - correlation of outputs and targets."""

    kind: Literal["correlation"] = Field(default="correlation", description="Correlation of outputs and targets.")


class MeanSquaredLoss(Section):
    """Mean squared difference of outputs and target currents."""

    kind: Literal["mse"] = Field(default="mse", description="Mean squared error.")
    low: Amperes = Field(default=0.0, description="Target current of class 0.")
    high: Amperes = Field(default=20e-9, description="Target current of class 1.")


class LogisticLoss(Section):
    """Logistic regression on the current, with a threshold."""

    kind: Literal["logistic"] = Field(default="logistic", description="Logistic loss around a threshold.")
    scale: PositiveAmperes = Field(default=3e-9, description="Current over which the logistic function rises.")
    threshold: Annotated[float | Literal["learned"], Quantity("A", least=-1.0, most=1.0, words=("learned",))] = Field(
        default="learned", description="Threshold current, or learned together with the controls."
    )


class FisherLoss(Section):
    """Scatter within the classes over the distance between them."""

    kind: Literal["fisher"] = Field(default="fisher", description="Fisher's criterion.")


Loss = Annotated[CorrelationSigmoidLoss | CorrelationLoss | MeanSquaredLoss | LogisticLoss | FisherLoss, OneOf()]


class ConstantSchedule(Section):
    """The learning rate stays."""

    kind: Literal["constant"] = Field(default="constant", description="The rate stays as it is.")


class ExponentialSchedule(Section):
    """The learning rate halves again and again."""

    kind: Literal["exponential"] = Field(default="exponential", description="The rate decays exponentially.")
    half_life: Iterations = Field(default=100, description="Iterations after which the rate is one half.")


class CosineSchedule(Section):
    """The learning rate falls along half a cosine."""

    kind: Literal["cosine"] = Field(default="cosine", description="The rate falls along half a cosine.")
    iterations: Iterations = Field(default=200, description="Iterations until it has fallen.")
    final: Fraction = Field(default=0.05, description="Share of the rate that is left then.")


class StepSchedule(Section):
    """The learning rate falls in steps."""

    kind: Literal["step"] = Field(default="step", description="The rate falls in steps.")
    every: Iterations = Field(default=50, description="Iterations from step to step.")
    factor: Annotated[float, Quantity("", above=0.0, most=1.0)] = Field(default=0.5, description="Factor at each step.")


Schedule = Annotated[ConstantSchedule | ExponentialSchedule | CosineSchedule | StepSchedule, OneOf()]


class _Optimizer(Section):
    schedule: Schedule = Field(default=ConstantSchedule(), description="How the rate changes with the iterations.")
    largest_step: LargestStep | None = Field(
        default=0.2, description="Largest step of a control in one iteration; null for no bound."
    )


class GradientDescent(_Optimizer):
    """Steps along the negative gradient."""

    kind: Literal["gradient-descent"] = Field(default="gradient-descent", description="Plain gradient descent.")
    rate: SquareVolts = Field(default=0.01, description="Step per unit of gradient of the loss.")


class Momentum(_Optimizer):
    """Gradient descent with heavy-ball momentum."""

    kind: Literal["momentum"] = Field(default="momentum", description="Gradient descent with momentum.")
    rate: SquareVolts = Field(default=0.01, description="Step per unit of gradient of the loss.")
    momentum: Decay = Field(default=0.9, description="Share of the last step that is kept.")


class Adam(_Optimizer):
    """Adam: steps scaled by the size of past gradients."""

    kind: Literal["adam"] = Field(default="adam", description="Adam.")
    rate: Annotated[float, Quantity("V", above=0.0, most=1000.0)] = Field(
        default=0.05, description="Size of a step where the gradient is steady."
    )
    beta1: Decay = Field(default=0.9, description="Decay of the mean of gradients.")
    beta2: Decay = Field(default=0.999, description="Decay of the mean of squared gradients.")
    epsilon: Annotated[float, Quantity("", above=0.0, most=1.0)] = Field(
        default=1e-3, description="Gradient, per volt, below which steps shrink instead of chasing noise."
    )


Optimizer = Annotated[GradientDescent | Momentum | Adam, OneOf()]


class Restart(Section):
    """A fresh start from other controls when nothing improves."""

    patience: Iterations = Field(default=10, description="Iterations without improvement before a restart.")
    maximum: Annotated[int, Whole(0, 1_000_000)] | None = Field(
        default=None, description="Largest number of restarts; null for no limit."
    )
    minimum_improvement: Annotated[float, Quantity("", least=0.0, most=0.99)] = Field(
        default=0.02, description="What counts as improvement, as a share of the best loss."
    )


class Stop(Section):
    """When the run is over: after the iterations, or as soon as every goal given here is reached."""

    iterations: Iterations = Field(default=300, description="Largest number of iterations, restarts included.")
    margin: Annotated[float, Quantity("A", above=0.0, most=1.0)] | None = Field(
        default=None, description="Goal: gap between the classes; null for none."
    )
    loss: Number | None = Field(default=None, description="Goal: loss at or below this; null for none.")
    accuracy: Annotated[float, Quantity("", above=0.0, most=1.0)] | None = Field(
        default=None, description="Goal: share of right answers; null for none."
    )
    duration: PositiveSeconds | None = Field(default=None, description="Largest duration of the run; null for none.")
    confirm: Annotated[int, Whole(1, 1000)] = Field(
        default=1, description="Iterations in a row in which the goals must be reached."
    )
