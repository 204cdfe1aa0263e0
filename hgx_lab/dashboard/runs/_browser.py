"""The records of a folder, newest first; one of them to look at, to rewind, or to take the run file of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.dashboard._background import Background
from hgx_lab.records import RecordSummary, list_records
from hgx_lab.units import format_quantity

__all__ = ["RunsPage"]

_COLUMNS = ("Name", "Status", "Experiment", "Started", "Duration", "Iterations", "Loss", "Margin", "How it ended")


class RunsPage(QtWidgets.QWidget):
    """``opened(record)`` asks to look at a record, ``run_file_wanted(record)`` for its run file in the setup."""

    opened = QtCore.Signal(object)
    run_file_wanted = QtCore.Signal(object)
    title = "Runs"

    def __init__(self, folder: Path, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._background = Background(self)
        self._found: tuple[RecordSummary, ...] = ()
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText("Search in names, status, experiment and reason")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.place = QtWidgets.QPushButton(str(folder))
        self.place.setToolTip("Choose another folder")
        self.place.clicked.connect(self._choose_folder)
        self.reload = QtWidgets.QPushButton("&Reload")
        self.reload.clicked.connect(self.refresh)
        self.table = QtWidgets.QTableWidget(0, len(_COLUMNS))
        self.table.setAccessibleName("Records")
        self.table.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setTabKeyNavigation(False)
        self.table.cellActivated.connect(lambda *_: self._open())
        self.look = QtWidgets.QPushButton("&Look at it")
        self.look.clicked.connect(self._open)
        self.use = QtWidgets.QPushButton("&Use its run file")
        self.use.clicked.connect(self._use)
        self.words = QtWidgets.QLabel()
        self.words.setObjectName("caption")
        top, bottom = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for widget, share in ((self.search, 1), (self.place, 0), (self.reload, 0)):
            top.addWidget(widget, share)
        for widget, share in ((self.words, 1), (self.use, 0), (self.look, 0)):
            bottom.addWidget(widget, share)
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addLayout(bottom)
        self.table.itemSelectionChanged.connect(self._say_what_can_be_done)
        self._say_what_can_be_done()

    @property
    def chosen(self) -> RecordSummary | None:
        """The record of the selected row."""
        row = self.table.currentRow()
        item = self.table.item(row, 0) if row >= 0 else None
        return None if item is None else item.data(QtCore.Qt.ItemDataRole.UserRole)

    def showEvent(self, a0: QtGui.QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look at the folder anew whenever the page comes to the front."""
        super().showEvent(a0)
        self.refresh()

    def refresh(self) -> None:
        """Read the folder beside the window; what is shown stays until it is read."""
        folder = self.folder
        self._background.ask("list", lambda: list_records(folder), self._show, lambda e: self.words.setText(str(e)))

    def close_background(self) -> None:
        """Wait for what is being read; to be called before the window goes."""
        self._background.close()

    def _show(self, found: Sequence[RecordSummary]) -> None:
        before = self.chosen
        self._found = tuple(sorted(found, key=lambda r: r.started.timestamp() if r.started else 0.0, reverse=True))
        self.table.setSortingEnabled(False)
        self.table.setRowCount(len(self._found))
        for row, summary in enumerate(self._found):
            for column, text in enumerate(_cells(summary)):
                item = QtWidgets.QTableWidgetItem(text)
                item.setToolTip(summary.error or summary.reason)
                self.table.setItem(row, column, item)
            first = self.table.item(row, 0)
            if first is not None:
                first.setData(QtCore.Qt.ItemDataRole.UserRole, summary)
            if before is not None and before.path == summary.path:
                self.table.selectRow(row)
        self.table.setSortingEnabled(True)
        self.table.resizeColumnsToContents()
        self._filter(self.search.text())
        self._say_what_can_be_done()

    def _filter(self, wanted: str) -> None:
        words = wanted.lower().split()
        for row in range(self.table.rowCount()):
            items = (self.table.item(row, column) for column in range(self.table.columnCount()))
            line = " ".join(item.text().lower() for item in items if item is not None)
            self.table.setRowHidden(row, not all(word in line for word in words))

    def _say_what_can_be_done(self) -> None:
        chosen = self.chosen
        readable = chosen is not None and not chosen.error
        self.look.setEnabled(readable)
        self.use.setEnabled(readable)
        count = len(self._found)
        text = f"{count} record{'s' * (count != 1)}" if chosen is None else chosen.error or chosen.reason
        self.words.setText(text)

    def _open(self) -> None:
        if self.chosen is not None and not self.chosen.error:
            self.opened.emit(self.chosen.path)

    def _use(self) -> None:
        if self.chosen is not None:
            self.run_file_wanted.emit(self.chosen.path)

    def _choose_folder(self) -> None:
        name = QtWidgets.QFileDialog.getExistingDirectory(self, "Folder of records", str(self.folder))
        if name:
            self.folder = Path(name)
            self.place.setText(name)
            self.refresh()


def _cells(summary: RecordSummary) -> tuple[str, ...]:
    started = summary.started.astimezone().strftime("%Y-%m-%d %H:%M:%S") if summary.started else ""
    seconds = summary.duration_seconds
    return (
        summary.name,
        summary.status,
        summary.experiment,
        started,
        "" if seconds is None else f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min",
        "" if summary.iterations is None else str(summary.iterations),
        "" if summary.loss is None else f"{summary.loss:.4g}",
        "" if summary.margin is None else format_quantity(summary.margin, "A", digits=3),
        summary.error or summary.reason,
    )
