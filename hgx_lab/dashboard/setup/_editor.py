"""The text of a run file with numbers of lines, colours, and marks where something is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.config import Problem
from hgx_lab.dashboard._plain import plain_tool_tip

__all__ = ["YamlEditor"]

_KEY = re.compile(r"(?<![\w.-])([A-Za-z_][\w-]*)(?=\s*:(\s|$))")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*$")
_NUMBER = re.compile(
    r"(?<![\w.])[-+]?\d[\d.]*(?:e[-+]?\d+)?(?:\s?(?:[fpnuµmkMG]?(?:V|A|s|Hz|F|Ohm|S)\b[\^\d/A-Za-z]*|%))?"
)


class _Highlighter(QtGui.QSyntaxHighlighter):
    def highlightBlock(self, text: str | None) -> None:  # noqa: N802 - the name that Qt calls
        """Colour one line."""
        text = text or ""
        dark = QtWidgets.QApplication.palette().base().color().lightness() < 128
        colours = ("#56B4E9", "#E69F00", "#9aa0a6") if dark else ("#0060a0", "#a04a00", "#707579")
        for pattern, colour in zip((_KEY, _NUMBER, _COMMENT), colours, strict=True):
            style = QtGui.QTextCharFormat()
            style.setForeground(QtGui.QColor(colour))
            for found in pattern.finditer(text):
                self.setFormat(found.start(), len(found.group(0)), style)


class _Numbers(QtWidgets.QWidget):
    def __init__(self, editor: YamlEditor) -> None:
        super().__init__(editor)
        self._editor = editor

    def paintEvent(self, a0: Any) -> None:  # noqa: N802
        """Draw the numbers of the lines in view."""
        self._editor.paint_numbers(self, a0.rect())


class YamlEditor(QtWidgets.QPlainTextEdit):
    """A plain text editor for run files; Tab leaves it, so that the keyboard isn't caught."""

    def __init__(self) -> None:
        super().__init__()
        font = QtGui.QFontDatabase.systemFont(QtGui.QFontDatabase.SystemFont.FixedFont)
        self.setFont(font)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.NoWrap)
        self.setAccessibleName("Run file as YAML")
        self._highlighter = _Highlighter(self.document())
        self._wrong: dict[int, str] = {}
        self._numbers = _Numbers(self)
        self.updateRequest.connect(self._scrolled)
        self.setViewportMargins(self._width(), 0, 0, 0)

    def replace_text(self, text: str) -> None:
        """Put another text, which can be undone; the cursor and the view stay where they are."""
        if text == self.toPlainText():
            return
        line, column = self.textCursor().blockNumber(), self.textCursor().positionInBlock()
        bar = self.verticalScrollBar()
        scroll = bar.value() if bar is not None else 0
        cursor = QtGui.QTextCursor(self.document())
        cursor.select(QtGui.QTextCursor.SelectionType.Document)
        cursor.insertText(text)
        self.go_to(line + 1, column + 1)
        if bar is not None:
            bar.setValue(scroll)

    def go_to(self, line: int, column: int = 1) -> None:
        """Put the cursor at a line and column, counted from 1."""
        document: Any = self.document()
        block = document.findBlockByNumber(min(line, document.blockCount()) - 1)
        cursor = QtGui.QTextCursor(block)
        cursor.setPosition(block.position() + max(0, min(column - 1, block.length() - 1)))
        self.setTextCursor(cursor)

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Mark the lines that have problems; the words are the tooltip of the line."""
        self._wrong = {}
        for problem in problems:
            words = f"{problem.path}: {problem.message}" if problem.path else problem.message
            known = self._wrong.get(problem.line)
            self._wrong[problem.line] = f"{known}\n{words}" if known else words
        marks: list[Any] = []
        document: Any = self.document()
        for line in self._wrong:
            mark = QtWidgets.QTextEdit.ExtraSelection()
            mark.format.setBackground(QtGui.QColor(213, 94, 0, 60))  # type: ignore[attr-defined]
            mark.format.setProperty(QtGui.QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
            mark.cursor = QtGui.QTextCursor(document.findBlockByNumber(line - 1))  # type: ignore[attr-defined]
            marks.append(mark)
        self.setExtraSelections(marks)
        self._numbers.update()

    @property
    def wrong_lines(self) -> dict[int, str]:
        """Lines with problems and their words."""
        return dict(self._wrong)

    def event(self, e: Any) -> bool:
        """Tell what is wrong with the line under the mouse."""
        if e is not None and e.type() == QtCore.QEvent.Type.ToolTip:
            line = self.cursorForPosition(e.pos()).blockNumber() + 1
            QtWidgets.QToolTip.showText(e.globalPos(), plain_tool_tip(self._wrong.get(line, "")), self)
            return True
        return super().event(e)

    def changeEvent(self, e: Any) -> None:  # noqa: N802
        """Take other colours when the theme changes."""
        super().changeEvent(e)
        if e.type() == QtCore.QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.rehighlight()

    def resizeEvent(self, e: Any) -> None:  # noqa: N802
        """Keep the numbers beside the text."""
        super().resizeEvent(e)
        area = self.contentsRect()
        self._numbers.setGeometry(area.left(), area.top(), self._width(), area.height())

    def _width(self) -> int:
        return 12 + self.fontMetrics().horizontalAdvance("9") * 3

    def _scrolled(self, rectangle: Any, dy: int) -> None:
        if dy:
            self._numbers.scroll(0, dy)
        else:
            self._numbers.update(0, rectangle.y(), self._numbers.width(), rectangle.height())

    def paint_numbers(self, widget: QtWidgets.QWidget, area: QtCore.QRect) -> None:
        """Draw the numbers of the lines in ``area`` onto the strip beside the text."""
        painter = QtGui.QPainter(widget)
        painter.setFont(self.font())
        block = self.firstVisibleBlock()
        top = self.blockBoundingGeometry(block).translated(self.contentOffset()).top()
        faint = self.palette().color(QtGui.QPalette.ColorRole.Text)
        faint.setAlpha(110)
        while block.isValid() and top <= area.bottom():
            number = block.blockNumber() + 1
            painter.setPen(QtGui.QColor("#D55E00") if number in self._wrong else faint)
            height = self.fontMetrics().height()
            flags = QtCore.Qt.AlignmentFlag.AlignRight
            painter.drawText(QtCore.QRectF(0, top, widget.width() - 6, height), flags, str(number))
            top += self.blockBoundingRect(block).height()
            block = block.next()
        painter.end()
