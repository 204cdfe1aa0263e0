"""A fingerprint of what was measured, the same for two runs that did the same."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from hgx_lab.records._record import Record

__all__ = ["digest"]

_CHUNK = 2**20  # elements read at a time


def digest(path: str | Path) -> str:
    """SHA-256 over every data set and attribute of a record except ``/provenance``.

    Rows that a killed writer never completed don't count.

    Raises
    ------
    RecordError
        The record can't be read.
    """
    with Record(Path(path)) as record:
        return _digest(record)


def _digest(record: Record) -> str:
    complete = record.committed()
    total = hashlib.sha256()

    def attributes(item: Any) -> dict[str, Any]:
        return {name: np.asarray(value).tolist() for name, value in sorted(item.attrs.items())}

    def visit(name: str, item: Any) -> None:
        if name == "provenance" or name.startswith("provenance/"):
            return
        head: list[Any] = [name, attributes(item)]
        axis = 1 if name == "raw/samples" else 0
        if isinstance(item, h5py.Dataset):
            shape = [complete.get(name, n) if i == axis else n for i, n in enumerate(item.shape)]
            head += [item.dtype.str, shape]
        total.update(json.dumps(head).encode() + b"\n")
        if isinstance(item, h5py.Dataset):
            _update(total, item, head[-1], axis)

    visit("/", record.file)
    record.file.visititems(visit)
    return total.hexdigest()


def _update(total: Any, dataset: h5py.Dataset, shape: list[int], axis: int) -> None:
    if not shape:
        total.update(np.asarray(dataset[()]).tobytes())
        return
    across = max(1, int(np.prod(shape)) // max(1, shape[axis]))
    step = max(1, _CHUNK // across)
    for start in range(0, shape[axis], step):
        part = slice(start, min(start + step, shape[axis]))
        block = dataset[:, part] if axis else dataset[part]
        # Along the growing axis first, so that the bytes don't depend on the step.
        total.update(np.ascontiguousarray(np.moveaxis(block, axis, 0)).tobytes())
