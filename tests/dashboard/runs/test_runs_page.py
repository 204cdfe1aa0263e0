"""The page of runs: sorting, notes, comparison, exports, and branches of branches."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.dashboard.runs import RewindBar, RunsPage
from hgx_lab.dashboard.runs._compared import differing, read_compared, save_numbers
from hgx_lab.dashboard.runs._notes import NOTES_NAME, Note, Notebook
from hgx_lab.errors import RecordError
from hgx_lab.experiments import Source, resumed, train
from hgx_lab.records import open_record
from tests.support.runs import TEXT, make_run


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs that differ in known keys; the second is of 11 iterations, the others of 3 and 9."""
    folder = tmp_path_factory.mktemp("runs")
    for name, changes in (
        ("one", {"stop.iterations": 3}),
        ("two", {"stop.iterations": 11, "seed": 9, "name": "another"}),
        ("three", {"stop.iterations": 9, "optimizer.rate": "20 mV"}),
    ):
        train(make_run(changes), record=folder / f"{name}.h5", source=Source(text=TEXT))
    return folder


@pytest.fixture
def page(qtbot: Any, made: Path) -> Iterator[RunsPage]:
    (made / NOTES_NAME).unlink(missing_ok=True)
    page = RunsPage(made)
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: page.table.rowCount() == 3, timeout=10_000)
    yield page
    page.close_background()
    page.close()


def names(page: RunsPage) -> list[str]:
    rows = [row for row in range(page.table.rowCount()) if not page.table.isRowHidden(row)]
    return [page.table.item(row, 1).text() for row in rows]


def column(page: RunsPage, name: str) -> int:
    heads = [page.table.horizontalHeaderItem(i).text() for i in range(page.table.columnCount())]
    return heads.index(name)


def test_the_newest_is_first_and_numbers_sort_as_numbers(page: RunsPage) -> None:
    assert names(page) == ["three", "two", "one"]
    page.table.sortByColumn(column(page, "Iterations"), QtCore.Qt.SortOrder.AscendingOrder)
    assert names(page) == ["one", "three", "two"]  # 3, 9, 11


def test_a_note_goes_to_the_folder_and_never_into_the_record(page: RunsPage, made: Path, qtbot: Any) -> None:
    before = hashlib.sha256((made / "two.h5").read_bytes()).digest()
    page.table.choose(made / "two.h5")
    page.notes.star.click()
    page.notes.tags.setText("cold, sample B, cold")
    qtbot.keyClick(page.notes.tags, QtCore.Qt.Key.Key_Return)
    page.notes.note.setPlainText("saturates early")
    page.table.choose(made / "one.h5")  # leaving is enough
    assert Notebook(made).read() == {"two.h5": Note(True, ("cold", "sample B"), "saturates early")}
    assert hashlib.sha256((made / "two.h5").read_bytes()).digest() == before
    for wanted in ("saturates", "starred", "SAMPLE two"):
        page.search.setText(wanted)
        assert names(page) == ["two"], wanted
    page.search.setText("")
    page.table.choose(made / "two.h5")
    assert page.notes.note.toPlainText() == "saturates early"


def test_a_note_isnt_lost_when_the_window_is_closed_over_it(page: RunsPage, made: Path) -> None:
    page.table.choose(made / "one.h5")
    page.notes.note.setPlainText("half a tho")
    page.close_background()
    assert Notebook(made).read()["one.h5"].text == "half a tho"


def test_losses_are_overlaid_and_only_what_differs_is_listed(page: RunsPage, made: Path, qtbot: Any) -> None:
    page.table.choose(*(made / f"{n}.h5" for n in ("one", "two", "three")))
    qtbot.waitUntil(lambda: len(page.comparison.runs) == 3, timeout=10_000)
    shown = {name: y for name, _, y in page.comparison.plot.series()}
    for name in ("one", "two", "three"):
        with open_record(made / f"{name}.h5") as record:
            np.testing.assert_allclose(10 ** shown[name], record.column("iterations", "loss"))
    table = page.comparison.table
    assert [table.item(row, 0).text() for row in range(table.rowCount())] == [
        "seed", "optimizer.rate", "stop.iterations",
    ]  # fmt: skip
    assert not page.look.isEnabled()


def test_what_differs_is_what_was_changed(made: Path) -> None:
    one, two, three = read_compared([made / f"{n}.h5" for n in ("one", "two", "three")])
    assert dict(differing([one, two])) == {"seed": ("7", "9"), "stop.iterations": ("3", "11")}
    assert dict(differing([one, three]))["optimizer.rate"] == ("50 mV", "20 mV")
    assert differing([one]) == ()


def test_numbers_are_exported_with_units_and_read_back_exactly(made: Path, tmp_path: Path) -> None:
    path = tmp_path / "two.csv"
    with open_record(made / "two.h5") as record:
        save_numbers(record, path)
        controls, derivative = record.column("iterations", "controls"), record.column("iterations", "derivative")
        with pytest.raises(RecordError, match="can't be written"):
            save_numbers(record, tmp_path / "gone" / "x.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 11
    assert [float(row["controls[b] (V)"]) for row in rows] == controls[:, 1].tolist()
    name = "derivative[01][a] (A/V)"
    assert [float(row[name]) for row in rows] == derivative[:, 1, 0].tolist()


def test_figure_and_numbers_are_saved_beside_the_window(
    page: RunsPage, made: Path, tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.table.choose(made / "one.h5")
    for button, name, magic in ((page.figure, "one.png", b"\x89PNG"), (page.numbers, "one.csv", b"iteration,")):
        monkeypatch.setattr(
            QtWidgets.QFileDialog, "getSaveFileName", staticmethod(lambda *_, n=name: (str(tmp_path / n), ""))
        )
        button.click()
        qtbot.waitUntil(lambda n=name: page.words.text() == f"Saved {tmp_path / n}", timeout=30_000)
        assert (tmp_path / name).read_bytes().startswith(magic)


def test_notes_that_cant_be_read_are_told_and_stay(page: RunsPage, made: Path, qtbot: Any) -> None:
    (made / NOTES_NAME).write_text("not json")
    page.table.choose(made / "one.h5")
    page.notes.star.click()
    assert "isn't a file of notes" in page.words.text()
    assert (made / NOTES_NAME).read_text() == "not json"
    other = RunsPage(made)
    qtbot.addWidget(other)
    other.show()
    qtbot.waitUntil(lambda: other.table.rowCount() == 3, timeout=10_000)
    assert "isn't a file of notes" in other.words.text()
    other.close_background()
    other.close()


def test_a_branch_of_a_branch_begins_where_it_was_asked_for(made: Path, tmp_path: Path, qtbot: Any) -> None:
    run, source = resumed(made / "two.h5", 4)
    child = tmp_path / "child.h5"
    train(run, record=child, source=source)
    bar = RewindBar()
    qtbot.addWidget(bar)
    bar.open(child)
    assert bar.number.minimum() == 5
    bar.number.setValue(7)
    with qtbot.waitSignal(bar.branch_requested) as asked:
        bar.branch.click()
    assert asked.args == [child, 7]
    _, again = resumed(*asked.args)
    assert again.parent is not None
    assert again.parent["iteration"] == 7
    bar.close()


def test_playing_shows_one_iteration_after_the_other_and_stops_at_the_end(made: Path, qtbot: Any) -> None:
    bar = RewindBar()
    qtbot.addWidget(bar)
    shown: list[int] = []
    bar.open(made / "one.h5")
    bar.rewound.connect(lambda snapshot: shown.append(snapshot.latest.index))
    bar.play.click()
    qtbot.waitUntil(lambda: not bar.play.isChecked(), timeout=10_000)
    assert shown == [0, 1, 2]
    bar.close()
