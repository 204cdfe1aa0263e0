"""The records that a record continues: which of them holds an iteration that it hasn't itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hgx_lab.errors import HgxError
from hgx_lab.records import Record, open_record

__all__ = ["where_iteration_is"]


def where_iteration_is(record: Record, iteration: int) -> str:
    """A sentence on where an iteration before the first one of this record is; empty where nothing is known of it."""
    parent: Mapping[str, Any] = record.header.get("parent") or {}
    named, seen = "", {record.run_id}  # a record can't be its own ancestor, whatever stands in it
    folder = record.path.parent
    while 0 <= iteration <= int(parent.get("iteration", -1)) and (run_id := str(parent.get("run_id"))) not in seen:
        seen.add(run_id)
        named = str(parent.get("path", ""))
        found = _find(parent, folder)
        if found is None:
            return f"It was left by the run of {named}, or by one before it; that record isn't there any more."
        path, range_, parent = found
        folder = path.parent
        if range_[0] <= iteration <= range_[1]:
            return f"It is in {path}: resume that one."
    return f"It was left by a run before that of {named}." if named else ""


def _find(parent: Mapping[str, Any], folder: Path) -> tuple[Path, tuple[int, int], Mapping[str, Any]] | None:
    """The parent's record, where it was or beside its child, with its iterations and its own parent."""
    path = Path(str(parent.get("path", "")))
    for candidate in (path, folder / path.name):
        try:
            with open_record(candidate) as record:
                if record.run_id == parent.get("run_id") and (numbers := record.checkpoint_range) is not None:
                    return candidate, numbers, record.header.get("parent") or {}
        except HgxError:
            continue
    return None
