"""Where things are inside the file. Version 1 of the format:

========================  ==========================================================================
``/`` attributes          ``format``, ``format_version``
``/header``               JSON text: experiment, resolved run file and whatever the experiment adds
``/run_file_text``        the YAML text as the user wrote it
``/coordinates/NAME``     labels; attributes ``unit``, ``dims`` (JSON)
``/tables/TABLE/COLUMN``  one dataset a column, rows first; attributes ``unit``, ``dims``, ``description``
``/events``               ``text`` (JSON lines, UTF-8 bytes) and ``end`` (where each line ends)
``/checkpoints``          the same
``/raw``                  ``samples`` (channel, sample) and ``stretches`` (first sample index, position)
``/committed``            how much of each of these is complete, in the order of its attribute ``names``
``/provenance``           all that differs between two equal runs: machine, versions, process, clock times
========================  ==========================================================================

``/committed`` is written and flushed after everything it counts. Rows beyond it come from a flush that never
ended: HDF5 may have grown a dataset and not yet filled it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import h5py
import numpy as np

__all__ = ["FORMAT", "FORMAT_VERSION", "STATUSES", "committed_names", "read_text", "write_text"]

FORMAT = "hgx-lab record"
FORMAT_VERSION = 1

#: How a run can end. A record without an end is "running" or "killed".
STATUSES = ("completed", "stopped", "failed", "interrupted")


def committed_names(tables: Iterable[str]) -> list[str]:
    """Names of the entries of ``/committed``."""
    return [*(f"tables/{name}" for name in tables), "events", "checkpoints", "raw/samples", "raw/stretches"]


def write_text(group: h5py.Group, name: str, text: str) -> None:
    """Store a text as one fixed-length UTF-8 string, which any HDF5 tool shows as text."""
    data = text.encode()
    dtype = h5py.string_dtype("utf-8", max(1, len(data)))
    group.create_dataset(name, data=np.array(data, dtype=dtype), dtype=dtype)


def read_text(dataset: Any) -> str:
    """The text that :func:`write_text` stored."""
    return bytes(dataset[()]).decode()
