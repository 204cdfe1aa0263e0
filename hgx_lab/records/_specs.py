"""What a record will hold, declared before its first sample: tables, coordinates and raw input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import RecordError

__all__ = ["Column", "Coordinate", "RawSpec", "TableSpec"]

_DTYPES = ("uint8", "int16", "int32", "int64", "float32", "float64")
_RAW_DTYPES = ("int16", "float32", "float64")


def _require_name(name: str, what: str) -> None:
    if not name.isidentifier():
        raise RecordError(f"{what} can't be called {name!r}.", remedy="Use letters, digits and underscores.")


@dataclass(frozen=True, slots=True)
class Column:
    """One quantity of a table: each row holds an array of ``shape`` with axes called ``dims``."""

    name: str
    shape: tuple[int, ...] = ()
    dtype: str = "float64"
    unit: str = ""
    dims: tuple[str, ...] = ()
    description: str = ""

    def __post_init__(self) -> None:
        _require_name(self.name, "A column")
        if len(self.dims) != len(self.shape) or min(self.shape, default=1) < 1:
            raise RecordError(f"Column {self.name!r}: shape {self.shape} doesn't fit dims {self.dims}.")
        if self.dtype not in _DTYPES:
            raise RecordError(f"Column {self.name!r}: dtype {self.dtype!r} isn't one of {', '.join(_DTYPES)}.")

    def encode(self, value: Any) -> NDArray[Any]:
        """A copy of ``value`` as this column stores it.

        NaN means "not measured" and is allowed in floating-point columns; infinity never is, nor an integer
        that doesn't fit.

        Raises
        ------
        RecordError
            Wrong shape or kind, an infinity, or a number out of the column's range.
        """
        given = np.asarray(value)
        if given.dtype.kind not in "biuf":
            raise RecordError(f"Column {self.name!r} takes numbers, not {given.dtype}.")
        if given.shape != self.shape:
            raise RecordError(f"Column {self.name!r} takes shape {self.shape}, not {given.shape}.")
        with np.errstate(over="ignore", invalid="ignore"):
            stored = np.array(given, dtype=self.dtype, order="C")
        if stored.dtype.kind == "f":
            if np.isinf(stored).any():
                raise RecordError(f"Column {self.name!r} ({self.dtype}) can't hold {given[np.isinf(stored)][0]}.")
        elif given.dtype != stored.dtype and not np.array_equal(stored, given):
            wrong = given[stored != given][0]
            raise RecordError(f"Column {self.name!r} ({self.dtype}) can't hold {wrong}.")
        return stored


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table whose rows are appended while the run goes on; ``row_dim`` names its leading axis."""

    name: str
    columns: tuple[Column, ...]
    row_dim: str = "row"

    def __post_init__(self) -> None:
        _require_name(self.name, "A table")
        _require_name(self.row_dim, "The rows of a table")
        names = [column.name for column in self.columns]
        if not names or len(set(names)) != len(names):
            raise RecordError(f"Table {self.name!r} needs columns with different names, not {names}.")
        sizes: dict[str, int] = {}
        for column in self.columns:
            for dim, size in zip(column.dims, column.shape, strict=True):
                if sizes.setdefault(dim, size) != size or dim == self.row_dim:
                    raise RecordError(f"Table {self.name!r}: dimension {dim!r} of {column.name!r} is ambiguous.")


@dataclass(frozen=True, slots=True, eq=False)
class Coordinate:
    """Labels (text or numbers) along one or more dimensions; ``dims`` defaults to the coordinate's name."""

    name: str
    values: Sequence[str] | Sequence[float] | NDArray[Any]
    unit: str = ""
    dims: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _require_name(self.name, "A coordinate")
        array = self.array()
        if array.dtype.kind not in "biufU" or array.ndim != len(self.axes) or array.size == 0:
            raise RecordError(
                f"Coordinate {self.name!r}: {array.dtype} of shape {array.shape} can't label {self.axes}."
            )

    @property
    def axes(self) -> tuple[str, ...]:
        """The dimensions that the values lie along."""
        return self.dims or (self.name,)

    def array(self) -> NDArray[Any]:
        """The values as an array."""
        return np.asarray(self.values)


@dataclass(frozen=True, slots=True)
class RawSpec:
    """Raw input samples to keep: one row a channel, in ``unit``.

    ``int16`` stores ``round(value / scale)`` with one ``scale`` (unit per count) a channel: a quarter of the
    space, and lossless for a 16-bit converter whose code width is the scale.
    """

    channels: tuple[str, ...]
    rate_hz: float
    dtype: str = "float32"
    unit: str = "V"
    scale: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.dtype not in _RAW_DTYPES:
            raise RecordError(f"Raw samples: dtype {self.dtype!r} isn't one of {', '.join(_RAW_DTYPES)}.")
        if not self.channels or not self.rate_hz > 0:
            raise RecordError(f"Raw samples: {len(self.channels)} channels at {self.rate_hz} Hz.")
        wanted = len(self.channels) if self.dtype == "int16" else 0
        if len(self.scale) != wanted or not all(s > 0 for s in self.scale):
            raise RecordError(f"Raw samples as {self.dtype} take {wanted} positive scales, not {self.scale}.")

    def encode(self, block: NDArray[Any]) -> NDArray[Any]:
        """A copy of ``block``, shape (channels, n), as it is stored.

        Raises
        ------
        RecordError
            Wrong shape, samples that aren't finite, or samples outside the range of ``int16``.
        """
        if block.ndim != 2 or block.shape[0] != len(self.channels):
            raise RecordError(f"Raw samples have shape ({len(self.channels)}, n), not {block.shape}.")
        if not np.isfinite(block).all():
            raise RecordError("Raw samples must be finite numbers.")
        if self.dtype != "int16":
            return np.array(block, dtype=self.dtype, order="C")
        counts = np.rint(block / np.asarray(self.scale)[:, None])
        if counts.size and np.abs(counts).max() > 32767:
            raise RecordError(
                f"A raw sample is {np.abs(counts).max():.0f} counts, beyond the 32767 of int16.",
                remedy="Give the record a larger scale, or store float32.",
            )
        return counts.astype(np.int16)
