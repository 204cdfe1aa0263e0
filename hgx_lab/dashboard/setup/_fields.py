"""The editors of single keys: a line of text or a choice, its help below, what is wrong with it below that."""

from __future__ import annotations

from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config.problems import KeyPath, key_path_text
from hgx_lab.dashboard._plain import plain_label
from hgx_lab.dashboard.setup._shapes import Shape, label_of
from hgx_lab.dashboard.setup._text import parse_value, written

__all__ = ["MISSING", "Choice", "Field", "Missing", "make_field"]


class Missing:
    """The value of a key that isn't in the file."""


MISSING = Missing()


class Field(QtWidgets.QWidget):
    """One key: ``edited(path, value)`` says what the user made of it, :data:`MISSING` where it is left out."""

    edited = QtCore.Signal(object, object)

    def __init__(self, shape: Shape, path: KeyPath) -> None:
        super().__init__()
        self.shape, self.path = shape, path
        self.setObjectName(key_path_text(path))
        self._problem = plain_label(wraps=True)
        self._problem.setObjectName("broken")
        self._problem.hide()
        help_text = ". ".join(filter(None, [shape.help.rstrip("."), shape.allowed[:1].upper() + shape.allowed[1:]]))
        self._help = QtWidgets.QLabel(help_text)
        self._help.setObjectName("caption")
        self._help.setWordWrap(True)
        self.setToolTip(f"<b>{key_path_text(path)}</b><br>{help_text}")
        self._layout = QtWidgets.QGridLayout(self)
        self._layout.setContentsMargins(0, 2, 0, 4)
        self._layout.setVerticalSpacing(1)
        self._layout.setColumnMinimumWidth(0, 118)
        self._layout.setColumnStretch(1, 1)
        self._layout.addWidget(self._help, 1, 1)
        self._layout.addWidget(self._problem, 2, 1)

    def _place(self, editor: QtWidgets.QWidget) -> None:
        label = QtWidgets.QLabel(label_of(self.shape.key) + (" *" if self.shape.required else ""))
        label.setBuddy(editor)
        editor.setAccessibleName(key_path_text(self.path))
        editor.setAccessibleDescription(self._help.text())
        self._layout.addWidget(label, 0, 0)
        self._layout.addWidget(editor, 0, 1)
        self.setFocusProxy(editor)

    def show_value(self, value: Any) -> None:
        """Show what the file says, without telling it as an edit."""
        raise NotImplementedError

    def show_problem(self, text: str) -> None:
        """Show what is wrong with this key; nothing where nothing is."""
        self._problem.setText(text)
        self._problem.setVisible(bool(text))

    @property
    def problem(self) -> str:
        """What is shown as wrong."""
        return self._problem.text()


class Line(Field):
    """A value as text, as it would stand in the file; left empty it takes its default, which is shown in grey."""

    def __init__(self, shape: Shape, path: KeyPath) -> None:
        super().__init__(shape, path)
        self.editor = QtWidgets.QLineEdit()
        self.editor.setPlaceholderText(shape.default if not shape.required else "must be given")
        self.editor.editingFinished.connect(self._finished)
        self._shown = ""
        self._place(self.editor)

    def show_value(self, value: Any) -> None:
        """Show what the file says."""
        self._shown = "" if isinstance(value, Missing) else written(value)
        if not self.editor.hasFocus() or not self.editor.isModified():
            self.editor.setText(self._shown)

    def _finished(self) -> None:
        text = self.editor.text().strip()
        self.editor.setModified(False)
        if text == self._shown:
            return
        self._shown = text
        try:
            value = parse_value(text) if text else MISSING
        except ValueError:
            value = text  # goes into the file in quotes, and is refused there with the reason
        self.edited.emit(self.path, value)


class _QuietCombo(QtWidgets.QComboBox):
    """A choice that the wheel doesn't change on the way past it."""

    def wheelEvent(self, e: Any) -> None:  # noqa: N802 - the name that Qt calls
        """Leave the wheel to the page."""
        e.ignore()


class Choice(Field):
    """One of a few words; the default is marked and leaves the key out."""

    def __init__(self, shape: Shape, path: KeyPath, words: tuple[tuple[str, Any], ...]) -> None:
        super().__init__(shape, path)
        self.editor = _QuietCombo()
        self._values = [value for _, value in words]
        self.editor.addItems([text for text, _ in words])
        self.editor.activated.connect(self._activated)
        self._place(self.editor)

    def show_value(self, value: Any) -> None:
        """Show what the file says; a word that isn't one of them is added, so that it can be seen."""
        index = next((i for i, v in enumerate(self._values) if v is value or v == value), -1)
        if index < 0 and not isinstance(value, Missing):
            self._values.append(value)
            self.editor.addItem(written(value))
            index = len(self._values) - 1
        self.editor.setCurrentIndex(index)

    def _activated(self, index: int) -> None:
        self.edited.emit(self.path, self._values[index])


def make_field(shape: Shape, path: KeyPath) -> Field:
    """The editor of a key that has no keys of its own."""
    if not shape.words:
        return Line(shape, path)
    flags: dict[str, Any] = {"true": True, "false": False}
    words: list[tuple[str, Any]] = []
    if not shape.required:
        default = "none" if shape.default == "null" else shape.default
        words.append((f"{default} (default)", MISSING))
    words += [(word, flags.get(word, word)) for word in shape.words]
    if shape.nullable and shape.default != "null":
        words.append(("none", None))
    return Choice(shape, path, tuple(words))
