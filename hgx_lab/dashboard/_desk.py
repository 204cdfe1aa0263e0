"""The whole dashboard: the live page with its rewind bar, the setup, the runs, and what each asks of the others."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_drivers.errors import DriverError
from hgx_lab.dashboard._theme import Theme
from hgx_lab.dashboard._window import DashboardWindow
from hgx_lab.dashboard.runs import RewindBar, RunsPage
from hgx_lab.dashboard.setup import SetupPanel
from hgx_lab.errors import HgxError
from hgx_lab.live import RecordSource, Source, attach
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
        self._given_up: str | None = None
        self._alive = False
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
        self.rewind.branch_requested.connect(self.branch)
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
            self._look_at(path)

    def look_at(self, record: Path) -> None:
        """Attach to a record, and offer to rewind it where it has iterations; what speaks against it is said in a box.

        A record of the past is shown at its last iteration, a run that goes on as it is now.
        """
        try:
            self._look_at(record)
        except (HgxError, DriverError) as error:
            self.complain(error)

    def _look_at(self, record: Path) -> None:
        own = self.sources.own
        # To the run that was started here there is a way already, by which it can be commanded in any case.
        source = own if own is not None and _same_file(record, own.record) else attach(record)
        self.watch(source)
        alive = self.snapshot.status.state.alive
        try:
            self.rewind.open(record, rewound=not alive)
        except HgxError:
            pass  # what doesn't iterate, or hasn't yet, can't be rewound, but it can be looked at
        else:
            self._rewind_holder.show()
        if alive and isinstance(source, RecordSource) and source.refused is not None:
            self.complain(source.refused)

    def watch(self, source: Source, *, owned: bool = False) -> None:
        """Look at another run, as it is now; what was rewound is closed."""
        self.rewind.leave()
        super().watch(source, owned=owned)

    def use_run_file_of(self, record: Path) -> None:
        """Take the run file of a record to the setup."""
        try:
            with open_record(record) as opened:
                text = opened.run_file_text
        except HgxError as error:
            self.complain(error)
            return
        if self.setup.open_text(text, record.parent):
            self.show_page(self.setup)

    def draw(self) -> None:
        """Draw one frame of the live page; the setup learns of runs that ended."""
        super().draw()
        self._follow_to_the_end()
        self.setup.draw(self.snapshot)
        self.setup.draw(self.sources.own_picture, own=True)

    def _follow_to_the_end(self) -> None:
        """Offer the last iterations too, when the run that is shown ends and nobody is looking at its past."""
        ended, self._alive = self._alive and not self.live.status.state.alive, self.live.status.state.alive
        if ended and self.rewind.past is not None and not self.snapshot.rewound:
            with suppress(HgxError):
                self.rewind.open(self.source.record, rewound=False)
                self.rewind.branch.setEnabled(True)

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

    def may_lose_edits(self) -> bool:
        """Ask about edits of the setup; not again about those that were given up when the window was to close."""
        text = self.setup.text()
        if self.closing.at_rest and text == self._given_up:
            return True
        if not self.setup.may_lose_edits():
            self.show_page(self.setup)
            return False
        self._given_up = self.setup.text()
        return True

    def _leave_past(self) -> None:
        self._rewind_holder.hide()
        self.show_live()


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # not there yet, or no more
        return one.absolute() == other.absolute()
