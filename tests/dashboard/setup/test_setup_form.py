"""The form and the text are one run file: what is done in either shows in the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.config import parse_run_file
from hgx_lab.config.problems import key_path_text
from hgx_lab.dashboard.setup import SetupPanel
from hgx_lab.dashboard.setup._fields import Choice, Line
from hgx_lab.dashboard.setup._ready import ready_files

KEY = QtCore.Qt.Key


@pytest.fixture
def setup(qtbot: Any, tmp_path: Path) -> Iterator[SetupPanel]:
    panel = SetupPanel(tmp_path / "runs")
    qtbot.addWidget(panel)
    panel.show()
    yield panel
    panel.close()


def line(setup: SetupPanel, *path: str | int) -> Any:
    field = setup.form.fields[path]
    assert isinstance(field, Line)
    return field.editor


def choose(setup: SetupPanel, path: tuple[str | int, ...], word: str) -> None:
    """As with the keyboard: the entry is made current, then told as chosen."""
    field = setup.form.fields[path]
    assert isinstance(field, Choice)
    index = field.editor.findText(word)
    assert index >= 0, [field.editor.itemText(i) for i in range(field.editor.count())]
    field.editor.setCurrentIndex(index)
    field.editor.activated.emit(index)


def type_into(qtbot: Any, editor: Any, text: str) -> None:
    editor.setFocus()
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, KEY.Key_Return)


def test_every_key_of_every_ready_file_has_a_place_in_the_form(setup: SetupPanel) -> None:
    for path in ready_files().values():
        setup.open_text(path.read_text(encoding="utf-8"), path.parent)
        assert setup.run is not None, path
        assert setup.problems == ()
        # Walk the run with its defaults: each leaf must belong to a field or to a table.
        missing = [key for key in leaves(setup.run) if not placed(setup, key)]
        assert not missing, (path.name, missing)


def leaves(model: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    for key in type(model).model_fields:
        value = getattr(model, key)
        if hasattr(type(value), "model_fields"):
            yield from leaves(value, (*path, key))
        else:
            yield (*path, key)


def placed(setup: SetupPanel, path: tuple[str | int, ...]) -> bool:
    form = setup.form
    if path in form.fields or path in form.tables:
        return True
    return path[-1] == "kind" and path[:-1] in form.fields  # said by the choice of the section


def test_a_value_typed_into_the_form_stands_in_the_text(setup: SetupPanel, qtbot: Any) -> None:
    type_into(qtbot, line(setup, "optimizer", "rate"), "70 mV")
    assert "optimizer: {kind: adam, rate: 70 mV}" in setup.text()
    assert setup.run is not None
    assert setup.run.model_dump()["optimizer"]["rate"] == 0.07
    type_into(qtbot, line(setup, "optimizer", "rate"), " ")
    assert "rate: 70" not in setup.text()
    assert setup.run is not None
    assert setup.run.model_dump()["optimizer"]["rate"] == 0.05  # the default, shown in grey
    assert line(setup, "optimizer", "rate").placeholderText() == "50 mV"


def test_a_value_typed_into_the_text_stands_in_the_form(setup: SetupPanel, qtbot: Any) -> None:
    setup.editor.setPlainText(setup.text().replace("margin: 1.5 nA", "margin: 2.5 nA"))
    qtbot.waitUntil(lambda: line(setup, "stop", "margin").text() == "2.5 nA")


def test_another_kind_brings_its_own_keys_and_keeps_what_both_know(setup: SetupPanel) -> None:
    choose(setup, ("bench",), "nidaq")
    assert ("bench", "watchdog") in setup.form.fields
    assert ("bench", "clock") not in setup.form.fields
    bench = parse_run_file(setup.text()).bench
    assert (bench.kind, bench.rate, bench.lead, bench.amplifier.gain) == ("nidaq", 100e3, 0.05, 100e-9)
    choose(setup, ("bench",), "simulated")
    choose(setup, ("bench", "device"), "dopant")
    assert ("bench", "device", "layout") in setup.form.fields
    choose(setup, ("bench", "device"), "smooth (default)")
    assert ("bench", "device", "layout") not in setup.form.fields
    choose(setup, ("loss",), "mse")
    assert ("loss", "high") in setup.form.fields
    choose(setup, ("restart",), "none")
    assert setup.run is not None
    assert setup.run.model_dump()["restart"] is None
    assert ("restart", "patience") not in setup.form.fields
    choose(setup, ("restart",), "on")
    assert ("restart", "patience") in setup.form.fields


def test_an_optimizer_keeps_its_schedule_when_its_kind_changes(setup: SetupPanel) -> None:
    choose(setup, ("optimizer", "schedule"), "cosine")
    choose(setup, ("optimizer",), "gradient-descent")
    assert setup.run is not None
    optimizer = setup.run.model_dump()["optimizer"]
    assert (optimizer["kind"], optimizer["schedule"]["kind"]) == ("gradient-descent", "cosine")


def test_an_optimizer_with_another_unit_begins_with_its_own_rate(setup: SetupPanel) -> None:
    choose(setup, ("optimizer",), "momentum")
    assert setup.problems == ()
    assert line(setup, "optimizer", "rate").text() == ""


def test_a_problem_stands_beside_its_field_its_line_and_in_the_list(setup: SetupPanel, qtbot: Any) -> None:
    type_into(qtbot, line(setup, "optimizer", "rate"), "50 ms")
    field = setup.form.fields["optimizer", "rate"]
    assert "is a time (s), but a voltage (V) is wanted" in field.problem
    (problem,) = setup.problems
    assert list(setup.editor.wrong_lines) == [problem.line]
    assert "rate: 50 ms" in setup.text().splitlines()[problem.line - 1]
    assert setup.list.count() == 1
    assert not setup.start_button.isEnabled()
    setup.list.itemActivated.emit(setup.list.item(0))
    assert setup.editor.textCursor().blockNumber() == problem.line - 1
    type_into(qtbot, line(setup, "optimizer", "rate"), "50 mV")
    assert field.problem == ""
    assert setup.start_button.isEnabled()


def test_electrodes_are_edited_in_their_table(setup: SetupPanel) -> None:
    rows = setup.form.tables["electrodes",]
    heads = [rows.table.horizontalHeaderItem(i).text() for i in range(rows.table.columnCount())]
    rows.table.item(2, heads.index("rest")).setText("0.1 V")
    assert setup.run is not None
    assert setup.run.electrodes[2].rest == 0.1
    rows.table.item(2, heads.index("rest")).setText("")
    assert setup.run.electrodes[2].rest == 0.0
    rows._add()
    assert [e.name for e in setup.run.electrodes][-1] == "e7"
    rows.table.setCurrentCell(7, 0)
    rows._remove()
    assert len(setup.run.electrodes) == 7
    rows.table.item(1, heads.index("role")).setText("imput")
    assert setup.run is None
    assert 'Did you mean "input"?' in rows.table.item(1, heads.index("role")).toolTip()


def test_start_hands_over_the_text_as_it_stands(setup: SetupPanel, qtbot: Any) -> None:
    type_into(qtbot, line(setup, "seed"), "5")
    with qtbot.waitSignal(setup.start_requested) as asked:
        qtbot.keyClick(setup, KEY.Key_Return, QtCore.Qt.KeyboardModifier.ControlModifier)
    text, folder = asked.args
    assert parse_run_file(text).seed == 5
    assert folder == next(iter(ready_files().values())).parent


def test_a_file_is_written_only_when_asked_and_not_over_a_change(
    setup: SetupPanel, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine.yaml"
    original = setup.text()
    path.write_text(original)
    setup.open_file(path)
    type_into(qtbot, line(setup, "seed"), "5")
    assert path.read_text() == original
    assert setup.unsaved
    path.write_text(original + "# a colleague was here\n")
    asked: list[str] = []
    monkeypatch.setattr(setup, "_ask", lambda question: bool(asked.append(question)))
    assert not setup.save()
    assert path.read_text().endswith("# a colleague was here\n")
    assert "changed on the disk" in asked[0]
    monkeypatch.setattr(setup, "_ask", lambda _: True)
    assert setup.save()
    assert parse_run_file(path.read_text()).seed == 5
    assert not setup.unsaved
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]


def test_typing_can_be_undone_also_what_the_form_did(setup: SetupPanel, qtbot: Any) -> None:
    before = setup.text()
    type_into(qtbot, line(setup, "seed"), "5")
    assert setup.text() != before
    setup.editor.undo()
    assert setup.text() == before


def test_the_plan_is_that_of_the_run_and_changes_are_those_since_the_last(qtbot: Any, xor_record: Path) -> None:
    setup = SetupPanel(xor_record.parent)
    qtbot.addWidget(setup)
    type_into(qtbot, line(setup, "stop", "iterations"), "50")
    qtbot.waitUntil(lambda: not setup._background.busy, timeout=20_000)
    # 50 iterations of 4 cases of 20 ms windows and 2 ms settling, and slopes of 0.5 to 1 V at 500 V/s.
    assert "at most 50" in setup.plan.toPlainText()
    changes = setup.changes.toPlainText()
    assert "stop.iterations" in changes
    assert "200" in changes
    assert "record.raw" in changes
    assert "delay" in setup.calibration.toPlainText()
    setup.close()


def test_every_editor_says_what_it_is_and_takes_the_keyboard(setup: SetupPanel) -> None:
    for path, field in setup.form.fields.items():
        editor = field.focusProxy()
        assert editor is not None
        assert editor.accessibleName() == key_path_text(path)
        assert editor.focusPolicy() & QtCore.Qt.FocusPolicy.TabFocus
        assert field.shape.help
        assert field.toolTip()
    assert isinstance(setup.form.sections, QtWidgets.QListWidget)
