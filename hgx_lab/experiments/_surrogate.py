"""Fit a network of ReLU units to what a device does, and write it in the field's format."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import ExperimentError, MissingExtraError
from hgx_lab.experiments._fit_data import FitData
from hgx_lab.signals import Floats

__all__ = ["SurrogateFit", "fit_surrogate"]

_AMPERES_PER_NANOAMPERE = 1e-9
_FEWEST_SAMPLES = 50
#: Epochs without a better loss on the held-back samples after which the fit is over.
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class SurrogateFit:
    """How good a fit is on samples that it never saw: rms error in A, and the coefficient of determination R^2."""

    test_rms: float
    test_r2: float
    samples: int
    test_samples: int
    epochs: int


def fit_surrogate(
    data: FitData,
    output: Path,
    *,
    hidden: Sequence[int] = (64, 64, 64),
    epochs: int = 400,
    test_share: float = 0.1,
    seed: int = 0,
) -> SurrogateFit:
    """Fit a network by Adam until a tenth of its samples isn't foretold better, and write it to an ``.npz`` file.

    Inputs and output are scaled for the fit; the scales are folded into the first and last layer, so that the network
    in the file takes volts and gives nanoamperes, as SurrogateDevice reads it. Ranges are those of the data.

    Raises
    ------
    MissingExtraError
        scikit-learn isn't installed (extra ``fit``).
    ExperimentError
        Too few samples, or nothing varies.
    """
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPRegressor
    except ImportError as error:
        raise MissingExtraError("Fitting a surrogate network", "fit") from error

    count = len(data.current)
    spread, scale = np.ptp(data.volts, axis=0), float(data.current.std())
    if count < _FEWEST_SAMPLES or scale == 0.0 or not spread.any():
        raise ExperimentError(
            f"{data.origin} gives {count} samples that vary by {scale:.3g} A; no network learns that.",
            remedy=f"Give {_FEWEST_SAMPLES} or more, at different voltages.",
        )
    order = np.random.default_rng(seed).permutation(count)
    test, learnt = np.split(order, [max(1, round(test_share * count))])
    middle, half = data.volts.min(axis=0) + spread / 2, np.where(spread > 0, spread / 2, 1.0)
    offset = float(data.current[learnt].mean())
    network = MLPRegressor(
        hidden_layer_sizes=tuple(hidden),
        max_iter=epochs,
        early_stopping=True,
        n_iter_no_change=_PATIENCE,
        tol=0.0,
        random_state=seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the number of epochs says the same
        network.fit((data.volts[learnt] - middle) / half, (data.current[learnt] - offset) / scale)
    weights, biases = [w.T.copy() for w in network.coefs_], [b.copy() for b in network.intercepts_]
    # The scales go into the first and the last layer: W (v - m)/h = (W/h) v - W m/h.
    weights[0] /= half
    biases[0] -= weights[0] @ middle
    nanoamperes = scale / _AMPERES_PER_NANOAMPERE
    weights[-1] *= nanoamperes
    biases[-1] = biases[-1] * nanoamperes + offset / _AMPERES_PER_NANOAMPERE
    _write(output, weights, biases, data, seed)
    return _judged(output, data, test, int(network.n_iter_))


def _write(output: Path, weights: list[Floats], biases: list[Floats], data: FitData, seed: int) -> None:
    """Write the network in nA with the ranges of its data, as ``W0.. b0.. voltage_ranges amplification meta``."""
    ranges = np.stack([data.volts.min(axis=0), data.volts.max(axis=0)], axis=1)
    # An electrode that never moved has a range of one value; the format asks for two.
    still = ranges[:, 0] == ranges[:, 1]
    ranges[still] += (-1e-6, 1e-6)
    meta = {
        "source": data.origin,
        "samples": len(data.current),
        "electrodes": list(data.names),
        "seed": seed,
        "activation": "relu",
    }
    arrays: dict[str, Any] = {f"W{i}": w for i, w in enumerate(weights)}
    arrays |= {f"b{i}": b for i, b in enumerate(biases)}
    arrays |= {"voltage_ranges": ranges, "amplification": np.ones(1), "meta": np.array(json.dumps(meta))}
    try:
        with output.open("wb") as file:  # an open file, because savez would append .npz to a name
            np.savez_compressed(file, **arrays)
    except OSError as error:
        raise ExperimentError(f"{output} can't be written: {error.strerror}.") from error


def _judged(output: Path, data: FitData, test: NDArray[np.int64], epochs: int) -> SurrogateFit:
    """Judge the file that was written, as a device, on the samples that were kept back."""
    from hgx_drivers.simulated.devices import SurrogateDevice

    device = SurrogateDevice.from_npz(output)
    truth = data.current[test]
    error = device.current(np.ascontiguousarray(data.volts[test].T))[0] - truth
    r2 = 1.0 - float(np.mean(error**2)) / float(np.var(truth)) if np.var(truth) > 0 else float("nan")
    return SurrogateFit(float(np.sqrt(np.mean(error**2))), r2, len(data.current) - test.size, test.size, epochs)
