"""A real device as its owners publish it: a ReLU network trained on a recording."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from hgx_drivers.errors import DeviceFileError
from hgx_drivers.simulated.devices._layers import LayerStack

__all__ = ["SurrogateDevice"]

Floats = NDArray[np.float64]
Array = NDArray[Any]

_AMPERES_PER_NANOAMPERE = 1e-9


class SurrogateDevice:
    """I = amplification * (W_n relu(... relu(W_0 V + b_0) ...) + b_n), volts in without any scaling.

    A ReLU network has kinks and, between them, no curvature: the derivative is exact almost everywhere, but a sine
    of finite amplitude that crosses a kink sees another one.

    Parameters
    ----------
    weights, biases:
        (m, k) and (m,) of each layer, first to last.
    voltage_ranges:
        (E, 2) volts of the recording. Outside of them the network extrapolates; nothing is refused here.
    amplification_amperes:
        Amperes per unit of network output, one number or (O,).
    meta:
        Whatever the file says about its origin.
    dtype:
        Of the forward pass: float32 is twice as fast and good to 1e-6 of the largest current.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array],
        voltage_ranges: Floats,
        amplification_amperes: float | Floats,
        *,
        meta: dict[str, Any] | None = None,
        dtype: DTypeLike = np.float32,
    ) -> None:
        self._weights = [np.array(w, dtype=np.float64) for w in weights]
        self._biases = [np.array(b, dtype=np.float64) for b in biases]
        self._ranges = np.array(voltage_ranges, dtype=np.float64)
        amplification = np.array(amplification_amperes, dtype=np.float64)
        _check_shapes(self._weights, self._biases, self._ranges, amplification)
        self._amplification = np.broadcast_to(amplification, (self.outputs,))
        self._meta = dict(meta or {})
        self._stack = LayerStack(self._weights, self._biases, _relu_in_place, dtype)

    @classmethod
    def from_npz(cls, path: str | Path, *, dtype: DTypeLike = np.float32) -> SurrogateDevice:
        """Read ``W0..Wn``, ``b0..bn``, ``voltage_ranges``, ``amplification`` (nA) and ``meta`` (JSON); never a pickle.

        Raises
        ------
        DeviceFileError
            The file can't be read, an array is missing, or the shapes don't fit each other.
        """
        try:
            # Opened here, because numpy leaves a file open that turns out not to be an archive.
            with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError, TypeError, zipfile.BadZipFile, AttributeError) as error:
            raise DeviceFileError(f"{path} can't be read as a device: {error}") from error
        layers = 0
        while f"W{layers}" in arrays:
            layers += 1
        needed = [f"W{i}" for i in range(max(layers, 1))] + [f"b{i}" for i in range(max(layers, 1))]
        missing = [name for name in [*needed, "voltage_ranges", "amplification"] if name not in arrays]
        if missing:
            raise DeviceFileError(f"{path} holds no {', '.join(missing)}; it isn't a surrogate network.")
        try:
            meta = json.loads(str(arrays["meta"])) if "meta" in arrays else {}
            return cls(
                [arrays[f"W{i}"] for i in range(layers)],
                [arrays[f"b{i}"] for i in range(layers)],
                arrays["voltage_ranges"],
                arrays["amplification"].astype(np.float64) * _AMPERES_PER_NANOAMPERE,
                meta=meta if isinstance(meta, dict) else {"meta": meta},
                dtype=dtype,
            )
        except (DeviceFileError, ValueError, TypeError) as error:
            raise DeviceFileError(f"{path} isn't a usable device: {error}") from error

    @property
    def electrodes(self) -> int:
        """Number of electrodes E."""
        return self._weights[0].shape[1]

    @property
    def outputs(self) -> int:
        """Number of outputs O."""
        return self._weights[-1].shape[0]

    @property
    def voltage_ranges(self) -> Floats:
        """Lowest and highest volts of the recording, shape (E, 2); a copy."""
        return self._ranges.copy()

    @property
    def meta(self) -> dict[str, Any]:
        """Origin of the device, as its file tells it; a copy."""
        return dict(self._meta)

    def current(self, volts: Floats) -> Floats:
        """Amperes, shape (O, n), for volts of shape (E, n)."""
        current = self._stack.forward(volts)
        np.multiply(current, self._amplification[:, None], out=current)
        return current

    def jacobian(self, volts: Floats) -> Floats:
        """dI/dV in A/V, shape (O, E, n), in float64; on a kink, that of the lower side."""
        active: list[NDArray[np.bool_]] = []
        x = np.asarray(volts, dtype=np.float64)
        for w, b in zip(self._weights[:-1], self._biases[:-1], strict=True):
            x = w @ x + b[:, None]
            active.append(x > 0.0)
            x = np.where(active[-1], x, 0.0)
        count = x.shape[1]
        back = np.repeat((self._amplification[:, None] * self._weights[-1])[:, :, None], count, axis=2)
        for w, mask in zip(self._weights[-2::-1], active[::-1], strict=True):
            back = np.einsum("omn,mk->okn", back * mask, w, optimize=True)
        return np.ascontiguousarray(back)


def _check_shapes(weights: list[Floats], biases: list[Floats], ranges: Floats, amplification: Floats) -> None:
    if not weights or len(weights) != len(biases):
        raise DeviceFileError(f"A network of {len(weights)} weight and {len(biases)} bias arrays isn't one.")
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        if w.ndim != 2 or 0 in w.shape or b.shape != w.shape[:1]:
            raise DeviceFileError(f"Layer {i} has weights of shape {w.shape} and biases of shape {b.shape}.")
        if i and w.shape[1] != weights[i - 1].shape[0]:
            raise DeviceFileError(
                f"Layer {i} takes {w.shape[1]} numbers but layer {i - 1} gives {weights[i - 1].shape[0]}."
            )
        if not (np.isfinite(w).all() and np.isfinite(b).all()):
            raise DeviceFileError(f"Layer {i} holds weights that aren't finite numbers.")
    electrodes, outputs = weights[0].shape[1], weights[-1].shape[0]
    if ranges.shape != (electrodes, 2) or not (np.isfinite(ranges).all() and (ranges[:, 0] < ranges[:, 1]).all()):
        raise DeviceFileError(
            f"voltage_ranges has shape {ranges.shape}; needed are {electrodes} finite pairs (lowest, highest)."
        )
    if amplification.shape not in {(), (1,), (outputs,)} or not np.isfinite(amplification).all():
        raise DeviceFileError(f"amplification has shape {amplification.shape}; needed is one number or {outputs}.")


def _relu_in_place(x: Array) -> None:
    np.maximum(x, 0.0, out=x)
