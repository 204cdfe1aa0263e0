"""A line of words that gives way: what there is no room for is left out, and said by its tool-tip."""

from __future__ import annotations

from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.dashboard._plain import plain_tool_tip

__all__ = ["Caption"]


class Caption(QtWidgets.QLabel):
    """Takes the room it gets and asks for none: what is written in it can't make a window grow."""

    def __init__(self, *, right: bool = False) -> None:
        super().__init__()
        self.setObjectName("caption")
        side = QtCore.Qt.AlignmentFlag.AlignRight if right else QtCore.Qt.AlignmentFlag.AlignLeft
        middle: Any = QtCore.Qt.AlignmentFlag.AlignVCenter
        self.setAlignment(side | middle)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Fixed)

    def setText(self, a0: str | None) -> None:  # noqa: N802 - Qt's name
        """Write a line; nothing is done where it stands there already."""
        if a0 != self.text():
            super().setText(a0)
            self.setAccessibleName(a0 or "")

    def minimumSizeHint(self) -> QtCore.QSize:  # noqa: N802 - Qt's name
        """As high as a line, and as narrow as need be."""
        return QtCore.QSize(0, self.fontMetrics().height() + 2)

    def paintEvent(self, a0: Any) -> None:  # noqa: N802 - Qt's name
        """Draw the line, with an ellipsis at its end where it is too long."""
        del a0
        room = self.contentsRect()
        shown = self.fontMetrics().elidedText(self.text(), QtCore.Qt.TextElideMode.ElideRight, room.width())
        self.setToolTip(plain_tool_tip(self.text()) if shown != self.text() else "")
        painter = QtGui.QPainter(self)
        painter.setPen(self.palette().color(QtGui.QPalette.ColorRole.WindowText))
        painter.drawText(QtCore.QRectF(room), shown, QtGui.QTextOption(self.alignment()))
        painter.end()
