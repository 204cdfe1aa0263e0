"""The form of a run file, built from its models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, get_args

from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.config import Experiment, Problem, Section, TrainRun
from hgx_lab.config._unknown_keys import section_for
from hgx_lab.config.problems import KeyPath, key_path_text
from hgx_lab.config.section import OneOf
from hgx_lab.dashboard.setup._fields import MISSING, Choice, Field, Missing, make_field
from hgx_lab.dashboard.setup._rows import Rows
from hgx_lab.dashboard.setup._shapes import Shape, label_of, shape_of

__all__ = ["Form"]

_GENERAL = "general"


class Form(QtWidgets.QWidget):
    """A page for each section, and a list to go from page to page.

    ``edited(path, value)`` says what the user wants; the file isn't changed here. Pages are built anew where another
    kind of section is chosen.
    """

    edited = QtCore.Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.sections = QtWidgets.QListWidget()
        self.sections.setAccessibleName("Sections of the run file")
        self.sections.setFixedWidth(108)
        self.pages = QtWidgets.QStackedWidget()
        self.sections.currentRowChanged.connect(self.pages.setCurrentIndex)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.sections)
        layout.addWidget(self.pages, 1)
        self.fields: dict[KeyPath, Field] = {}
        self.tables: dict[KeyPath, Rows] = {}
        self._plan: list[Any] = []
        self._names: list[str] = []

    def show_data(self, data: dict[str, Any]) -> None:
        """Show the values of a file."""
        model = section_for(data, Experiment) or TrainRun
        plan = _plan_of(model, data, ())
        if plan != self._plan:
            self._plan = plan
            self._build(model, data)
        for path, field in self.fields.items():
            field.show_value(_state_of(field, _look_up(data, path)))
        for path, table in self.tables.items():
            table.show_value(_look_up(data, path))

    def show_problems(self, problems: Iterable[Problem]) -> None:
        """Show each problem beside its field, and which pages have some."""
        texts: dict[str, str] = {}
        for problem in problems:
            allowed = f" Allowed: {problem.allowed}." if problem.allowed else ""
            text = f"{problem.message}{allowed} {problem.suggestion}".strip()
            texts[problem.path] = f"{texts[problem.path]}\n{text}" if problem.path in texts else text
        for path, field in self.fields.items():
            own = key_path_text(path)
            field.show_problem(
                "\n".join(t for p, t in texts.items() if p == own or (_leaf(field) and p.startswith(own + "[")))
            )
        for table in self.tables.values():
            table.show_problems(texts)
        for row, name in enumerate(self._names):
            keys = {f.shape.key for p, f in self.fields.items() if len(p) == 1} if name == _GENERAL else {name}
            wrong = any(path.replace("[", ".").split(".")[0] in keys for path in texts)
            item = self.sections.item(row)
            if item is not None:
                item.setText(f"{label_of(name)} ●" if wrong else label_of(name))
                item.setForeground(QtGui.QColor("#D55E00") if wrong else self.palette().text())

    def go_to(self, path: KeyPath) -> None:
        """Bring a key to the front and give it the keyboard."""
        name = str(path[0]) if path and path[0] in self._names else _GENERAL
        self.sections.setCurrentRow(self._names.index(name))
        field = self.fields.get(path)
        if field is not None:
            field.setFocus()

    def _build(self, model: type[Section], data: dict[str, Any]) -> None:
        current = self._names[self.sections.currentRow()] if self._names else _GENERAL
        self.fields, self.tables, self._names = {}, {}, []
        self.sections.clear()
        while (old := self.pages.widget(0)) is not None:
            self.pages.removeWidget(old)
            old.deleteLater()
        shapes = [shape_of(key, field) for key, field in model.model_fields.items()]
        general = [self._experiment(s) if s.key == "experiment" else s for s in shapes if not _has_page(s)]
        general.sort(key=lambda s: s.key != "experiment")
        self._page(_GENERAL, "What the run does, and its name.", lambda box: self._add_all(box, general, (), data))
        for shape in shapes:
            if _has_page(shape):
                self._page(shape.key, shape.help, lambda box, s=shape: self._add(box, s, (), data, framed=False))
        self.sections.setCurrentRow(self._names.index(current) if current in self._names else 0)

    def _experiment(self, shape: Shape) -> Shape:
        union, *metadata = get_args(Experiment)
        choices = next(m for m in metadata if isinstance(m, OneOf))
        return replace(shape, words=tuple(choices.members(union)))

    def _page(self, name: str, help_text: str, fill: Any) -> None:
        inner = QtWidgets.QWidget()
        box = QtWidgets.QVBoxLayout(inner)
        title = QtWidgets.QLabel(label_of(name).capitalize())
        title.setObjectName("title")
        words = QtWidgets.QLabel(help_text)
        words.setObjectName("caption")
        words.setWordWrap(True)
        box.addWidget(title)
        box.addWidget(words)
        fill(box)
        box.addStretch()
        area = QtWidgets.QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        area.setWidget(inner)
        self.pages.addWidget(area)
        self._names.append(name)
        self.sections.addItem(label_of(name))

    def _add_all(self, box: Any, shapes: Iterable[Shape], path: KeyPath, data: dict[str, Any]) -> None:
        # Plain keys first: what has keys of its own is a frame below them.
        for shape in sorted(shapes, key=lambda s: _has_page(s)):
            self._add(box, shape, path, data, framed=True)

    def _add(self, box: Any, shape: Shape, parent: KeyPath, data: dict[str, Any], *, framed: bool) -> None:
        path = (*parent, shape.key)
        if framed and _has_page(shape):
            frame = QtWidgets.QGroupBox(label_of(shape.key))
            box.addWidget(frame)
            box = QtWidgets.QVBoxLayout(frame)
        if shape.rows is not None:
            table = Rows(shape.rows, path, "An empty cell takes its default; a chosen one says here what it takes.")
            table.edited.connect(self.edited)
            self.tables[path] = table
            box.addWidget(table)
            return
        if not _has_page(shape):
            self._put(box, make_field(shape, path))
            return
        if shape.kinds is not None or shape.nullable:
            field = Choice(replace(shape, key=shape.kind_key or "use"), path, _kind_words(shape))
            field.edited.connect(self._kind_chosen)
            self.fields[path] = field
            box.addWidget(field)
        model = _chosen(shape, _look_up(data, path))
        if model is not None:
            fields = [shape_of(k, f) for k, f in model.model_fields.items() if k != shape.kind_key]
            self._add_all(box, fields, path, data)

    def _put(self, box: Any, field: Field) -> None:
        field.edited.connect(self.edited)
        self.fields[field.path] = field
        box.addWidget(field)

    def _kind_chosen(self, path: KeyPath, value: Any) -> None:
        self.edited.emit(path, value)


def _leaf(field: Field) -> bool:
    return field.shape.kinds is None and field.shape.section is None


def _has_page(shape: Shape) -> bool:
    return shape.kinds is not None or shape.section is not None or shape.rows is not None


def _look_up(data: Any, path: KeyPath) -> Any:
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return data


def _kind_words(shape: Shape) -> tuple[tuple[str, Any], ...]:
    """The choices of a section with kinds, or of one that can be left out, each with the value it stands for."""
    if shape.kinds is None:
        on, off = ({}, MISSING) if shape.off_by_default else (MISSING, None)
        return (("on", on), ("none", off))
    words: list[tuple[str, Any]] = []
    for word in shape.kinds:
        is_default = word == shape.default_kind and not shape.required and not shape.off_by_default
        words.append((f"{word} (default)" if is_default else word, {shape.kind_key: word}))
    if shape.nullable:
        words.append(("none", MISSING if shape.off_by_default else None))
    return tuple(words)


def _state_of(field: Field, value: Any) -> Any:
    """What the choice of a section shows for the value of the section."""
    shape = field.shape
    if _leaf(field):
        return value
    if value is None or (isinstance(value, Missing) and shape.off_by_default):
        return MISSING if shape.off_by_default else None
    if shape.kinds is None:
        return {} if shape.off_by_default else MISSING
    kind = value.get(shape.kind_key, shape.default_kind) if isinstance(value, dict) else shape.default_kind
    return MISSING if kind is None else {shape.kind_key: kind}


def _chosen(shape: Shape, value: Any) -> type[Section] | None:
    """The section whose keys are to be shown for a value."""
    if value is None or (isinstance(value, Missing) and shape.off_by_default):
        return None
    if shape.kinds is None:
        return shape.section
    kind = value.get(shape.kind_key, shape.default_kind) if isinstance(value, dict) else shape.default_kind
    return shape.kinds.get(kind) if isinstance(kind, str) else None


def _plan_of(model: type[Section], data: Any, path: KeyPath) -> list[Any]:
    """Which sections of which kind there are: as long as this stays, so does the form."""
    plan: list[Any] = [(path, model)]
    for key, field in model.model_fields.items():
        shape = shape_of(key, field)
        if (shape.kinds is not None or shape.section is not None) and shape.rows is None:
            inner = _chosen(shape, _look_up(data, (*path, key)))
            if inner is not None:
                plan += _plan_of(inner, data, (*path, key))
    return plan
