"""The HDF5 file a record is written into: created whole, then only appended to."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5s

from hgx_lab.errors import RecordError
from hgx_lab.records._extendable import Extendable
from hgx_lab.records._json import dumps
from hgx_lab.records._pending import Pending
from hgx_lab.records._process import this_process
from hgx_lab.records._specs import Coordinate, RawSpec, TableSpec
from hgx_lab.records._structure import FORMAT, FORMAT_VERSION, committed_names, write_text

__all__ = ["RecordFile"]


class RecordFile:
    """Creates the structure, starts single-writer-multiple-readers mode, appends batches.

    Raises
    ------
    RecordError
        The file exists or can't be created.
    """

    def __init__(
        self,
        path: Path,
        header: Mapping[str, Any],
        run_file_text: str,
        provenance: Mapping[str, Any],
        tables: Iterable[TableSpec],
        coordinates: Iterable[Coordinate],
        raw: RawSpec | None,
    ) -> None:
        texts = {"header": dumps(header, "header"), "run_file_text": run_file_text}
        origin = dumps({**provenance, "process": this_process()}, "provenance")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Network file systems often have no locks. Two writers are kept apart by the exclusive creation.
            self._file = h5py.File(path, "x", libver="latest", locking="best-effort")
        except FileExistsError as error:
            raise RecordError(f"{path} exists; a record is never overwritten.") from error
        except OSError as error:
            raise RecordError(f"{path} can't be created: {error}.") from error
        file = self._file
        file.attrs.update({"format": FORMAT, "format_version": FORMAT_VERSION})
        for name, text in texts.items():
            write_text(file, name, text)
        self._create_coordinates(coordinates)
        tables = tuple(tables)
        self._columns = {spec.name: self._create_table(spec) for spec in tables}
        self._streams = {name: self._create_stream(name) for name in ("events", "checkpoints")}
        self._samples, self._stretches = self._create_raw(raw)
        self._committed = file.create_dataset("committed", data=np.zeros(len(tables) + 4, dtype=np.int64))
        self._committed.attrs["names"] = dumps(committed_names(self._columns))
        group = file.create_group("provenance")
        write_text(group, "origin", origin)
        self._event_times = Extendable(group, "event_times", "float64")
        self._last_flush = group.create_dataset("last_flush", data=time.time())
        file.flush()
        file.swmr_mode = True

    def _create_coordinates(self, coordinates: Iterable[Coordinate]) -> None:
        group = self._file.create_group("coordinates")
        for coordinate in coordinates:
            values = coordinate.array()
            if values.dtype.kind == "U":
                values = np.char.encode(values, "utf-8")
                dtype: Any = h5py.string_dtype("utf-8", max(1, values.dtype.itemsize))
            else:
                dtype = values.dtype
            dataset = group.create_dataset(coordinate.name, data=values.astype(dtype), dtype=dtype)
            dataset.attrs.update({"unit": coordinate.unit, "dims": dumps(coordinate.axes)})

    def _create_table(self, spec: TableSpec) -> dict[str, Extendable]:
        group = self._file.create_group(f"tables/{spec.name}")
        group.attrs.update({"row_dim": spec.row_dim, "columns": dumps([c.name for c in spec.columns])})
        made: dict[str, Extendable] = {}
        for column in spec.columns:
            made[column.name] = Extendable(group, column.name, column.dtype, column.shape)
            made[column.name].dataset.attrs.update(
                {"unit": column.unit, "dims": dumps(column.dims), "description": column.description}
            )
        return made

    def _create_stream(self, name: str) -> tuple[Extendable, Extendable]:
        group = self._file.create_group(name)
        return Extendable(group, "text", "uint8", chunk_bytes=4096), Extendable(group, "end", "int64")

    def _create_raw(self, raw: RawSpec | None) -> tuple[Extendable | None, Extendable | None]:
        if raw is None:
            return None, None
        group = self._file.create_group("raw")
        group.attrs.update({"rate_hz": raw.rate_hz, "unit": raw.unit, "channels": dumps(raw.channels)})
        group.create_dataset("scale", data=np.array(raw.scale or (1.0,) * len(raw.channels)))
        samples = Extendable(group, "samples", raw.dtype, (len(raw.channels),), axis=1, chunk_bytes=2**18)
        return samples, Extendable(group, "stretches", "int64", (2,))

    def write(self, batch: Pending) -> None:
        """Append a batch, flush it, then declare it complete. HDF5's own errors come through.

        Whatever interrupts it, the batch can be written again: it then takes the same place.
        """
        lengths = [(grown, len(grown)) for grown in self._growing()]
        complete = False
        try:
            self._append(batch)
            self._declare()
            complete = True
        finally:
            if not complete:
                for grown, length in lengths:
                    grown.rewind(length)

    def _growing(self) -> Iterator[Extendable]:
        for columns in self._columns.values():
            yield from columns.values()
        for stream in self._streams.values():
            yield from stream
        yield self._event_times
        yield from (raw for raw in (self._samples, self._stretches) if raw is not None)

    def _append(self, batch: Pending) -> None:
        for table, columns in batch.tables().items():
            for name, rows in columns.items():
                self._columns[table][name].append(rows)
        for stream, (text, end) in self._streams.items():
            data, ends = batch.lines(stream, len(text))
            text.append(data)
            end.append(ends)
        self._event_times.append(batch.event_times())
        if self._samples is not None and self._stretches is not None:
            block, stretches = batch.raw()
            if block is not None:
                self._samples.append(block)
            self._stretches.append(stretches)

    def _declare(self) -> None:
        self._file.flush()
        counts = [len(next(iter(columns.values()))) for columns in self._columns.values()]
        counts += [len(end) for _, end in self._streams.values()]
        counts += [len(raw) if raw is not None else 0 for raw in (self._samples, self._stretches)]
        self._overwrite(self._committed, np.array(counts, dtype=np.int64))
        self._overwrite(self._last_flush, np.array(time.time()))

    @staticmethod
    def _overwrite(dataset: h5py.Dataset, values: Any) -> None:
        dataset.id.write(h5s.ALL, h5s.ALL, values)
        dataset.flush()

    def close(self) -> None:
        """Close: afterwards it's an ordinary HDF5 file. HDF5's own errors come through."""
        self._file.close()

    def abandon(self) -> None:
        """Let go of the file after a failed write, leaving what was flushed as it is.

        HDF5 would try the failed write again on closing, and crash the interpreter at its exit. With its
        descriptor on the null device it finishes without touching the file any more.
        """
        descriptor = int(self._file.id.get_vfd_handle())
        null = os.open(os.devnull, os.O_RDWR)
        try:
            os.dup2(null, descriptor)
        finally:
            os.close(null)
        self._file.close()
