"""The records of a folder: looked at, annotated, compared, exported, rewound, or taken the run file of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.dashboard._background import Background
from hgx_lab.dashboard._plain import plain_label
from hgx_lab.dashboard._theme import DARK, Theme
from hgx_lab.dashboard.runs._compared import read_compared, save_numbers
from hgx_lab.dashboard.runs._details import Comparison, NoteEditor
from hgx_lab.dashboard.runs._notes import Note, Notebook
from hgx_lab.dashboard.runs._table import RecordTable
from hgx_lab.errors import HgxError
from hgx_lab.records import Record, RecordSummary, list_records, open_record

__all__ = ["RunsPage"]

#: Runs that are compared at most: there are no more colours that can be told apart.
_COMPARED = 7


class RunsPage(QtWidgets.QWidget):
    """``opened(record)`` asks to look at a record, ``run_file_wanted(record)`` for its run file in the setup."""

    opened = QtCore.Signal(object)
    run_file_wanted = QtCore.Signal(object)
    title = "Runs"

    def __init__(self, folder: Path, theme: Theme = DARK, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self._background = Background(self)
        self._found: tuple[RecordSummary, ...] = ()
        self._notes: Mapping[str, Note] = {}
        self._noted: Path | None = None
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText("Search in names, tags, notes, status, experiment and reason")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.place = self._button(str(folder), self._choose_folder, "Choose another folder")
        self.reload = self._button("Re&load", self.refresh)
        self.table = RecordTable()
        self.table.cellActivated.connect(lambda *_: self._open())
        self.table.itemSelectionChanged.connect(self._selected)
        self.notes = NoteEditor()
        self.notes.edited.connect(self._keep)
        self.comparison = Comparison(theme)
        self.look = self._button("Look at &it", self._open, "Show it on the live page, and rewind it (Return)")
        self.use = self._button("&Use its run file", self._use, "Take its run file to the setup")
        self.figure = self._button("Save &figure…", self._save_figure, "What hgx show draws, as PNG, PDF or SVG")
        self.numbers = self._button("Save &CSV…", self._save_numbers, "Its iterations, or what it measured")
        self.words = plain_label(wraps=True)
        self.words.setObjectName("caption")
        self._lay_out()
        self._selected()

    @property
    def chosen(self) -> RecordSummary | None:
        """The record of the selected row; None where it isn't exactly one."""
        found = self.table.chosen
        return found[0] if len(found) == 1 else None

    def showEvent(self, a0: QtGui.QShowEvent | None) -> None:  # noqa: N802 - Qt's name
        """Look at the folder anew whenever the page comes to the front."""
        super().showEvent(a0)
        self.refresh()

    def refresh(self) -> None:
        """Read the folder beside the window; what is shown stays until it is read."""
        folder = self.folder
        self._background.ask("list", lambda: _read(folder), lambda found: self._show(*found), self._complain)

    def close_background(self) -> None:
        """Keep what is being written and wait for what is being read; to be called before the window goes."""
        self.notes.tell()
        self._background.close()

    def set_theme(self, theme: Theme) -> None:
        """Change the colours of the plot."""
        self.comparison.set_theme(theme)

    def _button(self, text: str, does: Callable[[], None], help_text: str = "") -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setToolTip(help_text)
        button.clicked.connect(lambda _=False: does())
        return button

    def _lay_out(self) -> None:
        top, bottom = QtWidgets.QHBoxLayout(), QtWidgets.QHBoxLayout()
        for widget, share in ((self.search, 1), (self.place, 0), (self.reload, 0)):
            top.addWidget(widget, share)
        for widget, share in ((self.words, 1), (self.numbers, 0), (self.figure, 0), (self.use, 0), (self.look, 0)):
            bottom.addWidget(widget, share)
        below = QtWidgets.QSplitter()
        below.addWidget(self.notes)
        below.addWidget(self.comparison)
        below.setSizes([300, 1000])
        both = QtWidgets.QSplitter(QtCore.Qt.Orientation.Vertical)
        both.addWidget(self.table)
        both.addWidget(below)
        both.setSizes([330, 300])
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(both, 1)
        layout.addLayout(bottom)

    def _show(self, found: Sequence[RecordSummary], notes: Mapping[str, Note], trouble: HgxError | None) -> None:
        self._found, self._notes = tuple(found), notes
        self.table.show_records(self._found, notes)
        self._filter(self.search.text())
        if trouble is not None:
            self._complain(trouble)

    def _filter(self, wanted: str) -> None:
        self.table.filter(wanted, self._notes)
        self._selected()

    def _selected(self) -> None:
        self.notes.tell()
        chosen = self.table.chosen
        readable = [summary for summary in chosen if not summary.error]
        one = len(chosen) == 1 and bool(readable)
        for button in (self.look, self.use, self.figure, self.numbers):
            button.setEnabled(one)
        self._noted = chosen[0].path if len(chosen) == 1 else None
        name = chosen[0].path.name if len(chosen) == 1 else ""
        self.notes.show_note(Path(name).stem, self._notes.get(name, Note()))
        self.words.setText(self._say(chosen))
        paths = tuple(summary.path for summary in readable[:_COMPARED])
        if paths:
            self._background.ask("compare", lambda: read_compared(paths), self.comparison.show_runs, self._complain)
        else:
            self._background.forget("compare")
            self.comparison.show_runs(())

    def _say(self, chosen: Sequence[RecordSummary]) -> str:
        if not chosen:
            count = sum(not self.table.isRowHidden(row) for row in range(self.table.rowCount()))
            return f"{count} record{'s' * (count != 1)}; select several to compare them."
        if len(chosen) == 1:
            return chosen[0].error or chosen[0].reason
        more = f"; the first {_COMPARED} are compared" if len(chosen) > _COMPARED else ""
        return f"{len(chosen)} records{more}."

    def _keep(self, note: Note) -> None:
        if self._noted is None:
            return
        name = self._noted.name
        try:
            Notebook(self._noted.parent).put(name, note)
        except HgxError as error:
            self._complain(error)
            return
        self._notes = {**self._notes, name: note}
        self.table.show_records(self._found, self._notes)
        self.table.filter(self.search.text(), self._notes)

    def _open(self) -> None:
        if self.chosen is not None and not self.chosen.error:
            self.opened.emit(self.chosen.path)

    def _use(self) -> None:
        if self.chosen is not None:
            self.run_file_wanted.emit(self.chosen.path)

    def _save_figure(self) -> None:
        self._save("figure", "Pictures (*.png *.pdf *.svg)", ".png", _write_figure)

    def _save_numbers(self) -> None:
        self._save("numbers", "Numbers (*.csv)", ".csv", save_numbers)

    def _save(self, what: str, kinds: str, suffix: str, write: Callable[[Record, Path], object]) -> None:
        chosen = self.chosen
        if chosen is None:
            return
        start = str(chosen.path.with_suffix(suffix))
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, f"Save {what}", start, kinds)
        if not name:
            return
        path = Path(name) if Path(name).suffix else Path(name).with_suffix(suffix)

        def work() -> Path:
            with open_record(chosen.path) as record:
                write(record, path)
            return path

        self.words.setText(f"Writing {path} …")
        self._background.ask(f"save {path}", work, lambda done: self.words.setText(f"Saved {done}"), self._complain)

    def _complain(self, error: Exception) -> None:
        self.words.setText(str(error))

    def _choose_folder(self) -> None:
        name = QtWidgets.QFileDialog.getExistingDirectory(self, "Folder of records", str(self.folder))
        if name:
            self.folder = Path(name)
            self.place.setText(name)
            self.refresh()


def _read(folder: Path) -> tuple[list[RecordSummary], Mapping[str, Note], HgxError | None]:
    """Records and notes of a folder; notes that can't be read don't hide the records."""
    found = list_records(folder)
    try:
        return found, Notebook(folder).read(), None
    except HgxError as error:
        return found, {}, error


def _write_figure(record: Record, path: Path) -> None:
    # Matplotlib takes a second to import, which nobody should wait for who saves nothing.
    from hgx_lab.figures import save_figures

    save_figures(record, path)
