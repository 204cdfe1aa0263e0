"""What the run is doing, its figures and events, and the buttons that command it."""

from __future__ import annotations

from datetime import datetime
from math import isfinite

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._command_bar import CommandBar
from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._plain import plain_label
from hgx_lab.dashboard._plot import column_of
from hgx_lab.dashboard._theme import STATE_SIGNS, Theme
from hgx_lab.live import LiveEvent, Snapshot
from hgx_lab.units import format_quantity

__all__ = ["NowPanel"]

_FIGURES = ("Iteration", "Loss", "Elapsed", "Remaining", "Duty cycle", "Latency / lead")
_EVENTS = 200


class NowPanel(Panel):
    """State, figures and events of what is shown; ``commands`` may go to another run, which the window says there."""

    title, key = "Now", "now"

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme)
        self._state, self._detail = plain_label(), plain_label(wraps=True)
        self._state.setAccessibleName("State of the run")
        self._detail.setObjectName("caption")
        self._detail.setTextInteractionFlags(QtCore.Qt.TextInteractionFlag.TextSelectableByMouse)
        self.commands = CommandBar()
        self.pause, self.stop, self.rest = self.commands.pause, self.commands.stop, self.commands.rest
        grid = QtWidgets.QGridLayout()
        grid.setHorizontalSpacing(14)
        grid.setVerticalSpacing(1)
        self._values: dict[str, QtWidgets.QLabel] = {}
        for place, name in enumerate(_FIGURES):
            caption, value = QtWidgets.QLabel(name), plain_label("–")
            caption.setObjectName("caption")
            value.setAccessibleName(name)
            value.setStyleSheet("font-size: 14px; font-weight: 600;")
            row, column = 2 * (place // 2), place % 2
            grid.addWidget(caption, row, column)
            grid.addWidget(value, row + 1, column)
            self._values[name] = value
        self._values["Iteration"].setTextFormat(QtCore.Qt.TextFormat.RichText)  # numbers alone
        self._events = QtWidgets.QListWidget()
        self._events.setAccessibleName("Events")
        self._events.setWordWrap(True)
        self._shown: tuple[LiveEvent, ...] = ()
        self._colour = ""
        layout = column_of(self._state, self._detail, self.commands)
        layout.addLayout(grid)
        layout.addWidget(self._events, 1)
        self.setLayout(layout)

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
        for name, text in _figures(snapshot).items():
            self._values[name].setText(text)
        self._draw_events(snapshot.events)

    def _draw_events(self, events: tuple[LiveEvent, ...]) -> None:
        if events is self._shown or events == self._shown:
            return
        self._shown = events
        self._events.clear()
        for event in reversed(events[-_EVENTS:]):
            item = QtWidgets.QListWidgetItem(f"{_clock(event.time)}{event.kind}: {event.message}")
            self._events.addItem(item)


def _clock(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%H:%M:%S  ") if seconds else ""
    except (ValueError, OverflowError, OSError):  # a damaged record
        return ""


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
