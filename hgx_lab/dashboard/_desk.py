"""The whole dashboard: the live page with its rewind bar, the setup, the runs, and what each asks of the others."""

from __future__ import annotations

from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_drivers.errors import DriverError
from hgx_lab.dashboard._theme import Theme
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.dashboard.runs import RewindBar, RunsPage
from hgx_lab.dashboard.setup import SetupPanel
from hgx_lab.errors import HgxError
from hgx_lab.live import attach
from hgx_lab.records import open_record

__all__ = ["Desk"]

_RUN_FILES = {".yaml", ".yml"}


class Desk(DashboardWindow):
    """The window with all its pages.

    Parameters
    ----------
    theme:
        Colours to begin with.
    settings:
        Where the layout is remembered; None for this user's usual place.
    records:
        Folder of records to begin with.
    """

    def __init__(self, theme: Theme, settings: QtCore.QSettings | None = None, records: Path = Path("runs")) -> None:
        super().__init__(theme, settings)
        self.setup = SetupPanel(records)
        self.runs = RunsPage(records, theme)
        self.rewind = RewindBar()
        self._rewind_holder = QtWidgets.QStatusBar()
        self._rewind_holder.setSizeGripEnabled(False)
        self._rewind_holder.addPermanentWidget(self.rewind, 1)
        self._rewind_holder.hide()
        self.board.setStatusBar(self._rewind_holder)
        self.add_page(self.setup, "&Setup")
        self.add_page(self.runs, "&Runs")
        self.setup.start_requested.connect(self.start_run)
        self.runs.opened.connect(self.look_at)
        self.runs.run_file_wanted.connect(self.use_run_file_of)
        self.rewind.rewound.connect(self.show_past)
        self.rewind.live.connect(self._leave_past)
        self.rewind.branch_requested.connect(self._branch)
        self.show_page(self.setup)

    def open_path(self, path: Path) -> None:
        """Begin with a run file in the setup, or with a record on the live page.

        Raises
        ------
        RecordError
            It is neither, or can't be read.
        """
        if path.suffix.lower() in _RUN_FILES:
            self.setup.open_file(path)
            self.show_page(self.setup)
        else:
            self.watch(attach(path))
            if not self.source.snapshot().status.state.alive:
                self.look_at(path)

    def look_at(self, record: Path) -> None:
        """Attach to a record, and rewind it where it has iterations."""
        try:
            self.watch(attach(record))
        except (HgxError, DriverError) as error:
            self.complain(error)
            return
        try:
            self.rewind.open(record)
        except HgxError:
            self._rewind_holder.hide()  # what doesn't iterate can't be rewound, but it can be looked at
        else:
            self._rewind_holder.show()

    def use_run_file_of(self, record: Path) -> None:
        """Take the run file of a record to the setup."""
        try:
            with open_record(record) as opened:
                text = opened.run_file_text
        except HgxError as error:
            self.complain(error)
            return
        self.setup.open_text(text, record.parent)
        self.show_page(self.setup)

    def draw(self) -> None:
        """Draw one frame of the live page; the setup learns of runs that ended."""
        super().draw()
        self.setup.draw(self.snapshot)

    def set_theme(self, theme: Theme) -> None:
        """Change all colours."""
        super().set_theme(theme)
        self.runs.set_theme(theme)

    def let_go(self) -> None:
        """Wait for what the pages are reading, too."""
        super().let_go()
        self.rewind.close()
        self.setup.close_background()
        self.runs.close_background()

    def start_run(self, text: str, folder: Path) -> None:
        """Start a run and leave the past."""
        self._rewind_holder.hide()
        super().start_run(text, folder)

    def _leave_past(self) -> None:
        self._rewind_holder.hide()
        self.show_live()

    def _branch(self, record: Path, iteration: int) -> None:
        self.rewind.leave()
        self.branch(record, iteration)
