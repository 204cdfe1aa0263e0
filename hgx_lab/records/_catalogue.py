"""The records in a folder, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from hgx_lab.errors import RecordError
from hgx_lab.records._record import Record

__all__ = ["RecordSummary", "list_records"]


@dataclass(frozen=True, slots=True)
class RecordSummary:
    """One line of a listing; None where the record doesn't say. ``error`` tells why it can't be read."""

    path: Path
    status: str
    reason: str = ""
    started: datetime | None = None
    duration_seconds: float | None = None
    experiment: str = ""
    iterations: int | None = None  # in this record
    first_iteration: int | None = None  # its number: a run that continues another counts on from it
    loss: float | None = None  # of the last iteration
    margin: float | None = None  # A; of the validation on the training cases, or of the last iteration
    error: str = ""

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem


def _last(record: Record, table: str, name: str) -> float | None:
    if table not in record.tables or name not in record.columns(table):
        return None
    values = record.column(table, name)
    if table == "validation":
        values = values[record.column(table, "set") == 0]
    known = values[~np.isnan(values)]
    return float(known[-1]) if known.size else None


def _first_iteration(record: Record) -> int | None:
    if "iterations" not in record.tables or "iteration" not in record.columns("iterations"):
        return None
    numbers = record.column("iterations", "iteration", slice(1))
    return int(numbers[0]) if numbers.size else None


def _summarise(path: Path) -> RecordSummary:
    with Record(path) as record:
        started = datetime.fromisoformat(record.provenance["started"]).astimezone(UTC)
        margin = _last(record, "validation", "margin")
        return RecordSummary(
            path=path,
            status=record.status,
            reason=record.reason,
            started=started,
            duration_seconds=max(0.0, record.last_flush - started.timestamp()),
            experiment=str(record.header.get("experiment", "")),
            iterations=record.rows("iterations") if "iterations" in record.tables else None,
            first_iteration=_first_iteration(record),
            loss=_last(record, "iterations", "loss"),
            margin=_last(record, "iterations", "margin") if margin is None else margin,
        )


def list_records(directory: str | Path) -> list[RecordSummary]:
    """All ``*.h5`` of a folder, oldest name first; a file that can't be read is listed as "unreadable".

    Raises
    ------
    RecordError
        There is no such folder.
    """
    folder = Path(directory)
    if not folder.is_dir():
        raise RecordError(f"There is no folder {folder}.")
    found: list[RecordSummary] = []
    for path in sorted(folder.glob("*.h5")):
        try:
            found.append(_summarise(path))
        except RecordError as error:
            found.append(RecordSummary(path, "unreadable", error=str(error)))
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            found.append(RecordSummary(path, "unreadable", error=f"{path} is damaged: {error}"))
    return found
