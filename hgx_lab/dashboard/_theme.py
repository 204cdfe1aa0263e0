"""Colours: light and dark, told apart by people who see colours differently."""

from __future__ import annotations

from dataclasses import dataclass

from pyqtgraph.Qt import QtGui, QtWidgets

from hgx_lab.live import RunState

__all__ = ["DARK", "LIGHT", "STATE_SIGNS", "Theme", "apply_theme", "theme_named"]


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as #rrggbb. ``series`` are those of Okabe and Ito, in an order in which neighbours differ most."""

    name: str
    background: str
    surface: str
    raised: str
    text: str
    muted: str
    grid: str
    accent: str
    good: str
    caution: str
    fault: str
    series: tuple[str, ...]

    def of(self, index: int) -> str:
        """Colour of the nth electrode; after the last one they begin again."""
        return self.series[index % len(self.series)]

    def of_state(self, state: RunState) -> str:
        """Colour of the word that says what a run is doing."""
        if state in (RunState.FAULT, RunState.LOST):
            return self.fault
        if state in (RunState.PAUSED, RunState.STOPPING, RunState.RAMPING):
            return self.caution
        if state in (RunState.LEARNING, RunState.MEASURING, RunState.FINISHED):
            return self.good
        return self.accent if state.alive else self.muted


LIGHT = Theme(
    name="light",
    background="#f4f5f7",
    surface="#ffffff",
    raised="#e7e9ee",
    text="#1c2026",
    muted="#626a76",
    grid="#c9ced6",
    accent="#0063a6",
    good="#00775a",
    caution="#a85f00",
    fault="#b3261e",
    series=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#2f8fc4", "#555555"),
)
DARK = Theme(
    name="dark",
    background="#14171c",
    surface="#1b1f26",
    raised="#2a303a",
    text="#e6e9ee",
    muted="#98a1ae",
    grid="#3a424e",
    accent="#56b4e9",
    good="#2fc49a",
    caution="#f0a830",
    fault="#ff7b6b",
    series=("#56b4e9", "#e69f00", "#2fc49a", "#e08bb8", "#f0e442", "#5c8fd6", "#c8c8c8"),
)

#: A shape beside each state's word: colour alone isn't enough.
STATE_SIGNS = {
    RunState.IDLE: "○",
    RunState.OPENING: "◔",
    RunState.CALIBRATING: "◑",
    RunState.LEARNING: "▶",
    RunState.MEASURING: "▶",
    RunState.PAUSED: "❚❚",
    RunState.STOPPING: "◧",
    RunState.RAMPING: "▼",
    RunState.FINISHED: "✔",
    RunState.FAULT: "✖",
    RunState.LOST: "?",
}


def theme_named(name: str | None) -> Theme:
    """The theme of a name; dark where the name is unknown: cryostats stand in dim rooms."""
    return LIGHT if name == "light" else DARK


def apply_theme(application: QtWidgets.QApplication, theme: Theme) -> None:
    """Colour everything that isn't a plot."""
    application.setStyle("Fusion")
    font = application.font()
    font.setPointSizeF(9.0)
    application.setFont(font)
    role, palette = QtGui.QPalette.ColorRole, QtGui.QPalette()
    colours = {
        role.Window: theme.background,
        role.WindowText: theme.text,
        role.Base: theme.surface,
        role.AlternateBase: theme.background,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.surface,
        role.PlaceholderText: theme.muted,
        role.Link: theme.accent,
    }
    for which, colour in colours.items():
        palette.setColor(which, QtGui.QColor(colour))
    disabled = QtGui.QPalette.ColorGroup.Disabled
    for which in (role.Text, role.ButtonText, role.WindowText):
        palette.setColor(disabled, which, QtGui.QColor(theme.muted))
    application.setPalette(palette)
    application.setStyleSheet(_SHEET.format(**{n: getattr(theme, n) for n in theme.__slots__ if n != "series"}))


_SHEET = """
QDockWidget {{ color: {muted}; font-weight: 600; }}
QDockWidget::title {{ background: {background}; padding: 4px 8px; text-align: left; }}
QMainWindow::separator {{ background: {background}; width: 5px; height: 5px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QToolTip {{ color: {text}; background: {raised}; border: 1px solid {grid}; }}
QStatusBar {{ color: {muted}; }}
QPushButton {{ background: {raised}; border: 1px solid {grid}; border-radius: 4px; padding: 5px 12px; }}
QPushButton:hover {{ border-color: {accent}; }}
QPushButton:focus {{ border: 1px solid {accent}; }}
QPushButton:disabled {{ color: {muted}; background: {background}; }}
QPushButton#stop:enabled {{ border-color: {caution}; }}
QPushButton#rest {{ background: {fault}; color: {surface}; font-weight: 700; border-color: {fault}; }}
QPushButton#rest:disabled {{ background: {background}; color: {muted}; border-color: {grid}; }}
QPushButton#lamp {{ padding: 2px 8px; }}
QCheckBox::indicator {{ width: 12px; height: 12px; border: 1px solid {muted}; border-radius: 3px; }}
QCheckBox::indicator {{ background: {surface}; }}
QCheckBox::indicator:checked {{ background: {accent}; border: 1px solid {accent}; }}
QCheckBox::indicator:focus {{ border: 2px solid {accent}; }}
QLabel#caption {{ color: {muted}; }}
QLabel#broken {{ color: {fault}; }}
QListWidget, QTableWidget, QTreeWidget {{ background: {surface}; border: 1px solid {grid}; }}
"""
