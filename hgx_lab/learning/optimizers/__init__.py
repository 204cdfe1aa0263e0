"""How the controls move along the gradient, within their bounds."""

from hgx_lab.learning.optimizers._adam import Adam
from hgx_lab.learning.optimizers._box import Box
from hgx_lab.learning.optimizers._descent import GradientDescent, Momentum
from hgx_lab.learning.optimizers._interface import Optimizer, State
from hgx_lab.learning.optimizers._schedules import (
    ConstantRate,
    CosineRate,
    ExponentialRate,
    RateSchedule,
    StepRate,
)

__all__ = [
    "Adam",
    "Box",
    "ConstantRate",
    "CosineRate",
    "ExponentialRate",
    "GradientDescent",
    "Momentum",
    "Optimizer",
    "RateSchedule",
    "State",
    "StepRate",
]
