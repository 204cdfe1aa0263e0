"""The table of records: a row a record, columns that sort by what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._plain import plain_tool_tip
from hgx_lab.dashboard.runs._notes import Note
from hgx_lab.records import RecordSummary
from hgx_lab.units import format_quantity

__all__ = ["RecordTable"]

_COLUMNS = (
    "★",
    "Name",
    "Tags",
    "Status",
    "Experiment",
    "Started",
    "Duration",
    "Iterations",
    "Loss",
    "Margin",
    "How it ended",
)
#: What is said of a run whose record doesn't say how it ended.
_NO_END = {"killed": "Its process is gone without a word; where its outputs are isn't known."}
_STARTED = _COLUMNS.index("Started")
_SUMMARY = QtCore.Qt.ItemDataRole.UserRole
_WEIGHT = QtCore.Qt.ItemDataRole.UserRole + 1


class _Cell(QtWidgets.QTableWidgetItem):
    """A cell that sorts by its number where it has one: 9 before 10, 1 nA before 1 µA, nothing at the end."""

    def __lt__(self, other: QtWidgets.QTableWidgetItem) -> bool:
        mine, theirs = self.data(_WEIGHT), other.data(_WEIGHT)
        if isinstance(mine, float) and isinstance(theirs, float):
            return mine < theirs
        return self.text().lower() < other.text().lower()


class RecordTable(QtWidgets.QTableWidget):
    """Shows what it is given; several rows can be chosen."""

    def __init__(self) -> None:
        super().__init__(0, len(_COLUMNS))
        self.setAccessibleName("Records")
        self.setHorizontalHeaderLabels(list(_COLUMNS))
        view = QtWidgets.QAbstractItemView
        self.setSelectionBehavior(view.SelectionBehavior.SelectRows)
        self.setSelectionMode(view.SelectionMode.ExtendedSelection)
        self.setEditTriggers(view.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setTabKeyNavigation(False)
        side: Any = self.verticalHeader()
        side.hide()
        heads: Any = self.horizontalHeader()
        heads.setStretchLastSection(True)
        self.sortByColumn(_STARTED, QtCore.Qt.SortOrder.DescendingOrder)

    @property
    def chosen(self) -> tuple[RecordSummary, ...]:
        """The records of the selected rows that are in sight, from the top."""
        rows = sorted({index.row() for index in self.selectedIndexes() if not self.isRowHidden(index.row())})
        return tuple(found for row in rows if (found := self._summary(row)) is not None)

    def show_records(self, found: Sequence[RecordSummary], notes: Mapping[str, Note]) -> None:
        """Show other records; those that were selected stay so."""
        before = {summary.path for summary in self.chosen}
        blocked = self.blockSignals(True)
        self.setSortingEnabled(False)
        self.setRowCount(len(found))
        for row, summary in enumerate(found):
            note = notes.get(summary.path.name, Note())
            for column, (text, weight) in enumerate(_cells(summary, note)):
                cell = _Cell(text)
                cell.setToolTip(plain_tool_tip(note.text or summary.error or summary.reason))
                cell.setData(_SUMMARY, summary)
                cell.setData(_WEIGHT, weight)
                self.setItem(row, column, cell)
        self.setSortingEnabled(True)
        self.resizeColumnsToContents()
        self.clearSelection()
        selection: Any = self.selectionModel()
        flag = QtCore.QItemSelectionModel.SelectionFlag
        model: Any = self.model()
        for row in range(self.rowCount()):
            summary = self._summary(row)
            if summary is not None and summary.path in before:
                selection.select(model.index(row, 0), flag.Select | flag.Rows)
        self.blockSignals(blocked)

    def choose(self, *paths: Path) -> None:
        """Select the rows of records."""
        blocked = self.blockSignals(True)
        self.clearSelection()
        selection: Any = self.selectionModel()
        model: Any = self.model()
        flag = QtCore.QItemSelectionModel.SelectionFlag
        for row in range(self.rowCount()):
            summary = self._summary(row)
            if summary is not None and summary.path in paths:
                selection.select(model.index(row, 0), flag.Select | flag.Rows)
        self.blockSignals(blocked)
        self.itemSelectionChanged.emit()

    def filter(self, wanted: str, notes: Mapping[str, Note]) -> int:
        """Show only rows in which every word stands, notes included; say how many these are."""
        words = wanted.lower().split()
        shown = 0
        for row in range(self.rowCount()):
            summary = self._summary(row)
            cells = (self.item(row, column) for column in range(1, self.columnCount()))
            line = " ".join(cell.text() for cell in cells if cell is not None)
            if summary is not None:
                line += " " + notes.get(summary.path.name, Note()).words
            hidden = not all(word in line.lower() for word in words)
            self.setRowHidden(row, hidden)
            shown += not hidden
        return shown

    def _summary(self, row: int) -> RecordSummary | None:
        cell = self.item(row, 0)
        return None if cell is None else cell.data(_SUMMARY)


def _cells(summary: RecordSummary, note: Note) -> tuple[tuple[str, float | None], ...]:
    """Text of every column, and the number it sorts by."""
    started, seconds = summary.started, summary.duration_seconds
    when = started.timestamp() if started else -math.inf
    length = "" if seconds is None else f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
    margin = summary.margin
    return (
        ("★" if note.starred else "", float(note.starred)),
        (summary.name, None),
        (", ".join(note.tags), None),
        (summary.status, None),
        (summary.experiment, None),
        (started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if started else "", when),
        (length, _weight(seconds)),
        ("" if summary.iterations is None else str(summary.iterations), _weight(summary.iterations)),
        ("" if summary.loss is None else f"{summary.loss:.4g}", _weight(summary.loss)),
        ("" if margin is None else format_quantity(margin, "A", digits=3), _weight(margin)),
        (summary.error or summary.reason or _NO_END.get(summary.status, ""), None),
    )


def _weight(value: float | None) -> float:
    return math.inf if value is None else float(value)
