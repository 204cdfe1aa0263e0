"""From derivatives of the outputs to the gradient of the loss, with its error bar."""

from __future__ import annotations

import numpy as np

from hgx_lab.errors import LearningError
from hgx_lab.learning._arrays import Floats
from hgx_lab.learning.losses._interface import Loss

__all__ = ["chain_rule", "loss_hessian"]


def chain_rule(
    loss_gradient: Floats,
    derivatives: Floats,
    derivative_std: Floats,
    *,
    output_std: Floats | None = None,
    hessian: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Gradient of the loss in the controls, dE/dV_k = sum_c dE/dI_c dI_c/dV_k, and its standard deviation.

    The variance is sum_c (dE/dI_c)^2 var(dI_c/dV_k). With ``output_std`` and ``hessian`` the noise of the
    outputs, at which dE/dI was taken, is added to first order: sum_c (sum_c' H_cc' dI_c'/dV_k)^2 var(I_c).

    Parameters
    ----------
    loss_gradient:
        (cases,), 1/A.
    derivatives, derivative_std:
        (cases, controls), A/V; independent errors.
    output_std:
        (cases,), A: errors of the case means, independent of those of the derivatives.
    hessian:
        (cases, cases), 1/A^2, as :func:`loss_hessian` gives it; needed with ``output_std``.

    Returns
    -------
    tuple
        Gradient and standard deviation, (controls,) each, in 1/V.
    """
    if derivatives.ndim != 2 or derivatives.shape != derivative_std.shape or len(derivatives) != loss_gradient.size:
        raise LearningError(
            f"A loss gradient {loss_gradient.shape}, derivatives {derivatives.shape} and their deviations "
            f"{derivative_std.shape} don't fit together."
        )
    gradient = loss_gradient @ derivatives
    # Squares of the products, not products of squares: (1e9 /A)^2 and (1e-9 A/V)^2 would lose range for
    # nothing.
    variance = np.sum((loss_gradient[:, None] * derivative_std) ** 2, axis=0)
    if output_std is not None:
        if hessian is None or hessian.shape != (loss_gradient.size, loss_gradient.size):
            raise LearningError("The noise of the outputs counts only with the hessian of the loss, (cases, cases).")
        variance = variance + np.sum((output_std[:, None] * (hessian @ derivatives)) ** 2, axis=0)
    return np.ascontiguousarray(gradient), np.sqrt(variance)


def loss_hessian(loss: Loss, outputs: Floats, targets: Floats, *, step: float = 1e-12) -> Floats:
    """Second derivatives of a loss, (cases, cases) in 1/A^2, from central differences of its exact gradient.

    ``step`` is in A: small against the scales of the loss (nanoamperes). At a kink of the loss, such as a tie
    of two cases, the answer is only the slope across the kink.
    """
    columns: list[Floats] = []
    for case in range(outputs.size):
        shift = np.zeros_like(outputs)
        shift[case] = step
        above = loss.evaluate(outputs + shift, targets).gradient
        below = loss.evaluate(outputs - shift, targets).gradient
        columns.append((above - below) / (2 * step))
    hessian = np.array(columns)
    return (hessian + hessian.T) / 2
