"""What every panel of the dashboard is: a widget that knows the snapshot and nothing of other panels."""

from __future__ import annotations

import time

from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._plot import Plot
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import History, Snapshot

__all__ = ["Panel"]

#: Histories of more rows than this are drawn at this pace; shorter ones as soon as they grow.
_SHORT, _PACE_SECONDS = 500, 0.1


class Panel(QtWidgets.QWidget):
    """A part of the picture.

    A subclass sets ``title`` (for people) and ``key`` (a word for the saved layout), makes its widgets in
    ``__init__`` and shows a snapshot in :meth:`draw`, which is called at every frame while the panel is visible.
    """

    title = ""
    key = ""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self._plots: tuple[Plot, ...] | None = None
        self._drawn: History | None = None
        self._drawn_at = 0.0

    def history_is_due(self, history: History) -> bool:
        """Whether a history is to be drawn in this frame: once, and a long one that grows ten times a second."""
        now = time.monotonic()
        if history is self._drawn or (
            self._drawn is not None and len(history) > _SHORT and now - self._drawn_at < _PACE_SECONDS
        ):
            return False
        self._drawn, self._drawn_at = history, now
        return True

    def draw(self, snapshot: Snapshot) -> None:
        """Show a snapshot; must be quick, and must not keep it."""
        raise NotImplementedError

    def forget(self) -> None:
        """Show nothing, because another run is shown from now on; a panel that draws all of it anyway needs nothing."""

    def settle(self) -> None:
        """Let the axes follow the data now: done while painting, as pyqtgraph would, everything is painted twice."""
        if self._plots is None:
            self._plots = tuple(self.findChildren(Plot))
        for plot in self._plots:
            if plot.isVisible():
                plot.plot_item.scene().prepareForPaint()

    def set_theme(self, theme: Theme) -> None:
        """Change colours; the next :meth:`draw` uses them."""
        self.theme = theme
        for plot in self.findChildren(Plot):
            plot.set_theme(theme)
