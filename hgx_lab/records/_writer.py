"""Writing a record while the run goes on."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from numpy.typing import NDArray

from hgx_lab.errors import RecordError
from hgx_lab.records._file import RecordFile
from hgx_lab.records._json import dumps
from hgx_lab.records._pending import Pending
from hgx_lab.records._provenance import provenance as collect_provenance
from hgx_lab.records._specs import Coordinate, RawSpec, TableSpec
from hgx_lab.records._structure import STATUSES

__all__ = ["RecordWriter"]


class RecordWriter:
    """One run, one file, from any number of threads. Make it with :meth:`create`.

    Appending validates and keeps a copy in memory; it never waits for the disk, so that the acquisition
    thread may do it (unless ``pending_bytes`` have gathered). :meth:`flush` brings everything appended so far
    to the file, where readers see it and a ``kill -9`` can't take it away. A batch becomes visible as a whole.
    """

    def __init__(
        self,
        path: Path,
        file: RecordFile,
        tables: Mapping[str, TableSpec],
        raw: RawSpec | None,
        reserve_bytes: int,
        pending_bytes: int,
    ) -> None:
        self.path = path
        self._file = file
        self._tables = tables
        self._raw = raw
        self._raw_next: int | None = None
        self._raw_stored = 0
        self._reserve_bytes = reserve_bytes
        self._pending_bytes = pending_bytes
        self._pending = Pending()
        self._ended = ""
        # Two locks, always taken in this order: appends only wait for each other, never for the disk.
        self._file_lock = threading.Lock()
        self._pending_lock = threading.Lock()

    @classmethod
    def create(
        cls,
        path: str | Path,
        *,
        header: Mapping[str, Any],
        run_file_text: str = "",
        provenance: Mapping[str, Any] | None = None,
        tables: Iterable[TableSpec] = (),
        coordinates: Iterable[Coordinate] = (),
        raw: RawSpec | None = None,
        reserve_bytes: int = 2**25,
        pending_bytes: int = 2**24,
    ) -> Self:
        """Create the file, exclusively, with everything that can be known beforehand.

        Parameters
        ----------
        path:
            The new file; missing folders are made.
        header:
            What the run is, as plain data: ``experiment`` (its kind), ``run_file`` (resolved), and any more.
            The same run gives the same header.
        run_file_text:
            The run file as written.
        provenance:
            As from :func:`hgx_lab.records.provenance`, which is called if None.
        tables, coordinates, raw:
            What will be appended; nothing can be added later.
        reserve_bytes:
            Room that must be left on the disk after a flush, so that the record can still be ended.
        pending_bytes:
            An append that makes more than this wait in memory flushes.

        Raises
        ------
        RecordError
            The file exists or can't be created, or a specification contradicts itself.
        """
        path = Path(path)
        specs = tuple(tables)
        coordinates = tuple(coordinates)
        for names in ([spec.name for spec in specs], [c.name for c in coordinates]):
            if len(set(names)) != len(names):
                raise RecordError(f"{path}: names occur twice in {names}.")
        origin = collect_provenance() if provenance is None else provenance
        file = RecordFile(path, header, run_file_text, origin, specs, coordinates, raw)
        return cls(path, file, {spec.name: spec for spec in specs}, raw, reserve_bytes, pending_bytes)

    @property
    def tables(self) -> Mapping[str, TableSpec]:
        """The tables that rows can be appended to, by name."""
        return self._tables

    def append(self, table: str, **values: Any) -> None:
        """Append one row, a value for every column of the table, in SI units; NaN where not measured.

        Raises
        ------
        RecordError
            Unknown table or column, a column without a value, or a value the column can't hold.
        """
        spec = self._tables.get(table)
        if spec is None:
            raise RecordError(f"{self.path} has no table {table!r}, only {sorted(self._tables)}.")
        names = {column.name for column in spec.columns}
        if names != values.keys():
            missing, unknown = sorted(names - values.keys()), sorted(values.keys() - names)
            raise RecordError(f"A row of {table!r} lacks {missing} and has unknown {unknown}.")
        row = {column.name: column.encode(values[column.name]) for column in spec.columns}
        self._add(lambda pending: pending.add_row(spec, row))

    def append_raw(self, start_index: int, block: NDArray[Any]) -> None:
        """Append raw input, shape (channels, n), that begins at a sample index; gaps are recorded as such.

        Raises
        ------
        RecordError
            The record keeps no raw input, the block goes back in time, or doesn't fit the specification.
        """
        if self._raw is None:
            raise RecordError(f"{self.path} keeps no raw input.", remedy="Create it with a RawSpec.")
        data = self._raw.encode(block)

        def add(pending: Pending) -> None:
            if self._raw_next is not None and start_index < self._raw_next:
                raise RecordError(f"Raw input goes back: sample {start_index} after {self._raw_next - 1}.")
            new = start_index != self._raw_next
            pending.add_block(data, (start_index, self._raw_stored) if new else None)
            self._raw_next = start_index + data.shape[1]
            self._raw_stored += data.shape[1]

        self._add(add)

    def event(self, kind: str, sample: int | None = None, message: str = "", **data: Any) -> None:
        """Note that something happened, at a sample index if it has one, with plain data."""
        self._event(kind, sample, message, data)

    def checkpoint(self, iteration: int, state: Mapping[str, Any]) -> None:
        """Keep a state from which the run can go on: plain data and arrays, as JSON."""
        line = dumps({"iteration": iteration, "state": state}, "checkpoint")
        self._add(lambda pending: pending.add_line("checkpoints", line))

    def flush(self) -> None:
        """Bring everything appended so far into the file.

        Raises
        ------
        RecordError
            The disk is nearly full: nothing is lost, and flushing may be tried again. Or the write failed:
            the record then ends with what was flushed before.
        """
        with self._file_lock:
            self._require_open()
            self._require_space()
            self._write_pending()

    def close(self, status: str = "completed", reason: str = "", *, sample: int | None = None) -> None:
        """End the record; closing it again does nothing.

        Parameters
        ----------
        status:
            "completed", "stopped", "failed" or "interrupted".
        reason:
            Why, in a sentence.
        sample:
            Sample index of the end, if it has one.
        """
        if status not in STATUSES:
            raise RecordError(f"A record can't end as {status!r}, only as {', '.join(STATUSES)}.")
        with self._file_lock:
            if self._ended:
                return
            self._event("end", sample, reason, {"status": status})
            with self._pending_lock:
                self._ended = f"was closed ({status})"
            # The reserve on the disk is for this.
            self._write_pending()
            try:
                self._file.close()
            except (OSError, RuntimeError) as error:
                raise self._broken(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self.close("interrupted", "Interrupted from the keyboard.")
        else:
            self.close("failed", f"{type(error).__name__}: {error}")

    def _event(self, kind: str, sample: int | None, message: str, data: Mapping[str, Any]) -> None:
        line = dumps({"kind": kind, "sample": sample, "message": message, "data": data}, "event")
        self._add(lambda pending: pending.add_line("events", line), may_flush=False)

    def _add(self, add: Callable[[Pending], None], *, may_flush: bool = True) -> None:
        with self._pending_lock:
            self._require_open()
            add(self._pending)
            full = self._pending.nbytes > self._pending_bytes
        if full and may_flush:
            self.flush()

    def _require_open(self) -> None:
        if self._ended:
            raise RecordError(f"The record {self.path} {self._ended}.")

    def _require_space(self) -> None:
        disk = shutil.disk_usage(self.path.parent)
        needed = self._pending.nbytes + self._reserve_bytes
        if disk.total and disk.free < needed:
            raise RecordError(
                f"The disk of {self.path} is nearly full: {disk.free / 1e6:.1f} MB free, {needed / 1e6:.1f} MB needed.",
                remedy="Free some space; nothing is lost yet.",
            )

    def _write_pending(self) -> None:
        with self._pending_lock:
            batch, self._pending = self._pending, Pending()
        written = False
        try:
            self._file.write(batch)
            written = True
        except (OSError, RuntimeError) as error:
            raise self._broken(error, batch.nbytes) from error
        finally:
            if not written:  # a KeyboardInterrupt, say: the next flush writes it
                with self._pending_lock:
                    batch.extend(self._pending)
                    self._pending = batch

    def _broken(self, error: Exception, lost: int = 0) -> RecordError:
        with self._pending_lock:
            self._ended = "ended with a failed write"
        self._file.abandon()
        size = self.path.stat().st_size if self.path.exists() else 0
        return RecordError(
            f"Writing {self.path} failed after {size / 1e6:.3f} MB; {lost} bytes are lost: {error}",
            remedy="What was flushed before can be read.",
        )
