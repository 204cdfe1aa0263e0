"""The files of earlier formats in ``tests/data``: what should be in them, and copies to work on.

A later format that calls a thing by another name adds the pair to :data:`RENAMED`; the expectations stay as they are.
"""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

__all__ = ["DELETED", "FORMATS", "RENAMED", "WITH_FILES", "OldFiles", "at", "moved", "now", "summary"]

DATA = Path(__file__).parents[1] / "data"

#: Today's name of what a format called otherwise: key paths of run files, ``table.column`` of records.
RENAMED: dict[str, dict[str, str]] = {"format-1": {}}
#: Key paths that a format had and nothing replaces.
DELETED: dict[str, frozenset[str]] = {"format-1": frozenset()}
#: Records whose run files name files beside them, by the path that these had when the run was made.
WITH_FILES = ("own-device", "surrogate", "layout", "table", "values")


@dataclass(frozen=True)
class OldFiles:
    """The files of one format."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def expected(self) -> dict[str, Any]:
        return _read(self.folder / "expected.json")

    @property
    def records(self) -> dict[str, dict[str, Any]]:
        """What is in each record, by its name."""
        return self.expected["records"]

    @property
    def trainings(self) -> list[str]:
        """Names of the records with iterations."""
        return [name for name, record in self.records.items() if record.get("iterations", {}).get("iteration")]

    @property
    def run_files(self) -> dict[str, dict[str, Any]]:
        """What each run file states, by its path in the folder."""
        return self.expected["run_files"]

    def unpack(self, target: Path) -> Path:
        """A copy with nothing compressed in it."""
        shutil.copytree(self.folder, target, ignore=shutil.ignore_patterns("expected.json"))
        for packed in target.rglob("*.gz"):
            packed.with_suffix("").write_bytes(gzip.decompress(packed.read_bytes()))
            packed.unlink()
        return target


FORMATS = [OldFiles(path) for path in sorted(DATA.glob("format-*"))]


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def now(old: OldFiles, name: str) -> str:
    """Today's name of a key path or a column of a format; what stands before the longest renamed part stays."""
    renamed = RENAMED.get(old.name, {})
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        if (head := ".".join(parts[:length])) in renamed:
            return ".".join([renamed[head], *parts[length:]])
    return name


def at(data: Any, path: str) -> Any:
    """The value at a key path of plain data; a value that stands for a list of one is that list's."""
    for part in path.split("."):
        data = data[int(part)] if isinstance(data, list) else data[part]
    return data[0] if isinstance(data, list) and len(data) == 1 else data


def summary(values: Any) -> list[Any]:
    """How many numbers are finite, their mean and standard deviation: as expected.json has it."""
    numbers = np.asarray(values, dtype=np.float64)
    finite = numbers[np.isfinite(numbers)]
    return [finite.size, *((finite.mean(), finite.std()) if finite.size else (None, None))]


def moved(record: Path, before: str, after: Path, target: Path) -> Path:
    """A copy of a closed record whose run file names the files of another folder: that of the old one went along."""
    shutil.copyfile(record, target)
    with h5py.File(target, "r+") as file:
        dataset: Any = file["header"]
        text = bytes(dataset[()]).decode().replace(json.dumps(before)[1:-1], json.dumps(str(after))[1:-1]).encode()
        del file["header"]
        dtype = h5py.string_dtype("utf-8", len(text))
        file.create_dataset("header", data=np.array(text, dtype=dtype), dtype=dtype)
    return target
