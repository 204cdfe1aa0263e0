"""The window: pages, menus, one timer that draws, and the questions before anything ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_drivers.errors import DriverError
from hgx_lab.config import RunFileError, parse_run_file
from hgx_lab.dashboard._board import PanelBoard
from hgx_lab.dashboard._closing import Closing
from hgx_lab.dashboard._command_bar import RunStrip
from hgx_lab.dashboard._outputs_question import ask_for_outputs
from hgx_lab.dashboard._questions import ask_before_closing, box_of, refuse_second_run
from hgx_lab.dashboard._sources import Command, Sources, with_end
from hgx_lab.dashboard._theme import DARK, LIGHT, Theme, apply_theme
from hgx_lab.dashboard.panels import PANELS, CurrentPanel, NowPanel
from hgx_lab.errors import HgxError
from hgx_lab.experiments import resumed
from hgx_lab.live import RunProcess, Snapshot, Source
from hgx_lab.records import new_record_path

__all__ = ["DashboardWindow"]

#: Milliseconds from one frame to the next: 30 a second.
_FRAME = 33
#: Size of a window that nobody has changed: a laptop of 1366 x 768, whose window manager takes a title from it.
_ROOM, _TITLE = QtCore.QSize(1366, 740), 28
_SETTINGS = ("hgx-lab", "dashboard")


class DashboardWindow(QtWidgets.QMainWindow):
    """Shows one run at a time, and keeps the one that was started in it under control.

    Parameters
    ----------
    theme:
        Colours to begin with.
    settings:
        Where the layout is remembered; None for this user's usual place.
    """

    def __init__(self, theme: Theme, settings: QtCore.QSettings | None = None) -> None:
        super().__init__()
        self.theme = theme
        self.settings = settings or QtCore.QSettings(*_SETTINGS)
        self.sources = Sources()
        # Called by name, so that what a test or a subclass puts in their place is asked.
        self.closing = Closing(
            self.sources,
            lambda: self.may_lose_edits(),
            lambda: self.ask_before_closing(),
            lambda: self._own_command("stop"),
        )
        #: What is drawn, and the run that is shown as it is now: the same but while its past is looked at.
        self.snapshot = self.live = Snapshot()
        self._rewound: Snapshot | None = None
        self.board = PanelBoard()
        for make in PANELS:
            self.board.add(make(theme))
        self.pages = _Pages()
        self.pages.setDocumentMode(True)
        tabs = self.pages.tabBar()
        if tabs is not None:
            tabs.setDrawBase(False)
        self.pages.addTab(self.board, "&Live")
        self.pages.currentChanged.connect(self._focus_page)
        self.strip = RunStrip()
        self.pages.setCornerWidget(self.strip)
        self.setCentralWidget(self.pages)
        self.setWindowTitle("hgx-lab")
        screen = QtWidgets.QApplication.primaryScreen()
        room = _ROOM if screen is None else screen.availableSize() - QtCore.QSize(0, _TITLE)
        self.resize(_ROOM.boundedTo(room))
        self._frame_label = QtWidgets.QLabel()
        bar = self.statusBar()
        if bar is not None:
            bar.addPermanentWidget(self._frame_label)
        self._frames, self._counted = 0, time.perf_counter()
        self._connect()
        self._make_menus()
        self._restore()
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_FRAME)
        self._timer.timeout.connect(self.draw)
        self._timer.start()

    @property
    def source(self) -> Source:
        """The run that is shown."""
        return self.sources.shown

    @property
    def now(self) -> NowPanel:
        """The panel with the buttons."""
        panel = self.board.panels["now"]
        if not isinstance(panel, NowPanel):
            raise TypeError(f"The panel 'now' is a {type(panel).__name__}.")
        return panel

    def add_page(self, page: QtWidgets.QWidget, name: str) -> None:
        """Put a page beside the live one, reached by Ctrl and its number."""
        self.pages.addTab(page, name)
        place = self.pages.count()
        self._action(
            self._view, f"Page {place}: {name.replace('&', '')}", f"Ctrl+{place}", lambda: self.show_page(page)
        )

    def show_page(self, page: QtWidgets.QWidget) -> None:
        """Bring a page to the front."""
        self.pages.setCurrentWidget(page)

    def _focus_page(self, _: int) -> None:
        """Put the keyboard on the first thing of the page that takes it, rather than on the page's tab."""
        page = self.pages.currentWidget()
        found = None if page is None else first_in_focus_order(page)
        if found is not None:
            found.setFocus(QtCore.Qt.FocusReason.TabFocusReason)

    def watch(self, source: Source, *, owned: bool = False) -> None:
        """Look at another run; ``owned`` says that this window started it."""
        self.sources.show(source, owned=owned)
        self.show_live()
        self.pages.setCurrentWidget(self.board)
        self.draw()

    def show_own_run(self) -> None:
        """Show the run that was started in this window, as it is now."""
        if self.sources.own is not None:
            self.watch(self.sources.own)

    def start_run(self, text: str, folder: Path) -> None:
        """Start a run in a process of its own and watch it; what speaks against it is said in a box.

        It is refused while another run goes on that was started here: this window keeps one under control.

        Parameters
        ----------
        text:
            The run file.
        folder:
            Where its relative paths start. A copy of the run file is put there if it names other files, and beside
            the record if it doesn't.
        """
        if self._has_run():
            return
        try:
            run = parse_run_file(text, folder=folder)
            directory = Path(run.record.directory).absolute()
            if (stated := ask_for_outputs(self, run, self.sources.own or self.source)) is None:
                return
            record = new_record_path(directory, run.name, datetime.now().astimezone())
            beside = None if _stands_alone(text, directory) else folder
            source = RunProcess(text, record, folder=beside, outputs_at=stated)
        except (HgxError, DriverError) as error:
            self.complain(error)
            return
        self.watch(source, owned=True)

    def branch(self, record: Path, iteration: int) -> None:
        """Start a run that goes on from an iteration of a record, and watch it; refused as in :meth:`start_run`."""
        if self._has_run():
            return
        try:
            run, _ = resumed(record, iteration)
            if (stated := ask_for_outputs(self, run, self.sources.own or self.source)) is None:
                return
            child = new_record_path(record.parent, f"{record.stem}-{iteration}", datetime.now().astimezone())
            source = RunProcess("", child, resume=(record, iteration), outputs_at=stated)
        except (HgxError, DriverError) as error:
            self.complain(error)
            return
        self.watch(source, owned=True)

    def complain(self, error: HgxError | DriverError) -> None:
        """Say what happened and what to do; nothing waits for an answer."""
        box_of(self, error.message, error.remedy).open()

    def show_past(self, snapshot: Snapshot) -> None:
        """Show an iteration of the past on every panel, until :meth:`show_live`."""
        self._rewound = snapshot
        self.draw()

    def show_live(self) -> None:
        """Show what is going on now again."""
        self._rewound = None

    def draw(self) -> None:
        """Draw one frame."""
        self.live = self.sources.look()
        self.snapshot = self.live if self._rewound is None else with_end(self._rewound, self.live.status)
        self.board.draw(self.snapshot)
        self._draw_commands()
        run = self.snapshot.description
        state = self.snapshot.status.state
        self.setWindowTitle("hgx-lab" if run is None else f"{run.name}: {state.value} – hgx-lab")
        # Counted from frame to frame, painting included: what the eye sees.
        now = time.perf_counter()
        self._frames += 1
        if now - self._counted >= 1.0:
            self._frame_label.setText(f"{self._frames / (now - self._counted):.0f} frames/s")
            self._frames, self._counted = 0, now
        bar = self.statusBar()
        if bar is not None and run is not None:
            words = f"{run.record}   {'simulated bench' if run.simulated else 'hardware'}"
            if words != bar.currentMessage():
                bar.showMessage(words)
        self._close_when_due()

    def _draw_commands(self) -> None:
        """Show which run commands go to, whatever page and panels are in sight."""
        sources, rewound = self.sources, self._rewound is not None
        self.now.commands.show_target(sources.target(rewound=rewound), self.theme, closing=self.closing.at_rest)
        in_sight = sources.shown is sources.own and not rewound and self.now.isVisible()
        if in_sight:
            sources.mark_seen()
        goes_on = sources.goes_on
        if goes_on or sources.end_unseen:
            state = sources.own_picture.status.state
            self.strip.show_run(sources.own_name, state, self.theme, goes_on=goes_on)
        self.strip.setVisible((goes_on or sources.end_unseen) and not in_sight)

    def set_theme(self, theme: Theme) -> None:
        """Change all colours."""
        self.theme = theme
        application = QtWidgets.QApplication.instance()
        if isinstance(application, QtWidgets.QApplication):
            apply_theme(application, theme)
        self.board.set_theme(theme)
        self.settings.setValue("theme", theme.name)

    def closeEvent(self, a0: Any) -> None:  # noqa: N802 - Qt's name
        """Ask what is to become of edits and of a run that was started here; runs of others go on without a word."""
        if not self.closing.allowed():
            a0.ignore()
            return
        self._timer.stop()
        self.settings.setValue("geometry", self.saveGeometry())
        self.settings.setValue("docks", self.board.saveState())
        self.let_go()
        super().closeEvent(a0)

    def _close_when_due(self) -> None:
        """Close when the run has come to rest as it was asked to; stay where it didn't, and show that."""
        due = self.closing.due()
        if due is None:
            return
        if due:
            self.close()
        self.closing.at_rest = False
        if not due:
            self.show_own_run()

    def may_lose_edits(self) -> bool:
        """Ask about edits that aren't saved, where a page has any; False to stay."""
        return True

    def let_go(self) -> None:
        """Part from what the window reads, when it closes."""
        self.sources.close()

    def ask_before_closing(self) -> str:
        """Ask what is to become of the run: ``leave``, ``stop`` or ``cancel``."""
        return ask_before_closing(self, self.sources.own_name, self.sources.own_picture.status.state)

    def _has_run(self) -> bool:
        """Whether a run that was started here goes on; says so, with a way to go there."""
        if not self.sources.own_goes_on:
            return False
        state = self.sources.own_picture.status.state
        refuse_second_run(self, self.sources.own_name, state, self.show_own_run).open()
        return True

    def _connect(self) -> None:
        self.now.commands.asked.connect(self._command)
        self.now.commands.show_requested.connect(self.show_own_run)
        self.strip.show_requested.connect(self.show_own_run)
        self.strip.rest_requested.connect(lambda: self._own_command("rest_now"))
        current = self.board.panels["current"]
        if isinstance(current, CurrentPanel):
            current.reset_requested.connect(lambda: self.source.reset_overload())

    def _command(self, command: Command) -> None:
        if command == "resume":
            self.closing.at_rest = False
        self._ask(lambda: self.sources.command(command))

    def _own_command(self, command: Command) -> None:
        if (own := self.sources.own) is not None:
            self._ask(getattr(own, command))

    def _ask(self, command: Callable[[], None]) -> None:
        """Ask something of the run; one that can't hear, as a record that is only read, says so."""
        try:
            command()
        except HgxError as error:
            self.complain(error)

    def _make_menus(self) -> None:
        bar: Any = self.menuBar()
        run, self._view = bar.addMenu("&Run"), bar.addMenu("&View")
        self._action(run, "&Pause or resume", "Ctrl+P", lambda: self._press(self.now.pause))
        self._action(run, "&Stop after this iteration, or undo it", "Ctrl+.", lambda: self._press(self.now.stop))
        self._action(run, "&Rest now", "Ctrl+Shift+R", lambda: self._press(self.now.rest))
        self._action(run, "&Go to the run that was started here", "Ctrl+G", self.show_own_run)
        self._action(run, "Reset the &overload lamp", "Ctrl+L", lambda: self.source.reset_overload())
        run.addSeparator()
        self._action(run, "&Quit", "Ctrl+Q", self.close)
        self._action(self._view, "Page 1: Live", "Ctrl+1", lambda: self.show_page(self.board))
        for dock in self.board.docks.values():
            self._view.addAction(dock.toggleViewAction())
        self._view.addSeparator()
        self._action(self._view, "&Arrange panels anew", "Ctrl+0", self.board.arrange)
        self._action(
            self._view, "&Light or dark", "Ctrl+T", lambda: self.set_theme(LIGHT if self.theme is DARK else DARK)
        )
        self._view.addSeparator()

    @staticmethod
    def _press(button: QtWidgets.QPushButton) -> None:
        """Do what a button does, if it can be pressed now."""
        if button.isEnabled():
            button.click()

    def _action(self, menu: Any, text: str, keys: str, does: Callable[[], object]) -> None:
        action = menu.addAction(text)
        action.setShortcut(QtGui.QKeySequence(keys))
        action.triggered.connect(lambda _=False: does())

    def _restore(self) -> None:
        self.board.arranged = self.settings.contains("docks")
        for name, restore in (("geometry", self.restoreGeometry), ("docks", self.board.restoreState)):
            saved = self.settings.value(name)
            if isinstance(saved, QtCore.QByteArray):
                restore(saved)


class _Pages(QtWidgets.QTabWidget):
    """Pages in document mode, without the line that Qt draws below what stands beside the tabs."""

    def paintEvent(self, a0: Any) -> None:  # noqa: N802 - Qt's name
        """Draw nothing but tabs and pages."""
        del a0


def first_in_focus_order(page: QtWidgets.QWidget) -> QtWidgets.QWidget | None:
    """The first widget in a page that Tab comes to now; None where there is none."""
    widget = page.nextInFocusChain()
    while widget is not None and widget is not page:
        takes = widget.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus
        if takes and page.isAncestorOf(widget) and widget.isEnabled() and widget.isVisibleTo(page):
            return widget
        widget = widget.nextInFocusChain()
    return None


def _stands_alone(text: str, folder: Path) -> bool:
    """Whether a run file is as sound in another folder, because it names no file of its own."""
    try:
        parse_run_file(text, folder=folder)
    except RunFileError:
        return False
    return True
