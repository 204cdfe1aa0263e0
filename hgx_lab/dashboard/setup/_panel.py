"""Setup: form and text of a run file side by side, checked while one types, with what the run would do."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.config import Problem, RunFile, RunFileError, parse_run_file
from hgx_lab.config.problems import KeyPath
from hgx_lab.config.yaml_read import read_yaml
from hgx_lab.dashboard._background import Background
from hgx_lab.dashboard._plain import plain_label
from hgx_lab.dashboard._questions import ask_to_save
from hgx_lab.dashboard._write import write_whole
from hgx_lab.dashboard.setup._editor import YamlEditor
from hgx_lab.dashboard.setup._fields import Missing
from hgx_lab.dashboard.setup._file import UserFile
from hgx_lab.dashboard.setup._form import Form
from hgx_lab.dashboard.setup._ready import ready_files
from hgx_lab.dashboard.setup._reports import LastRun, calibration_report, changes_report, last_run, plan_report
from hgx_lab.dashboard.setup._text import changed, value_at, without
from hgx_lab.live import Snapshot

__all__ = ["SetupPanel"]

_STYLE = """
QLabel#caption, QLabel#broken { font-size: 8.5pt; }
QLabel#title { font-size: 13pt; font-weight: 600; }
QPushButton#start:enabled { background: palette(highlight); color: palette(highlighted-text); font-weight: 600; }
"""
#: After the last key stroke the text is checked when this has passed, ms.
_PATIENCE = 250


class SetupPanel(QtWidgets.QWidget):
    """Edits one run file.

    ``start_requested(text, directory)`` asks for a run of the text; relative paths in it start at ``directory``.
    """

    start_requested = QtCore.Signal(str, object)
    title = "Setup"

    def __init__(self, records: Path = Path("runs"), parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet(_STYLE)
        self._file: UserFile | None = None
        self._folder = Path.cwd()
        self._saved_text = ""
        self._records = records
        self._last: LastRun | None = None
        self._seen: dict[bool, str] = {}
        self.run: RunFile | None = None
        self.problems: tuple[Problem, ...] = ()
        self._background = Background(self)
        self.form, self.editor = Form(), YamlEditor()
        self.plan, self.changes, self.calibration = (self._report(n) for n in ("Plan", "Changes", "Calibration"))
        self.tabs = QtWidgets.QTabWidget()
        for widget, name in (
            (self.editor, "&YAML"),
            (self.plan, "&Plan"),
            (self.changes, "&Changes"),
            (self.calibration, "Ca&libration"),
        ):
            self.tabs.addTab(widget, name)
        self.list = QtWidgets.QListWidget()
        self.list.setAccessibleName("Problems of the run file")
        self.list.setMaximumHeight(96)
        self.list.itemActivated.connect(self._to_problem)
        self.list.itemClicked.connect(self._to_problem)
        self.state = plain_label()
        splitter = QtWidgets.QSplitter()
        splitter.addWidget(self.form)
        splitter.addWidget(self.tabs)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([560, 640])
        layout = QtWidgets.QVBoxLayout(self)
        layout.addLayout(self._bar())
        layout.addWidget(splitter, 1)
        layout.addWidget(self.state)
        layout.addWidget(self.list)
        self._timer = QtCore.QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PATIENCE)
        self._timer.timeout.connect(self.check)
        self.editor.textChanged.connect(self._timer.start)
        self.form.edited.connect(self._edited)
        self._look_for_last_run()
        if self._ready:
            self._show(
                next(iter(self._ready.values())).read_text(encoding="utf-8"), next(iter(self._ready.values())).parent
            )

    def draw(self, snapshot: Snapshot, *, own: bool = False) -> None:
        """A run file doesn't change while a run goes on; when one is over there is a newer last run.

        ``own`` says that it is the run that was started here, and not the one that is shown.
        """
        record = snapshot.description.record if snapshot.description and not snapshot.rewound else ""
        if record and not snapshot.status.state.alive and record != self._seen.get(own):
            self._seen[own] = record
            self._records = Path(record).parent
            self._look_for_last_run()

    def text(self) -> str:
        """The run file as it stands now."""
        return self.editor.toPlainText()

    @property
    def unsaved(self) -> bool:
        """Whether the text differs from what was opened or saved."""
        return self.text() != self._saved_text

    def open_text(self, text: str, folder: Path) -> bool:
        """Show the run file of a record; it belongs to no file until it is saved as one. Says whether it is shown."""
        if not self.may_lose_edits():
            return False
        self._file = None
        self._show(text, folder)
        return True

    def open_file(self, path: Path) -> bool:
        """Show a file of the user; says whether it is shown."""
        if not self.may_lose_edits():
            return False
        try:
            self._file = UserFile(path)
        except (OSError, UnicodeDecodeError) as error:
            self._tell(f"{path} can't be read: {error}")
            return False
        self._show(self._file.text, path.parent)
        return True

    def may_lose_edits(self) -> bool:
        """Ask what is to become of edits that aren't saved, where there are any; False where they are to stay."""
        self._take_what_is_typed()
        if not self.unsaved:
            return True
        answer = self.ask_to_save()
        return answer == "discard" or (answer == "save" and self.save())

    def ask_to_save(self) -> str:
        """Ask what is to become of the edits: ``save``, ``discard`` or ``cancel``."""
        return ask_to_save(self.window() or self, str(self._file.path) if self._file else "The new run file")

    def _take_what_is_typed(self) -> None:
        """Take over what stands in a field that hasn't been left yet."""
        field = self.focusWidget()
        if not isinstance(field, QtWidgets.QLineEdit) or not self.form.isAncestorOf(field):
            return
        if field.hasFocus():
            field.clearFocus()  # also ends the editing of a cell
        elif field.isModified():
            field.editingFinished.emit()

    def check(self) -> None:
        """Check the text, and show the outcome in the form, beside the lines, and in the list."""
        self._timer.stop()
        text = self.text()
        try:
            self.run, self.problems = parse_run_file(text, source=self._name(), folder=self._folder), ()
        except RunFileError as error:
            self.run, self.problems = None, error.problems
        data = read_yaml(text).data
        if isinstance(data, dict):
            self.form.show_data(data)
        self._show_problems()
        self._refresh_reports()

    def start(self) -> None:
        """Ask for a run of the text, when nothing is wrong with it."""
        self.check()
        if self.run is not None:
            self.start_requested.emit(self.text(), self._folder)
        else:
            self.list.setFocus()

    def save(self) -> bool:
        """Write the user's file; says whether it was written."""
        if self._file is None:
            return self.save_as()
        if self._file.changed_on_disk() and not self._ask(
            f"{self._file.path.name} was changed on the disk since it was opened here. Write over it?"
        ):
            return False
        return self._write(self._file.path)

    def save_as(self) -> bool:
        """Ask for a new file and write it."""
        start = str(self._file.path if self._file else Path.cwd() / f"{self.run.name if self.run else 'run'}.yaml")
        name, _ = QtWidgets.QFileDialog.getSaveFileName(self, "Save the run file", start, "Run files (*.yaml *.yml)")
        return bool(name) and self._write(Path(name))

    def _write(self, path: Path) -> bool:
        try:
            write_whole(path, self.text())
            self._file = UserFile(path)
        except OSError as error:
            self._tell(f"{path} can't be written: {error.strerror or error}")
            return False
        self._folder, self._saved_text = path.parent.absolute(), self.text()
        self.check()
        return True

    def closeEvent(self, a0: Any) -> None:  # noqa: N802 - the name that Qt calls
        """Wait for what is being read."""
        self.close_background()
        super().closeEvent(a0)

    def close_background(self) -> None:
        """Stop the work beside the window; to be called before the window goes."""
        self._timer.stop()
        self._background.close()

    def _bar(self) -> QtWidgets.QHBoxLayout:
        self._ready = ready_files()
        self.ready = QtWidgets.QComboBox()
        self.ready.setAccessibleName("Ready run files")
        self.ready.addItems(list(self._ready))
        self.ready.activated.connect(self._choose_ready)
        self._begun_with = 0
        label = QtWidgets.QLabel("&Begin with")
        label.setBuddy(self.ready)
        self.start_button = QtWidgets.QPushButton("▶  Start run")
        self.start_button.setObjectName("start")
        self.start_button.clicked.connect(self.start)
        bar = QtWidgets.QHBoxLayout()
        bar.addWidget(label)
        bar.addWidget(self.ready)
        for name, slot, keys in (
            ("&Open…", self._open, "Ctrl+O"),
            ("&Save", self.save, "Ctrl+S"),
            ("Save &as…", self.save_as, "Ctrl+Shift+S"),
        ):
            button = QtWidgets.QPushButton(name)
            button.clicked.connect(partial(self._do, slot))
            button.setToolTip(keys)
            bar.addWidget(button)
            self._shortcut(keys, slot)
        self.name_label = plain_label()
        bar.addWidget(self.name_label, 1)
        bar.addWidget(self.start_button)
        self.start_button.setToolTip("Ctrl+Return")
        self._shortcut("Ctrl+Return", self.start)
        return bar

    @staticmethod
    def _do(slot: Any, _: bool = False) -> None:
        slot()

    def _shortcut(self, keys: str, slot: Any) -> None:
        # It stands in QtGui from Qt 6 on.
        shortcut: Any = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut
        made = shortcut(QtGui.QKeySequence(keys), self)
        made.setContext(QtCore.Qt.ShortcutContext.WidgetWithChildrenShortcut)
        made.activated.connect(slot)

    def _report(self, name: str) -> QtWidgets.QTextBrowser:
        view = QtWidgets.QTextBrowser()
        view.setAccessibleName(name)
        return view

    def _show(self, text: str, folder: Path) -> None:
        self._folder = folder.absolute()
        self._saved_text = text
        self.editor.replace_text(text)
        self.check()

    def _name(self) -> str:
        return self._file.path.name if self._file else "run file"

    def _edited(self, path: KeyPath, value: Any) -> None:
        text = self.text()
        try:
            new = without(text, path) if isinstance(value, Missing) else changed(text, path, self._merged(path, value))
        except (ValueError, KeyError, IndexError, TypeError):
            self._tell("The text isn't YAML at the moment; mend it there first.")
            return
        self.editor.replace_text(new)
        self.check()

    def _merged(self, path: KeyPath, value: Any) -> Any:
        """Another kind of a section keeps the keys that both kinds know under the same description."""
        old = value_at(read_yaml(self.text()).data, path)
        field = self.form.fields.get(path)
        if not isinstance(value, dict) or not isinstance(old, dict) or field is None or field.shape.kinds is None:
            return value
        shape, kinds = field.shape, field.shape.kinds
        models = [kinds.get(v.get(shape.kind_key, shape.default_kind)) for v in (old, value)]
        before, after = ({} if model is None else model.model_fields for model in models)
        shared = {k for k in before if k in after and _same(before[k], after[k])} - {shape.kind_key}
        return value | {k: v for k, v in old.items() if k in shared}

    def _show_problems(self) -> None:
        self.form.show_problems(self.problems)
        self.editor.show_problems(self.problems)
        self.list.clear()
        for problem in self.problems:
            item = QtWidgets.QListWidgetItem(str(problem))
            item.setData(QtCore.Qt.ItemDataRole.UserRole, problem)
            self.list.addItem(item)
        self.list.setVisible(bool(self.problems))
        self.start_button.setEnabled(self.run is not None)
        count = len(self.problems)
        words = "✓  Nothing is wrong with this run file." if not count else f"✗  {count} problem{'s' * (count > 1)}:"
        self._tell(words, good=not count)
        star = " •  not saved" if self.unsaved else ""
        self.name_label.setText(f"{self._file.path if self._file else 'a new run file'}{star}")

    def _tell(self, words: str, *, good: bool = False) -> None:
        self.state.setStyleSheet(f"color: {'#008f68' if good else '#D55E00'}")
        self.state.setText(words)

    def _to_problem(self, item: QtWidgets.QListWidgetItem) -> None:
        problem = item.data(QtCore.Qt.ItemDataRole.UserRole)
        self.tabs.setCurrentWidget(self.editor)
        self.editor.go_to(problem.line, problem.column)
        self.editor.setFocus()

    def _refresh_reports(self) -> None:
        run, last, text = self.run, self._last, self.text()
        if run is None:
            self.plan.setHtml("<p>There is no plan while something is wrong with the run file.</p>")
        else:
            self._background.ask("plan", lambda: plan_report(run), self.plan.setHtml, self._no_plan)
        if last is None:
            self.changes.setHtml("<p>There is no earlier run to compare with.</p>")
            self.calibration.setHtml("<p>There is no earlier run whose calibration could be shown.</p>")
        else:
            self.changes.setHtml(changes_report(last, run, text))
            self.calibration.setHtml(calibration_report(last))

    def _no_plan(self, error: Exception) -> None:
        self.plan.setPlainText(str(error))
        self._tell(f"✗  It would be refused at its start: {error}")

    def _look_for_last_run(self) -> None:
        folder = self._records
        self._background.ask("last run", lambda: last_run(folder), self._found_last_run, lambda e: self._tell(str(e)))

    def _found_last_run(self, last: LastRun | None) -> None:
        self._last = last
        self._refresh_reports()

    def _choose_ready(self, index: int) -> None:
        path = list(self._ready.values())[index]
        if self.open_text(path.read_text(encoding="utf-8"), path.parent):
            self._begun_with = index
        else:
            self.ready.setCurrentIndex(self._begun_with)

    def _open(self) -> None:
        name, _ = QtWidgets.QFileDialog.getOpenFileName(
            self, "Open a run file", str(self._folder), "Run files (*.yaml *.yml)"
        )
        if name:
            self.open_file(Path(name))

    def _ask(self, question: str) -> bool:
        buttons: Any = QtWidgets.QMessageBox.StandardButton
        answer = QtWidgets.QMessageBox.question(self, "hgx", question, buttons.Yes | buttons.No, buttons.No)
        return answer == buttons.Yes


def _same(before: Any, after: Any) -> bool:
    return before.annotation == after.annotation and before.metadata == after.metadata
