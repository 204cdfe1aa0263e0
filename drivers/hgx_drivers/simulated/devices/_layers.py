"""Forward passes of small networks over a stream, the same bit for bit however the stream is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["LayerStack"]

Floats = NDArray[np.float64]
Array = NDArray[Any]

#: A BLAS chooses its kernels by the shape of the matrices, so every product here has this many columns, padded if
#: need be. A multiple of every register tile, so that no column is in a tile's remainder; small enough for the caches.
COLUMNS = 256


class LayerStack:
    """x -> W_n f(... f(W_0 x + b_0) ...) + b_n with preallocated buffers; biases ride in an extra row of ones.

    Parameters
    ----------
    weights, biases:
        (m, k) and (m,) of each layer, first to last.
    activate:
        Applies f in place.
    dtype:
        Of the computation, float32 or float64.
    """

    def __init__(
        self,
        weights: Sequence[Array],
        biases: Sequence[Array],
        activate: Callable[[Array], None],
        dtype: DTypeLike,
    ) -> None:
        self._activate = activate
        self._matrices = [
            np.ascontiguousarray(np.column_stack([w, b]), dtype=dtype) for w, b in zip(weights, biases, strict=True)
        ]
        # One more row than the layer is wide: ones, for the bias of the next.
        self._inputs = [np.ones((matrix.shape[1], COLUMNS), dtype=dtype) for matrix in self._matrices]
        self._inputs[0][:-1] = 0.0
        self._last = np.empty((self._matrices[-1].shape[0], COLUMNS), dtype=dtype)

    def forward(self, x: Floats) -> Floats:
        """Outputs, shape (O, n), for inputs of shape (E, n)."""
        count = x.shape[1]
        result = np.empty((self._last.shape[0], count))
        for start in range(0, count, COLUMNS):
            width = min(COLUMNS, count - start)
            # Columns beyond `width` keep older samples: finite, computed in vain, never looked at.
            self._inputs[0][:-1, :width] = x[:, start : start + width]
            for layer, matrix in enumerate(self._matrices[:-1]):
                hidden = self._inputs[layer + 1][:-1]
                np.matmul(matrix, self._inputs[layer], out=hidden)
                self._activate(hidden)
            np.matmul(self._matrices[-1], self._inputs[-1], out=self._last)
            result[:, start : start + width] = self._last[:, :width]
        return result
