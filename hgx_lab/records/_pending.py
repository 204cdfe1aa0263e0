"""What has been appended and isn't on the disk yet."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hgx_lab.records._specs import TableSpec

__all__ = ["Pending"]


class Pending:
    """Rows, lines and raw blocks in memory, in the order they came."""

    def __init__(self) -> None:
        self.nbytes = 0
        self._rows: dict[str, dict[str, list[NDArray[Any]]]] = {}
        self._lines: dict[str, list[bytes]] = {"events": [], "checkpoints": []}
        self._event_times: list[float] = []
        self._blocks: list[NDArray[Any]] = []
        self._stretches: list[tuple[int, int]] = []

    def add_row(self, table: TableSpec, row: dict[str, NDArray[Any]]) -> None:
        """One row, a value for each column."""
        columns = self._rows.setdefault(table.name, {column.name: [] for column in table.columns})
        for name, value in row.items():
            columns[name].append(value)
            self.nbytes += value.nbytes

    def add_line(self, stream: str, line: str) -> None:
        """One line of JSON for ``events`` or ``checkpoints``."""
        data = line.encode() + b"\n"
        self._lines[stream].append(data)
        self.nbytes += len(data)
        if stream == "events":
            self._event_times.append(time.time())

    def add_block(self, block: NDArray[Any], stretch: tuple[int, int] | None) -> None:
        """Raw samples, shape (channels, n), and (first sample index, position) where a new stretch begins."""
        self._blocks.append(block)
        self.nbytes += block.nbytes
        if stretch is not None:
            self._stretches.append(stretch)

    def extend(self, later: Pending) -> None:
        """Append everything of a later batch."""
        for table, columns in later._rows.items():
            mine = self._rows.setdefault(table, {name: [] for name in columns})
            for name, values in columns.items():
                mine[name] += values
        for stream, lines in later._lines.items():
            self._lines[stream] += lines
        self._event_times += later._event_times
        self._blocks += later._blocks
        self._stretches += later._stretches
        self.nbytes += later.nbytes

    def tables(self) -> dict[str, dict[str, NDArray[Any]]]:
        """Rows by table and column, stacked."""
        return {
            table: {name: np.stack(values) for name, values in columns.items()} for table, columns in self._rows.items()
        }

    def lines(self, stream: str, offset: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Text as bytes, and where each line ends when the text is appended at ``offset``."""
        lines = self._lines[stream]
        text = np.frombuffer(b"".join(lines), dtype=np.uint8)
        return text, offset + np.cumsum([len(line) for line in lines], dtype=np.int64)

    def event_times(self) -> NDArray[np.float64]:
        """Clock time of each event, in Unix seconds."""
        return np.array(self._event_times, dtype=np.float64)

    def raw(self) -> tuple[NDArray[Any] | None, NDArray[np.int64]]:
        """Raw samples in one block, and new stretches as (first sample index, position) rows."""
        block = np.ascontiguousarray(np.concatenate(self._blocks, axis=1)) if self._blocks else None
        return block, np.array(self._stretches, dtype=np.int64).reshape(-1, 2)
