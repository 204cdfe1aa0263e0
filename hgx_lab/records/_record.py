"""Reading a record: finished, being written by another process, or left by a writer that was killed."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from hgx_lab.errors import RecordError
from hgx_lab.records._json import loads
from hgx_lab.records._lines import Checkpoint, Event, read_checkpoint, read_events
from hgx_lab.records._open import open_file
from hgx_lab.records._process import is_writing
from hgx_lab.records._raw import read_raw
from hgx_lab.records._structure import read_text

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["Record", "open_record"]


def open_record(path: str | Path) -> Record:
    """Open a record for reading; use it as a context manager, or close it.

    Raises
    ------
    RecordError
        Missing, not HDF5, cut short, damaged, not a record, or written by a newer program.
    """
    return Record(Path(path))


class Record:
    """What a run has left so far; a snapshot, which :meth:`refresh` brings up to date.

    ``record["iterations"]`` is a labelled :class:`xarray.Dataset`. A process reads
    a record that is being written from one thread at a time; HDF5 allows no more.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        opened = open_file(path)
        #: ``file`` is the open HDF5 file, for what this class doesn't give.
        self.file, self._growing, self._resources = opened.file, opened.growing, opened.resources
        try:
            self.header: dict[str, Any] = loads(read_text(self.file["header"]))
            self.provenance: dict[str, Any] = loads(read_text(self.file["provenance/origin"]))
            self._names: list[str] = loads(self._attributes("committed")["names"])
            self.refresh()
        except (OSError, RuntimeError, KeyError, ValueError) as error:
            self.close()
            raise RecordError(f"{path} is damaged: {error}.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Record {self.path.name}: {self.status}>" if self.file else f"<closed Record {self.path.name}>"

    def close(self) -> None:
        """Close the file. Idempotent."""
        self.file.close()
        self._resources.close()

    def refresh(self) -> None:
        """See what has been flushed since the record was opened or refreshed."""
        counts = self._read("committed")
        self._counts = dict(zip(self._names, (int(n) for n in counts), strict=True))
        self._events = read_events(self._read, self._counts["events"])

    def _read(self, name: str, selection: Any = ()) -> Any:
        try:
            dataset: Any = self.file[name]
            if self._growing:
                # Sees the new size. HDF5 fails if somebody holds the same data set open while it does this
                # ("can't insert duplicate key"), so nothing here keeps one.
                dataset.refresh()
            return dataset[selection]
        except (OSError, RuntimeError, KeyError) as error:
            raise RecordError(f"{self.path}: {name} can't be read: {error}.") from error

    def _attributes(self, name: str) -> dict[str, Any]:
        return dict(self.file[name].attrs)

    @property
    def run_id(self) -> str:
        """Identifier of the run."""
        return str(self.provenance.get("run_id", ""))

    @property
    def run_file(self) -> dict[str, Any]:
        """The resolved run file as plain data."""
        return self.header.get("run_file", {})

    @property
    def run_file_text(self) -> str:
        """The run file as it was written."""
        return read_text(self.file["run_file_text"])

    @property
    def status(self) -> str:
        """ "completed", "stopped", "failed", "interrupted"; without an end, "running" or "killed"."""
        if self._end is not None:
            return str(self._end.data["status"])
        return "running" if is_writing(self.provenance["process"], self.last_flush) else "killed"

    @property
    def reason(self) -> str:
        """Why the run ended; empty while it hasn't."""
        return "" if self._end is None else self._end.message

    @property
    def last_flush(self) -> float:
        """When the record was last written to, in Unix seconds."""
        return float(self._read("provenance/last_flush"))

    @property
    def _end(self) -> Event | None:
        return self._events[-1] if self._events and self._events[-1].kind == "end" else None

    @property
    def events(self) -> list[Event]:
        """What happened, in order."""
        return list(self._events)

    @property
    def checkpoints(self) -> int:
        """How many checkpoints there are."""
        return self._counts["checkpoints"]

    def checkpoint(self, index: int = -1) -> Checkpoint:
        """One checkpoint by its place in the record; the last one is -1.

        The place is the number of its iteration only in a run that continues no other: see :meth:`checkpoint_after`.

        Raises
        ------
        RecordError
            There is none at this place.
        """
        return read_checkpoint(self._read, self.checkpoints, index)

    @property
    def checkpoint_range(self) -> tuple[int, int] | None:
        """Numbers of the first and of the last iteration with a checkpoint; None where there is none."""
        if not self.checkpoints:
            return None
        return self.checkpoint(0).iteration, self.checkpoint(-1).iteration

    def checkpoint_after(self, iteration: int) -> Checkpoint:
        """The checkpoint that was taken after an iteration, by the number that the iteration has in the record.

        Raises
        ------
        RecordError
            There is none.
        """
        numbers = self.checkpoint_range
        if numbers is not None and numbers[0] <= iteration <= numbers[1]:
            # Iterations count on without gaps, in a run that continues another from that one's.
            found = self.checkpoint(iteration - numbers[0])
            if found.iteration == iteration:
                return found
        held = "no checkpoint" if numbers is None else f"checkpoints after iterations {numbers[0]} to {numbers[1]}"
        raise RecordError(f"{self.path} holds {held}, not {iteration}.")

    @property
    def tables(self) -> tuple[str, ...]:
        """Names of the tables."""
        return tuple(name.removeprefix("tables/") for name in self._names if name.startswith("tables/"))

    def rows(self, table: str) -> int:
        """Complete rows of a table; a row that was cut off by a kill isn't counted."""
        if table not in self.tables:
            raise RecordError(f"{self.path} has no table {table!r}, only {', '.join(self.tables)}.")
        return self._counts[f"tables/{table}"]

    def columns(self, table: str) -> tuple[str, ...]:
        """Names of the columns of a table."""
        self.rows(table)
        return tuple(loads(self._attributes(f"tables/{table}")["columns"]))

    def column(self, table: str, name: str, rows: slice = slice(None)) -> NDArray[Any]:
        """One column, read from the file, shape (rows, ...)."""
        first, last, step = rows.indices(self.rows(table))
        if name not in self.columns(table):
            raise RecordError(f"Table {table!r} of {self.path} has no column {name!r}.")
        return self._read(f"tables/{table}/{name}", slice(first, last, step))

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        group = self.file["coordinates"]
        return tuple(group) if isinstance(group, h5py.Group) else ()

    def coordinate(self, name: str) -> xr.Variable:
        """One coordinate with its dimensions and unit."""
        import xarray as xr  # half a second, which listing a folder needn't spend

        if name not in self.coordinates:
            raise RecordError(f"{self.path} has no coordinate {name!r}, only {', '.join(self.coordinates)}.")
        values = self._read(f"coordinates/{name}")
        attributes = self._attributes(f"coordinates/{name}")
        if values.dtype.kind == "S":
            values = np.char.decode(values, "utf-8")
        return xr.Variable(loads(attributes["dims"]), values, {"units": attributes["unit"]})

    def dataset(self, table: str) -> xr.Dataset:
        """A table with dimensions, coordinates and units (``attrs["units"]``), read into memory.

        A column of the same name as the row dimension becomes its coordinate.
        """
        import xarray as xr

        names = self.columns(table)
        row_dim = self._attributes(f"tables/{table}")["row_dim"]
        variables = {}
        for name in names:
            attrs = self._attributes(f"tables/{table}/{name}")
            labels = {"units": attrs["unit"], "description": attrs["description"]}
            variables[name] = xr.Variable(
                (row_dim, *loads(attrs["dims"])), self.column(table, name), {k: v for k, v in labels.items() if v}
            )
        data = xr.Dataset(variables, attrs={"table": table, "record": self.path.name})
        for name in self.coordinates:
            variable = self.coordinate(name)
            if name not in data and set(variable.dims) <= set(data.sizes):
                data = data.assign_coords({name: variable})
        return data.set_coords(row_dim) if row_dim in data else data

    __getitem__ = dataset

    def raw(self, start: int | None = None, stop: int | None = None) -> xr.DataArray:
        """Raw input with sample index in [start, stop), dims (channel, sample), in the unit of its attrs.

        Samples that weren't kept are absent: the coordinate ``sample`` says which are there, ``time`` when
        they were taken, in seconds since sample 0.

        Raises
        ------
        RecordError
            The record keeps no raw input.
        """
        if "raw" not in self.file:
            raise RecordError(f"{self.path} keeps no raw input.")
        counts = self._counts["raw/samples"], self._counts["raw/stretches"]
        return read_raw(self._attributes("raw"), self._read, counts, start, stop)

    def committed(self) -> dict[str, int]:
        """How much of each data set, by its name in the file along its growing axis, is complete."""
        found: dict[str, int] = {}
        for name, count in self._counts.items():
            if name.startswith("tables/"):
                found |= {f"{name}/{column}": count for column in self.columns(name.removeprefix("tables/"))}
            elif name in ("events", "checkpoints"):
                found[f"{name}/end"] = count
                found[f"{name}/text"] = int(self._read(f"{name}/end", count - 1)) if count else 0
            elif "raw" in self.file:
                found[name] = count
        return found
