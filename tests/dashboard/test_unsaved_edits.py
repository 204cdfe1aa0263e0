"""Edits of the setup are asked for before they are lost: when the window closes, and when another file is opened."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK
from hgx_lab.live import RunState, Snapshot
from tests.dashboard.fake_run import FakeRun

XOR = Path(__file__).parents[2] / "configs" / "xor.yaml"


@pytest.fixture
def desk(qtbot: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.chdir(tmp_path)
    made = Desk(DARK, settings, tmp_path / "runs")
    qtbot.addWidget(made)
    made.show()
    yield made


class Answers:
    """Answers questions in turn, and fails where one is asked too many."""

    def __init__(self, *answers: str) -> None:
        self.left = list(answers)

    def __call__(self) -> str:
        return self.left.pop(0) if self.left else pytest.fail("asked")


def edited(desk: Desk, tmp_path: Path, *answers: str) -> tuple[Path, str, Answers]:
    """A file of the user that is open and edited; the edited text, and the answers that will be given."""
    path = tmp_path / "mine.yaml"
    path.write_text(XOR.read_text(encoding="utf-8"), encoding="utf-8")
    given = Answers(*answers)
    desk.setup.ask_to_save = given  # type: ignore[method-assign]
    desk.ask_before_closing = Answers()  # type: ignore[method-assign]
    desk.setup.open_file(path)
    text = desk.setup.text().replace("gate: XOR", "gate: NAND")
    desk.setup.editor.setPlainText(text)
    return path, text, given


def settled(desk: Desk) -> None:
    """Let qtbot close the window without a question."""
    desk.setup.ask_to_save = lambda: "discard"  # type: ignore[method-assign]
    desk.ask_before_closing = lambda: "leave"  # type: ignore[method-assign]


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
def test_closing_asks_for_edits(desk: Desk, tmp_path: Path, answer: str) -> None:
    path, text, given = edited(desk, tmp_path, answer)
    before = path.read_text(encoding="utf-8")
    desk.show_page(desk.runs)  # whatever is being looked at
    assert desk.close() is (answer != "cancel")
    assert given.left == []
    assert path.read_text(encoding="utf-8") == (text if answer == "save" else before)
    if answer == "cancel":
        assert desk.setup.text() == text
        assert desk.pages.currentWidget() is desk.setup  # what the question was about
    settled(desk)


def test_nothing_is_asked_where_nothing_was_edited(desk: Desk, tmp_path: Path) -> None:
    edited(desk, tmp_path)
    desk.setup.save()
    assert desk.close()


def test_edits_that_cannot_be_saved_keep_the_window_open(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text, _ = edited(desk, tmp_path, "save")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hgx_lab.dashboard.setup._panel.write_whole", full)
    assert not desk.close()
    assert desk.setup.text() == text
    assert "No space left" in desk.setup.state.text()
    settled(desk)


def test_what_is_typed_into_a_field_counts_before_the_field_is_left(desk: Desk, tmp_path: Path, qtbot: Any) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(XOR.read_text(encoding="utf-8"), encoding="utf-8")
    desk.setup.open_file(path)
    field: Any = desk.setup.form.fields["optimizer", "rate"]
    field.editor.setFocus()
    field.editor.selectAll()
    qtbot.keyClicks(field.editor, "70 mV")
    assert "70 mV" not in desk.setup.text()
    given = Answers("save")
    desk.setup.ask_to_save = given  # type: ignore[method-assign]
    assert desk.close()
    assert given.left == []
    assert "rate: 70 mV" in path.read_text(encoding="utf-8")


def open_a_file(desk: Desk, other: Path, record: Path) -> None:
    desk.setup.open_file(other)


def open_by_command_line(desk: Desk, other: Path, record: Path) -> None:
    desk.open_path(other)


def choose_a_ready_one(desk: Desk, other: Path, record: Path) -> None:
    index = desk.setup.ready.findText("ring")
    desk.setup.ready.setCurrentIndex(index)
    desk.setup.ready.activated.emit(index)


def use_that_of_a_record(desk: Desk, other: Path, record: Path) -> None:
    desk.use_run_file_of(record)


@pytest.mark.parametrize("answer", ["save", "discard", "cancel"])
@pytest.mark.parametrize("other", [open_a_file, open_by_command_line, choose_a_ready_one, use_that_of_a_record])
def test_opening_another_file_asks_for_edits(
    desk: Desk, tmp_path: Path, xor_record: Path, answer: str, other: Callable[[Desk, Path, Path], None]
) -> None:
    path, text, given = edited(desk, tmp_path, answer)
    before = path.read_text(encoding="utf-8")
    another = tmp_path / "another.yaml"
    another.write_text(before.replace("name: xor", "name: another"), encoding="utf-8")
    chosen = desk.setup.ready.currentText()
    other(desk, another, xor_record)
    assert given.left == []
    assert path.read_text(encoding="utf-8") == (text if answer == "save" else before)
    assert (desk.setup.text() == text) is (answer == "cancel")
    assert desk.setup.unsaved is (answer == "cancel")
    if answer == "cancel":
        assert desk.setup.ready.currentText() == chosen
        assert str(path) in desk.setup.name_label.text()
    settled(desk)


def test_the_same_file_opened_again_is_the_one_that_was_saved(desk: Desk, tmp_path: Path) -> None:
    path, text, _ = edited(desk, tmp_path, "save")
    desk.setup.open_file(path)
    assert desk.setup.text() == text


def test_nothing_is_done_to_a_run_before_all_is_answered(desk: Desk, tmp_path: Path, learned: Snapshot) -> None:
    run = FakeRun(learned, RunState.LEARNING)
    desk.watch(run, owned=True)
    edited(desk, tmp_path, "cancel", "discard", "discard")
    assert not desk.close()  # the run isn't asked for
    assert run.asked == []
    desk.ask_before_closing = Answers("cancel", "stop")  # type: ignore[method-assign]
    assert not desk.close()
    assert run.asked == []
    assert not desk.close()
    assert run.asked == ["stop"]
    run.turn(RunState.FINISHED)
    desk.draw()  # what was given up isn't asked for again
    assert not desk.isVisible()
    settled(desk)


def test_edits_made_while_the_window_waits_for_rest_are_asked_for(
    desk: Desk, tmp_path: Path, learned: Snapshot
) -> None:
    run = FakeRun(learned, RunState.LEARNING)
    desk.watch(run, owned=True)
    _, text, _ = edited(desk, tmp_path, "discard", "cancel")
    desk.ask_before_closing = Answers("stop")  # type: ignore[method-assign]
    assert not desk.close()
    desk.setup.editor.setPlainText(text.replace("name: xor", "name: later"))
    run.turn(RunState.FINISHED)
    desk.draw()
    assert desk.isVisible()
    desk.draw()  # and not again with every frame
    settled(desk)


@pytest.mark.parametrize(("words", "answer"), [("Save", "save"), ("Discard", "discard"), ("Cancel", "cancel")])
def test_the_box_names_the_file_and_gives_three_choices(desk: Desk, tmp_path: Path, words: str, answer: str) -> None:
    path, _, _ = edited(desk, tmp_path)
    del desk.setup.ask_to_save
    seen: list[str] = []

    def click() -> None:
        (box,) = (b for b in desk.findChildren(QtWidgets.QMessageBox) if b.isVisible())
        seen.append(box.text())
        next(button for button in box.buttons() if words in button.text()).click()

    QtCore.QTimer.singleShot(0, click)
    assert desk.setup.ask_to_save() == answer
    assert str(path) in seen[0]
    settled(desk)
