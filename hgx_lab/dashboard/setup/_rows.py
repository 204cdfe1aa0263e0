"""A list of sections as a table: the electrodes, and whatever else is one row a thing."""

from __future__ import annotations

from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.config.problems import KeyPath, key_path_text
from hgx_lab.config.section import Section
from hgx_lab.dashboard._plain import plain_label, plain_tool_tip
from hgx_lab.dashboard.setup._fields import MISSING
from hgx_lab.dashboard.setup._shapes import Shape, label_of, shape_of
from hgx_lab.dashboard.setup._text import parse_value, written

__all__ = ["Rows"]

_WRONG = QtGui.QColor(213, 94, 0, 90)


class _WordDelegate(QtWidgets.QStyledItemDelegate):
    """Edits a cell with a choice where its key takes words."""

    def __init__(self, shapes: list[Shape], parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._shapes = shapes

    def createEditor(self, parent: Any, option: Any, index: Any) -> Any:  # noqa: N802 - the name that Qt calls
        """A choice for words, a line for all else."""
        words = self._shapes[index.column()].words
        if not words:
            return super().createEditor(parent, option, index)
        box = QtWidgets.QComboBox(parent)
        box.addItems(list(words))
        return box

    def setEditorData(self, editor: Any, index: Any) -> None:  # noqa: N802
        """Show the cell."""
        if isinstance(editor, QtWidgets.QComboBox):
            editor.setCurrentText(str(index.data()))
            return
        super().setEditorData(editor, index)

    def setModelData(self, editor: Any, model: Any, index: Any) -> None:  # noqa: N802
        """Take the choice."""
        if isinstance(editor, QtWidgets.QComboBox):
            model.setData(index, editor.currentText())
            return
        super().setModelData(editor, model, index)


class Rows(QtWidgets.QWidget):
    """``edited(path, value)`` as of a field; a new row copies the one above it under another name."""

    edited = QtCore.Signal(object, object)

    def __init__(self, model: type[Section], path: KeyPath, help_text: str) -> None:
        super().__init__()
        self.path = path
        self.setObjectName(key_path_text(path))
        self._shapes = [shape_of(key, field) for key, field in model.model_fields.items()]
        self._data: list[Any] = []
        self.table = QtWidgets.QTableWidget(0, len(self._shapes))
        self.table.setHorizontalHeaderLabels([label_of(s.key) for s in self._shapes])
        for column, shape in enumerate(self._shapes):
            item = self.table.horizontalHeaderItem(column)
            if item is not None:
                item.setToolTip(". ".join(filter(None, [shape.help.rstrip("."), shape.allowed])))
        self.table.setItemDelegate(_WordDelegate(self._shapes, self.table))
        self.table.setAccessibleName(key_path_text(path))
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.itemChanged.connect(self._cell)
        self.table.currentCellChanged.connect(self._explain)
        self._help = QtWidgets.QLabel(help_text)
        self._help.setObjectName("caption")
        self._help.setWordWrap(True)
        self._problem = plain_label(wraps=True)
        self._problem.setObjectName("broken")
        add, remove = QtWidgets.QPushButton("&Add row"), QtWidgets.QPushButton("Remo&ve row")
        add.clicked.connect(self._add)
        remove.clicked.connect(self._remove)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(add)
        buttons.addWidget(remove)
        buttons.addStretch()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.table, self._help, self._problem):
            layout.addWidget(part)
        layout.addLayout(buttons)

    def show_value(self, value: Any) -> None:
        """Show the list as it is in the file."""
        self._data = value if isinstance(value, list) else []
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(len(self._data))
        for row, entry in enumerate(self._data):
            for column, shape in enumerate(self._shapes):
                given = isinstance(entry, dict) and shape.key in entry
                item = QtWidgets.QTableWidgetItem(written(entry[shape.key]) if given else "")
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        header: Any = self.table.verticalHeader()
        height = header.defaultSectionSize() * max(len(self._data), 1) + 48
        self.table.setMinimumHeight(min(height, 380))
        self.table.blockSignals(blocked)

    def show_problems(self, problems: dict[str, str]) -> None:
        """Mark the cells whose key paths are among the problems; text by key path."""
        blocked = self.table.blockSignals(True)
        lines: list[str] = []
        for row in range(self.table.rowCount()):
            for column, shape in enumerate(self._shapes):
                item, path = self.table.item(row, column), key_path_text((*self.path, row, shape.key))
                if item is None:
                    continue
                below = [t for p, t in problems.items() if p == path or p.startswith((path + ".", path + "["))]
                item.setBackground(QtGui.QBrush(_WRONG) if below else QtGui.QBrush())
                item.setToolTip(plain_tool_tip("\n".join(below)))
                lines += [f"{path}: {text}" for text in below]
        for place in (key_path_text(self.path), *(key_path_text((*self.path, i)) for i in range(len(self._data)))):
            lines += [f"{place}: {problems[place]}"] if place in problems else []
        self._problem.setText("\n".join(lines))
        self._problem.setVisible(bool(lines))
        self.table.blockSignals(blocked)

    def _explain(self, _row: int, column: int) -> None:
        if 0 <= column < len(self._shapes):
            shape = self._shapes[column]
            parts = [shape.help.rstrip("."), shape.allowed, f"default {shape.default}" if shape.default else ""]
            self._help.setText(f"{label_of(shape.key)}: " + "; ".join(filter(None, parts)))

    def _cell(self, item: QtWidgets.QTableWidgetItem) -> None:
        text = item.text().strip()
        path = (*self.path, item.row(), self._shapes[item.column()].key)
        try:
            self.edited.emit(path, parse_value(text) if text else MISSING)
        except ValueError:
            self.edited.emit(path, text)

    def _add(self) -> None:
        new: Any = {s.key: s.words[0] if s.words else s.default for s in self._shapes if s.required}
        if self._data and isinstance(self._data[-1], dict):
            new = dict(self._data[-1])
            names = {entry.get("name") for entry in self._data if isinstance(entry, dict)}
            if "name" in new:
                new["name"] = next(n for i in range(len(names) + 1) if (n := f"e{i}") not in names)
        self.edited.emit((*self.path, len(self._data)), new)

    def _remove(self) -> None:
        row = self.table.currentRow()
        if 0 <= row < len(self._data):
            self.edited.emit((*self.path, row), MISSING)
