"""Words of records, run files and errors as they are written: Qt would take some for HTML, pictures included."""

from __future__ import annotations

from html import escape

from pyqtgraph.Qt import QtCore, QtWidgets

__all__ = ["plain_label", "plain_tool_tip"]


def plain_label(text: str = "", *, wraps: bool = False) -> QtWidgets.QLabel:
    """A label that shows its text letter by letter."""
    label = QtWidgets.QLabel()
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setWordWrap(wraps)
    label.setText(text)
    return label


def plain_tool_tip(text: str) -> str:
    """The same for a tool-tip, which has no format of its own: with every sign escaped that could begin a mark."""
    if "<" not in text and "&" not in text:
        return text
    return f"<span>{escape(text).replace(chr(10), '<br>')}</span>"
