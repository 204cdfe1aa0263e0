"""The boxes of the window: what happened, and what is to become of a run."""

from __future__ import annotations

from collections.abc import Callable

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.live import RunState

__all__ = ["ask_before_closing", "ask_to_save", "box_of", "refuse_second_run"]

_Role = QtWidgets.QMessageBox.ButtonRole


def box_of(parent: QtWidgets.QWidget, text: str, more: str = "", *, question: bool = False) -> QtWidgets.QMessageBox:
    """A box with plain words: nothing in them is taken for markup. A question's is asked by :func:`_answer`."""
    icon = QtWidgets.QMessageBox.Icon
    box = QtWidgets.QMessageBox(parent)
    box.setIcon(icon.Question if question else icon.Warning)
    box.setWindowTitle("hgx-lab")
    box.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    box.setText(text)
    box.setInformativeText(more)
    for label in box.findChildren(QtWidgets.QLabel):
        label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    if not question:
        box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    return box


def refuse_second_run(
    parent: QtWidgets.QWidget, name: str, state: RunState, show: Callable[[], None]
) -> QtWidgets.QMessageBox:
    """A box that says that a run goes on already; ``show`` is called if the user wants to go there."""
    box = box_of(
        parent,
        f"Nothing was started: {name}, which was started in this window, is still going on ({state.value}).",
        "A window controls one run at a time. Stop that one first, or start the other from another window.",
    )
    go = box.addButton("&Show the running run", _Role.AcceptRole)
    cancel = box.addButton("&Cancel", _Role.RejectRole)
    box.setDefaultButton(go)
    box.setEscapeButton(cancel)
    if go is not None:
        go.clicked.connect(lambda _=False: show())
    return box


def ask_before_closing(parent: QtWidgets.QWidget, name: str, state: RunState) -> str:
    """Ask what is to become of a run that goes on: ``leave``, ``stop`` or ``cancel``."""
    box = box_of(
        parent,
        f"{name}, which was started in this window, is still going on ({state.value}).",
        (
            "It is paused. Left like this its outputs stay where they are until somebody attaches and resumes it. "
            if state is RunState.PAUSED
            else "Left running it goes on without a window. "
        )
        + "It can be opened again by its record. Stopped, it completes the iteration and goes down the ramp; the "
        "window closes when it is at rest.",
        question=True,
    )
    return _answer(box, leave="&Leave it running", stop="&Stop it at rest")


def ask_to_save(parent: QtWidgets.QWidget, what: str) -> str:
    """Ask what is to become of edits: ``save``, ``discard`` or ``cancel``."""
    box = box_of(parent, f"{what} has changes that aren't saved.", "Save them?", question=True)
    return _answer(box, save="&Save", discard="&Discard")


def _answer(box: QtWidgets.QMessageBox, **choices: str) -> str:
    """Ask, and wait: the word of a choice, whose first is the default, or ``cancel``."""
    buttons = {
        word: box.addButton(text, _Role.AcceptRole if at == 0 else _Role.DestructiveRole)
        for at, (word, text) in enumerate(choices.items())
    }
    cancel = box.addButton("&Cancel", _Role.RejectRole)
    box.setDefaultButton(next(iter(buttons.values())))
    box.setEscapeButton(cancel)
    box.exec()
    clicked = box.clickedButton()
    box.deleteLater()
    return next((word for word, button in buttons.items() if button is clicked), "cancel")
