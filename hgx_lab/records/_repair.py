"""Making a record that a killed writer left behind an ordinary HDF5 file."""

from __future__ import annotations

from pathlib import Path

import h5py

from hgx_lab.errors import RecordError
from hgx_lab.records._record import Record
from hgx_lab.records._superblock import clear_flags, read_superblock

__all__ = ["repair"]


def repair(path: str | Path) -> bool:
    """Change a killed record in place so that any HDF5 tool opens it; our own reader never needs this.

    Rows that were never completed are cut off. The status stays "killed".

    Returns
    -------
    bool
        Whether anything had to be done.

    Raises
    ------
    RecordError
        The record is still being written, or can't be read.
    """
    path = Path(path)
    with Record(path) as record:
        if record.status == "running":
            process = record.provenance["process"]
            raise RecordError(f"{path} is being written by process {process['pid']} on {process['host']}.")
        complete = record.committed()
    if not read_superblock(path).left_open:
        return False
    clear_flags(path)
    try:
        with h5py.File(path, "r+", libver="latest", locking="best-effort") as file:
            for name, count in complete.items():
                dataset = file[name]
                if isinstance(dataset, h5py.Dataset):
                    dataset.resize(count, axis=1 if name == "raw/samples" else 0)
    except (OSError, RuntimeError) as error:
        raise RecordError(f"{path} can't be repaired: {error}.") from error
    return True
