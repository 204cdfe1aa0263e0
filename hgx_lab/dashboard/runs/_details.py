"""What is below the table: the note of one run, and the chosen runs against each other."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._plot import Plot
from hgx_lab.dashboard._theme import Theme
from hgx_lab.dashboard.runs._compared import ComparedRun, differing
from hgx_lab.dashboard.runs._notes import Note

__all__ = ["Comparison", "NoteEditor"]


class NoteEditor(QtWidgets.QGroupBox):
    """Star, tags and note of a run; ``edited(note)`` comes when a field is left or the star is set."""

    edited = QtCore.Signal(object)

    def __init__(self) -> None:
        super().__init__("Notes")
        self.star = QtWidgets.QCheckBox("★ S&tarred")
        self.tags = QtWidgets.QLineEdit()
        self.tags.setPlaceholderText("tags, separated by commas")
        self.tags.setAccessibleName("Tags")
        self.note = QtWidgets.QPlainTextEdit()
        self.note.setPlaceholderText("what you want to remember of this run")
        self.note.setAccessibleName("Note")
        self.note.setTabChangesFocus(True)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (self.star, self.tags, self.note):
            layout.addWidget(widget)
        self._shown = Note()
        self.star.clicked.connect(self.tell)
        self.tags.editingFinished.connect(self.tell)
        self.note.installEventFilter(self)
        self.setEnabled(False)

    def show_note(self, name: str, note: Note) -> None:
        """Show the note of a run; an empty name is no run."""
        self._shown = note
        self.setTitle(f"Notes on {name}" if name else "Notes")
        self.setEnabled(bool(name))
        self.star.setChecked(note.starred)
        self.tags.setText(", ".join(note.tags))
        self.note.setPlainText(note.text)

    def tell(self) -> None:
        """Tell what was edited, if anything was."""
        tags = tuple(dict.fromkeys(tag for part in self.tags.text().split(",") if (tag := part.strip())))
        note = Note(self.star.isChecked(), tags, self.note.toPlainText().strip())
        if self.isEnabled() and note != self._shown:
            self._shown = note
            self.edited.emit(note)

    def eventFilter(self, a0: QtCore.QObject | None, a1: QtCore.QEvent | None) -> bool:  # noqa: N802 - Qt's name
        """Tell of a note when its field is left."""
        if a1 is not None and a1.type() == QtCore.QEvent.Type.FocusOut:
            self.tell()
        return super().eventFilter(a0, a1)


class Comparison(QtWidgets.QSplitter):
    """The losses of runs in one plot, and what differs between their run files."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.plot = Plot(theme, ("iteration", ""), ("loss", ""))
        self.plot.plot_item.setLogMode(y=True)
        self.legend = self.plot.plot_item.addLegend(offset=(-8, 8), labelTextSize="8.5pt")
        self.table = QtWidgets.QTableWidget(0, 0)
        self.table.setAccessibleName("Keys that differ")
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setTabKeyNavigation(False)
        heads: Any = self.table.verticalHeader()
        heads.hide()
        self.addWidget(self.plot)
        self.addWidget(self.table)
        self.setSizes([520, 460])
        self.runs: tuple[ComparedRun, ...] = ()

    def show_runs(self, runs: Sequence[ComparedRun]) -> None:
        """Show other runs."""
        self.runs = tuple(runs)
        self.legend.clear()
        self.plot.clear_data()
        theme = self.plot.theme
        self.legend.setLabelTextColor(theme.text)
        for index, run in enumerate(self.runs):
            if run.loss.size:
                # A loss of nought or below has no place on a logarithmic axis.
                loss = np.where(run.loss > 0, run.loss, np.nan)
                curve = self.plot.curve(theme.of(index), name=escape(run.name))
                curve.setData(run.iterations, loss)
                if loss.size == 1:  # a line of one point can't be seen
                    curve.setSymbol("o")
                    curve.setSymbolBrush(theme.of(index))
        self.plot.plot_item.enableAutoRange()
        rows = differing(self.runs) if len(self.runs) > 1 else ()
        self.table.setColumnCount(1 + len(self.runs))
        self.table.setHorizontalHeaderLabels(["key", *(run.name for run in self.runs)])
        self.table.setRowCount(len(rows))
        for row, (key, values) in enumerate(rows):
            for column, text in enumerate((key, *values)):
                self.table.setItem(row, column, QtWidgets.QTableWidgetItem(text))
        self.table.resizeColumnsToContents()
        self.table.setVisible(len(self.runs) > 1)

    def set_theme(self, theme: Theme) -> None:
        """Change the colours."""
        self.plot.set_theme(theme)
        self.show_runs(self.runs)
