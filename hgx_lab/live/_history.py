"""Every iteration so far, in a buffer that never grows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["History"]


class History:
    """Rows of named numbers over the iterations of a run, thinned by halves when the buffer is full.

    The memory is that of ``capacity`` rows for ever: of a run of 100,000 iterations every 32nd is kept by 4096
    rows, and the newest always. Each column is an array of shape (rows, *shape of one value).

    Parameters
    ----------
    capacity:
        Rows that are kept at most; an even number.
    """

    def __init__(self, capacity: int = 4096) -> None:
        self._capacity = capacity
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._rows = 0
        self._stride = 1
        self._seen = 0
        self._newest_is_extra = False

    def __len__(self) -> int:
        return self._rows

    @property
    def seen(self) -> int:
        """How many rows have been appended, the thinned ones included."""
        return self._seen

    def append(self, row: Mapping[str, object]) -> None:
        """Append one row; the first one sets the names and shapes."""
        values = {name: np.asarray(value, dtype=np.float64) for name, value in row.items()}
        if not self._columns:
            self._columns = {name: np.full((self._capacity, *v.shape), np.nan) for name, v in values.items()}
        if self._newest_is_extra:
            self._rows -= 1
        if self._rows == self._capacity:
            half = self._capacity // 2
            for column in self._columns.values():
                column[:half] = column[::2].copy()
            self._rows, self._stride = half, self._stride * 2
        for name, value in values.items():
            self._columns[name][self._rows] = value
        self._rows += 1
        # A row that isn't on the stride stays until the next one comes, so that the newest is always there.
        self._newest_is_extra = self._seen % self._stride != 0
        self._seen += 1

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        """A column, a view of shape (rows, ...); empty where nothing has been appended."""
        column = self._columns.get(name)
        return np.empty(0) if column is None else column[: self._rows]

    def __contains__(self, name: str) -> bool:
        return name in self._columns

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Copies of all columns, each of shape (rows, ...)."""
        return {name: column[: self._rows].copy() for name, column in self._columns.items()}

    def restore(self, columns: Mapping[str, NDArray[np.float64]], seen: int) -> None:
        """Take over the :meth:`columns` of another history of the same capacity that has ``seen`` so many rows."""
        self.clear()
        self._rows = len(next(iter(columns.values()))) if columns else 0
        self._seen = seen
        for name, column in columns.items():
            self._columns[name] = np.full((self._capacity, *column.shape[1:]), np.nan)
            self._columns[name][: self._rows] = column
        while seen - 2 >= self._stride * (self._capacity - 1):
            self._stride *= 2
        self._newest_is_extra = seen > 0 and (seen - 1) % self._stride != 0

    def clear(self) -> None:
        """Forget everything, also names and shapes."""
        self.__init__(self._capacity)
