"""Losses of the case means with exact gradients, and the chain rule that carries them to the controls."""

from hgx_lab.learning.losses._chain import chain_rule, loss_hessian
from hgx_lab.learning.losses._correlation import Correlation, CorrelationSigmoid
from hgx_lab.learning.losses._fisher import Fisher
from hgx_lab.learning.losses._interface import Loss, LossValue
from hgx_lab.learning.losses._logistic import Logistic
from hgx_lab.learning.losses._mean_squared import MeanSquaredError

__all__ = [
    "Correlation",
    "CorrelationSigmoid",
    "Fisher",
    "Logistic",
    "Loss",
    "LossValue",
    "MeanSquaredError",
    "chain_rule",
    "loss_hessian",
]
