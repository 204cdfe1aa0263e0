"""What every panel of the dashboard is: a widget that knows the snapshot and nothing of other panels."""

from __future__ import annotations

from pyqtgraph.Qt import QtWidgets

from hgx_lab.dashboard._plot import Plot
from hgx_lab.dashboard._theme import Theme
from hgx_lab.live import Snapshot

__all__ = ["Panel"]


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

    def draw(self, snapshot: Snapshot) -> None:
        """Show a snapshot; must be quick, and must not keep it."""
        raise NotImplementedError

    def set_theme(self, theme: Theme) -> None:
        """Change colours; the next :meth:`draw` uses them."""
        self.theme = theme
        for plot in self.findChildren(Plot):
            plot.set_theme(theme)
