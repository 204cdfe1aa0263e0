"""Stars, tags and notes of the records of a folder, in one small file beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from hgx_lab.dashboard._write import write_whole
from hgx_lab.errors import RecordError

__all__ = ["NOTES_NAME", "Note", "Notebook"]

#: Name of the file; records themselves are never changed.
NOTES_NAME: Final = "hgx-notes.json"


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody thought of a run."""

    starred: bool = False
    tags: tuple[str, ...] = ()
    text: str = ""

    @property
    def words(self) -> str:
        """Everything of it that can be searched for."""
        return " ".join(["starred"] * self.starred + [*self.tags, self.text])


class Notebook:
    """The notes of a folder, by the names of its records.

    Every change reads the file again first, so that two dashboards on one folder lose at most what both wrote about
    the same record, and replaces it whole.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NOTES_NAME

    def read(self) -> dict[str, Note]:
        """All notes; none where there is no file yet.

        Raises
        ------
        RecordError
            There is a file that isn't one of notes.
        """
        return {name: _note(entry) for name, entry in self._entries().items()}

    def put(self, record: str, note: Note) -> None:
        """Keep a note of a record, or forget it where nothing is in it.

        Raises
        ------
        RecordError
            The file can't be written, or isn't one of notes, which is left as it is.
        """
        entries = self._entries()
        if note == Note():
            entries.pop(record, None)
        else:
            # What a later version keeps beside these stays.
            entries[record] = entries.get(record, {}) | asdict(note)
        text = json.dumps({"version": 1, "runs": entries}, indent=2, ensure_ascii=False, sort_keys=True)
        try:
            write_whole(self.path, text + "\n")
        except OSError as error:
            raise RecordError(f"The notes {self.path} can't be written: {error.strerror or error}.") from error

    def _entries(self) -> dict[str, dict[str, Any]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))["runs"]
            for entry in found.values():
                _note(entry)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise RecordError(f"The notes {self.path} can't be read: {error.strerror or error}.") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                f"{self.path} isn't a file of notes: {error}.", remedy="Mend it, or move it away; it isn't touched."
            ) from error
        return found


def _note(entry: dict[str, Any]) -> Note:
    tags = entry.get("tags", [])
    if not isinstance(tags, list):
        raise TypeError("tags aren't a list")
    return Note(bool(entry.get("starred")), tuple(str(t) for t in tags), str(entry.get("text", "")))
