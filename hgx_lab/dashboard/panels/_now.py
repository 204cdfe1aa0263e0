"""What the run is doing now, and the buttons that change it."""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plot import column_of
from hgx_lab.dashboard._theme import STATE_SIGNS, Theme
from hgx_lab.live import LiveEvent, RunState, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["NowPanel"]

_FIGURES = ("Iteration", "Loss", "Elapsed", "Remaining", "Duty cycle", "Latency / lead")
_EVENTS = 200
_STOP = (
    "End after this iteration and go down the ramp to rest; can be undone until then, and hgx resume goes on (Ctrl+.)"
)
_UNDO = "Go on learning after all, as long as this iteration isn't over (Ctrl+.)"


class NowPanel(Panel):
    """State, figures, events; pause, stop, rest."""

    title, key = "Now", "now"

    pause_requested = QtCore.Signal()
    resume_requested = QtCore.Signal()
    stop_requested = QtCore.Signal()
    undo_requested = QtCore.Signal()
    rest_requested = QtCore.Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._state = QtWidgets.QLabel()
        self._state.setAccessibleName("State of the run")
        self._detail = QtWidgets.QLabel()
        self._detail.setObjectName("caption")
        self._detail.setWordWrap(True)
        self._detail.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.pause = QtWidgets.QPushButton("❚❚  Pause")
        self.pause.setToolTip("Hold the outputs where they are after this iteration (Ctrl+P)")
        self.stop = QtWidgets.QPushButton("◼  Stop")
        self.stop.setObjectName("stop")
        self.rest = QtWidgets.QPushButton("▼  Rest now")
        self.rest.setObjectName("rest")
        self.rest.setToolTip("Leave at once for the ramp to rest (Ctrl+Shift+R)")
        self.pause.clicked.connect(self.toggle_pause)
        self.stop.clicked.connect(self.toggle_stop)
        self.rest.clicked.connect(self.rest_requested)
        buttons = QtWidgets.QHBoxLayout()
        for button in (self.pause, self.stop, self.rest):
            button.setMinimumHeight(34)
            buttons.addWidget(button)
        grid = QtWidgets.QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(1)
        self._values: dict[str, QtWidgets.QLabel] = {}
        for place, name in enumerate(_FIGURES):
            caption, value = QtWidgets.QLabel(name), QtWidgets.QLabel("–")
            caption.setObjectName("caption")
            value.setAccessibleName(name)
            value.setStyleSheet("font-size: 14px; font-weight: 600;")
            row, column = 2 * (place // 2), place % 2
            grid.addWidget(caption, row, column)
            grid.addWidget(value, row + 1, column)
            self._values[name] = value
        self._events = QtWidgets.QListWidget()
        self._events.setAccessibleName("Events")
        self._events.setWordWrap(True)
        self._shown: tuple[LiveEvent, ...] = ()
        self._paused = self._stopping = False
        self._colour = ""
        layout = column_of(self._state, self._detail)
        layout.addLayout(buttons)
        layout.addLayout(grid)
        layout.addWidget(self._events, 1)
        self.setLayout(layout)

    def toggle_pause(self) -> None:
        """Ask for what the button says."""
        (self.resume_requested if self._paused else self.pause_requested).emit()

    def toggle_stop(self) -> None:
        """Ask for what the button says."""
        (self.undo_requested if self._stopping else self.stop_requested).emit()

    def draw(self, snapshot: Snapshot) -> None:
        """Show the state in a word and a colour, the figures, the newest events on top."""
        status = snapshot.status
        word = f"{STATE_SIGNS[status.state]}  {status.state.value}"
        if snapshot.rewound and snapshot.latest is not None:
            word = f"◀◀  iteration {snapshot.latest.index}"
        colour = self.theme.accent if snapshot.rewound else self.theme.of_state(status.state)
        self._state.setText(word)
        if colour != self._colour:  # a style sheet costs a millisecond, also the same one
            self._colour = colour
            self._state.setStyleSheet(f"color: {colour}; font-size: 22px; font-weight: 700;")
        self._detail.setText(status.detail)
        self._detail.setVisible(bool(status.detail))
        self._paused = status.state is RunState.PAUSED
        self.pause.setText("▶  Resume" if self._paused else "❚❚  Pause")
        can = status.state.alive and not snapshot.rewound
        running = status.state in (RunState.LEARNING, RunState.MEASURING, RunState.CALIBRATING, RunState.OPENING)
        self.pause.setEnabled(can and (running or self._paused))
        self._stopping = status.state is RunState.STOPPING and not snapshot.rewound
        self.stop.setText("↶  Undo stop" if self._stopping else "◼  Stop")
        self.stop.setToolTip(_UNDO if self._stopping else _STOP)
        self.stop.setEnabled(can and (running or self._paused or self._stopping))
        self.rest.setEnabled(can and status.state is not RunState.RAMPING)
        for name, text in _figures(snapshot).items():
            self._values[name].setText(text)
        self._draw_events(snapshot.events)

    def _draw_events(self, events: tuple[LiveEvent, ...]) -> None:
        if events is self._shown or events == self._shown:
            return
        self._shown = events
        self._events.clear()
        for event in reversed(events[-_EVENTS:]):
            at = datetime.fromtimestamp(event.time).astimezone().strftime("%H:%M:%S  ") if event.time else ""
            item = QtWidgets.QListWidgetItem(f"{at}{event.kind}: {event.message}")
            self._events.addItem(item)


def _figures(snapshot: Snapshot) -> dict[str, str]:
    status, latest, run = snapshot.status, snapshot.latest, snapshot.description
    total = "" if status.total is None else f" of {status.total}"
    latency = "–"
    if status.latency_samples >= 0 and run is not None:
        latency = _milliseconds(status.latency_samples, run.rate_hz)
        if run.lead_samples:
            latency += f" / {_milliseconds(run.lead_samples, run.rate_hz)}"
    loss = "–" if latest is None else f"{latest.loss:.4g}"
    if snapshot.progress is not None:
        done, of, figures = snapshot.progress
        return {**dict.fromkeys(_FIGURES, "–"), "Iteration": f"{done} of {of}", "Loss": figures} | {
            "Elapsed": _duration(status.elapsed_seconds)
        }
    # The number is the one that records, rewinding and branching use; the count is how far it is.
    number = "–" if latest is None else f"{latest.index}"
    done = f"<span style='font-weight:400'> &nbsp;{status.iteration} done{total}</span>" if status.iteration else total
    return {
        "Iteration": f"{number}{done}",
        "Loss": loss,
        "Elapsed": _duration(status.elapsed_seconds),
        "Remaining": _duration(status.remaining_seconds),
        "Duty cycle": f"{status.duty:.0%}" if isfinite(status.duty) else "–",
        "Latency / lead": latency,
    }


def _milliseconds(samples: float, rate_hz: float) -> str:
    return format_quantity(samples / rate_hz, "s", digits=3)


def _duration(seconds: float) -> str:
    if not isfinite(seconds):
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
