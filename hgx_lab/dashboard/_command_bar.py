"""Pause, stop and rest, with the name of the run that they go to."""

from __future__ import annotations

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._caption import Caption
from hgx_lab.dashboard._plain import plain_label, plain_tool_tip
from hgx_lab.dashboard._sources import Target
from hgx_lab.dashboard._theme import STATE_SIGNS, Theme
from hgx_lab.live import RunState

__all__ = ["CommandBar", "RunStrip"]

_STOP = (
    "End after this iteration and go down the ramp to rest; can be undone until then, and hgx resume goes on (Ctrl+.)"
)
_UNDO = "Go on learning after all, as long as this iteration isn't over (Ctrl+.)"
_REST = "Leave at once for the ramp to rest (Ctrl+Shift+R)"
_SHOW = "Show the run that was started in this window (Ctrl+G)"
_RUNNING = (RunState.LEARNING, RunState.MEASURING, RunState.CALIBRATING, RunState.OPENING)


class CommandBar(QtWidgets.QWidget):
    """``asked(command)`` says what was pressed; ``show_requested()`` asks to show the run that commands go to."""

    asked = QtCore.Signal(str)
    show_requested = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self._paused = self._stopping = False
        self.pause = QtWidgets.QPushButton("❚❚  Pause")
        self.pause.setToolTip("Hold the outputs where they are after this iteration (Ctrl+P)")
        self.stop = QtWidgets.QPushButton("◼  Stop")
        self.stop.setObjectName("stop")
        self.rest = QtWidgets.QPushButton("▼  Rest now")
        self.rest.setObjectName("rest")
        self.rest.setToolTip(_REST)
        self.pause.clicked.connect(self.toggle_pause)
        self.stop.clicked.connect(self.toggle_stop)
        self.rest.clicked.connect(lambda _=False: self.asked.emit("rest_now"))
        buttons = QtWidgets.QHBoxLayout()
        for button in (self.pause, self.stop, self.rest):
            button.setMinimumHeight(34)
            buttons.addWidget(button)
        self.words = Caption()
        self.show_button = QtWidgets.QPushButton("Show it")
        self.show_button.setObjectName("lamp")
        self.show_button.setToolTip(_SHOW)
        self.show_button.clicked.connect(lambda _=False: self.show_requested.emit())
        self.show_button.hide()
        below = QtWidgets.QHBoxLayout()
        below.addWidget(self.words, 1)
        below.addWidget(self.show_button)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(buttons)
        layout.addLayout(below)
        self._colour = ""

    def toggle_pause(self) -> None:
        """Ask for what the button says."""
        self.asked.emit("resume" if self._paused else "pause")

    def toggle_stop(self) -> None:
        """Ask for what the button says."""
        self.asked.emit("resume" if self._stopping else "stop")

    def show_target(self, target: Target, theme: Theme, *, closing: bool = False) -> None:
        """Show what can be asked, and of which run; ``closing`` says that the window closes when it is at rest."""
        state = target.status.state
        self._paused, self._stopping = state is RunState.PAUSED, state is RunState.STOPPING
        can = target.ready and state.alive
        # Out of sight but not over: it can still be brought to rest.
        lost = target.ready and target.own and state is RunState.LOST
        goes = state in _RUNNING or self._paused
        self.pause.setText("▶  Resume" if self._paused else "❚❚  Pause")
        self.pause.setEnabled(can and goes)
        self.stop.setText("↶  Undo stop" if self._stopping else "◼  Stop")
        self.stop.setToolTip(_UNDO if self._stopping else _STOP)
        self.stop.setEnabled(can and (goes or self._stopping))
        self.rest.setEnabled((can and state is not RunState.RAMPING) or lost)
        self.show_button.setVisible(target.own and state.alive and not target.shown)
        self.words.setText(_words(target, closing=closing))
        self.setToolTip(plain_tool_tip(str(target.record)) if state.alive else "")
        colour = theme.muted if target.shown and not closing else theme.caution
        if colour != self._colour:
            self._colour = colour
            self.words.setStyleSheet(f"color: {colour};")


def _words(target: Target, *, closing: bool) -> str:
    if closing:
        return f"The window closes when {target.short} is at rest."
    if not target.status.state.alive:
        return ""
    if not target.shown:
        return f"Commands go to {target.short}, not to what is shown."
    return f"Commands go to {target.short}{', started here' if target.own else ''}."


class RunStrip(QtWidgets.QWidget):
    """The run that was started here, above every page while it isn't what is shown: its state, and the way to rest."""

    show_requested = QtCore.Signal()
    rest_requested = QtCore.Signal()

    def __init__(self) -> None:
        super().__init__()
        self.words = plain_label()
        self.words.setAccessibleName("The run that was started here")
        self.show_button = QtWidgets.QPushButton("Show it")
        self.show_button.setToolTip(_SHOW)
        self.rest = QtWidgets.QPushButton("▼  Rest now")
        self.rest.setToolTip(_REST)
        self.rest.setObjectName("rest")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(8, 2, 6, 2)
        layout.addWidget(self.words)
        for button, signal in ((self.show_button, self.show_requested), (self.rest, self.rest_requested)):
            button.setStyleSheet("padding: 2px 8px;")
            button.clicked.connect(lambda _=False, asks=signal: asks.emit())
            layout.addWidget(button)
        self._shown = ("", "")
        self.hide()

    def show_run(self, name: str, state: RunState, theme: Theme, *, goes_on: bool) -> None:
        """Show how a run is getting on, or how it ended."""
        shown = (f"{STATE_SIGNS[state]}  {name}: {state.value}", theme.of_state(state))
        if shown != self._shown:
            self._shown = shown
            self.words.setText(shown[0])
            self.words.setStyleSheet(f"color: {shown[1]}; font-weight: 600;")
        self.rest.setEnabled(goes_on and state is not RunState.RAMPING)
