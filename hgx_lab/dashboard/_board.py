"""The live page: panels in docks that can be moved, stacked and taken out."""

from __future__ import annotations

from typing import Any

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._panel import Panel
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import Snapshot

__all__ = ["PanelBoard"]

_Area = QtCore.Qt.DockWidgetArea


class PanelBoard(QtWidgets.QMainWindow):
    """Holds panels and has those that are visible draw. One that fails is shown as broken; the others go on."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowFlags(QtCore.Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setDocumentMode(True)  # no line below the tabs of docks
        self.panels: dict[str, Panel] = {}
        self.docks: dict[str, QtWidgets.QDockWidget] = {}
        self.broken: dict[str, str] = {}
        self._drew: dict[str, tuple[str, bool] | None] = {}
        #: Whether the docks have a layout of the user; otherwise they are arranged when their room is known.
        self.arranged = False
        self._soon = QtCore.QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.arrange)

    def showEvent(self, a0: Any) -> None:  # noqa: N802 - Qt's name
        """Arrange the panels as soon as they have been laid out once: docks take no sizes before that."""
        super().showEvent(a0)
        if not self.arranged:
            self.arranged = True
            self._soon.start()

    def add(self, panel: Panel) -> QtWidgets.QDockWidget:
        """Give a panel a dock; :meth:`arrange` puts the docks in their places."""
        dock = QtWidgets.QDockWidget(panel.title, self)
        dock.setObjectName(panel.key)
        dock.setWidget(panel)
        self.panels[panel.key], self.docks[panel.key] = panel, dock
        self.addDockWidget(_Area.TopDockWidgetArea, dock)
        return dock

    def arrange(self) -> None:
        """Put the docks where somebody at the bench would look for them."""
        horizontal, vertical = QtCore.Qt.Orientation.Horizontal, QtCore.Qt.Orientation.Vertical
        dock = self.docks
        for each in dock.values():
            each.setFloating(False)
            each.show()
        self.addDockWidget(_Area.LeftDockWidgetArea, dock["now"])
        self.splitDockWidget(dock["now"], dock["loss"], horizontal)
        self.splitDockWidget(dock["loss"], dock["derivatives"], horizontal)
        self.splitDockWidget(dock["now"], dock["device"], vertical)
        self.splitDockWidget(dock["loss"], dock["outputs"], vertical)
        self.splitDockWidget(dock["derivatives"], dock["controls"], vertical)
        self.tabifyDockWidget(dock["outputs"], dock["current"])
        dock["outputs"].raise_()
        width = max(self.width(), 900)
        self.resizeDocks(
            [dock["now"], dock["loss"], dock["derivatives"]],
            [int(width * share) for share in (0.31, 0.38, 0.31)],
            horizontal,
        )
        height = max(self.height(), 600)
        for above, below, share in (
            ("now", "device", 0.52),
            ("loss", "outputs", 0.5),
            ("derivatives", "controls", 0.6),
        ):
            self.resizeDocks([dock[above], dock[below]], [int(height * share), int(height * (1 - share))], vertical)
        for tabs in self.findChildren(QtWidgets.QTabBar):
            if not tabs.count():
                tabs.hide()  # Qt leaves the one of before where it was, above other panels

    def draw(self, snapshot: Snapshot) -> None:
        """Show a snapshot on every panel that can be seen."""
        shown = None if snapshot.description is None else (snapshot.description.record, snapshot.rewound)
        for key, panel in self.panels.items():
            # A dock behind another one's tab counts as visible to Qt, which only moves it out of sight.
            if not panel.isVisible() or panel.visibleRegion().isEmpty():
                continue
            try:
                if self._drew.get(key) != shown:
                    panel.forget()  # what the next run doesn't have mustn't be taken for its own
                    self._drew[key] = shown
                panel.draw(snapshot)
                panel.settle()
            except Exception as error:  # noqa: BLE001 - one broken panel must not take the others along
                self._say_broken(key, f"{type(error).__name__}: {error}")
            else:
                if key in self.broken:
                    del self.broken[key]
                    self.docks[key].setWindowTitle(panel.title)

    def _say_broken(self, key: str, message: str) -> None:
        self.broken[key] = message
        self.docks[key].setWindowTitle(f"{self.panels[key].title}: can't be drawn ({message})")

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of every panel."""
        for panel in self.panels.values():
            panel.set_theme(theme)
