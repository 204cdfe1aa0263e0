"""Stars, tags and notes are kept beside the records, whole, and never over what isn't understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hgx_lab.dashboard.runs._notes import NOTES_NAME, Note, Notebook
from hgx_lab.errors import RecordError

NOTE = Note(True, ("cold", "sample ß"), 'first "good" one\nsecond line')


def test_a_note_is_read_as_it_was_written(tmp_path: Path) -> None:
    Notebook(tmp_path).put("a.h5", NOTE)
    Notebook(tmp_path).put("b.h5", Note(text="x"))
    assert Notebook(tmp_path).read() == {"a.h5": NOTE, "b.h5": Note(text="x")}
    assert [path.name for path in tmp_path.iterdir()] == [NOTES_NAME]


def test_two_dashboards_on_a_folder_keep_each_others_notes(tmp_path: Path) -> None:
    one, two = Notebook(tmp_path), Notebook(tmp_path)
    assert one.read() == two.read() == {}
    one.put("a.h5", NOTE)
    two.put("b.h5", Note(tags=("t",)))
    assert set(one.read()) == {"a.h5", "b.h5"}


def test_an_empty_note_is_forgotten(tmp_path: Path) -> None:
    book = Notebook(tmp_path)
    book.put("a.h5", NOTE)
    book.put("a.h5", Note())
    assert book.read() == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"runs": 3}', '{"runs": {"a": 1}}', '{"runs": {"a": {"tags": "t"}}}'])
def test_a_file_that_is_no_notebook_is_refused_and_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / NOTES_NAME
    path.write_text(text)
    with pytest.raises(RecordError, match="isn't a file of notes"):
        Notebook(tmp_path).read()
    with pytest.raises(RecordError, match="isn't a file of notes"):
        Notebook(tmp_path).put("a.h5", NOTE)
    assert path.read_text() == text


def test_what_a_later_version_keeps_stays(tmp_path: Path) -> None:
    path = tmp_path / NOTES_NAME
    path.write_text('{"version": 2, "runs": {"a.h5": {"text": "x", "colour": "red"}}}')
    Notebook(tmp_path).put("a.h5", Note(text="y"))
    assert json.loads(path.read_text())["runs"]["a.h5"]["colour"] == "red"


def test_a_folder_that_cant_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="can't be written"):
        Notebook(tmp_path / "gone").put("a.h5", NOTE)
