"""A record around a run: opened before the bench, closed with the truth about the end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hgx_drivers.interface import Identity
from hgx_lab.config import RunFile
from hgx_lab.experiments._interrupts import RunInterrupted
from hgx_lab.records import Coordinate, RawSpec, RecordWriter, TableSpec, provenance

__all__ = ["RecordedRun", "ending_of", "recorded"]


def ending_of(error: BaseException | None) -> tuple[str, str]:
    """Status and reason of an end, as a record has them; no reason where nothing was raised."""
    if error is None:
        return "completed", ""
    if isinstance(error, RunInterrupted | KeyboardInterrupt):
        return "interrupted", str(error) or "Interrupted from the keyboard."
    return "failed", f"{type(error).__name__}: {error}"


class RecordedRun:
    """The record of a run that is going on, and what its end will say."""

    def __init__(self, writer: RecordWriter) -> None:
        self.writer = writer
        self._reason = ""
        self._sample: int | None = None

    @property
    def reason(self) -> str:
        """Why the run ended by itself; empty while it hasn't."""
        return self._reason

    def identify(self, identity: Identity) -> None:
        """Note which instrument it is."""
        name = f"{identity.maker} {identity.model}, serial {identity.serial}"
        self.writer.event("instrument", None, name, **asdict(identity))

    def conclude(self, reason: str, *, solved: bool, **figures: float) -> None:
        """Note why the run ended by itself, whether it reached its goal, and what it found as numbers."""
        self._reason = reason
        self.writer.event("outcome", self._sample, reason, solved=solved, **figures)

    def ended_at(self, sample: int) -> None:
        """Note the last sample."""
        self._sample = sample

    def close(self, error: BaseException | None) -> None:
        """Close the record with what ended the run."""
        status, reason = ending_of(error)
        self.writer.close(status, reason or self._reason, sample=self._sample)


@contextmanager
def recorded(
    path: Path,
    experiment: str,
    run: RunFile,
    *,
    text: str,
    run_file: Path | None = None,
    header: Mapping[str, Any],
    tables: Iterable[TableSpec],
    coordinates: Iterable[Coordinate],
    raw: RawSpec | None,
) -> Iterator[RecordedRun]:
    """Open the record of a run; whatever leaves the block closes it with its reason.

    Raises
    ------
    RecordError
        The file can't be created; nothing has moved then.
    """
    writer = RecordWriter.create(
        path,
        header={
            "experiment": experiment,
            "name": run.name,
            "title": run.description or run.name,
            "seed": run.seed,
            "run_file": run.model_dump(mode="json"),
            **header,
        },
        run_file_text=text or run.to_yaml(),
        provenance=provenance(run_file=run_file),
        tables=tables,
        coordinates=coordinates,
        raw=raw,
    )
    session = RecordedRun(writer)
    try:
        yield session
    except BaseException as error:
        session.close(error)
        raise
    session.close(None)
