"""Opening a record for reading, whoever wrote it and however that ended; the file is never changed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py

from hgx_lab.errors import RecordError
from hgx_lab.records._json import loads
from hgx_lab.records._process import is_writing
from hgx_lab.records._structure import FORMAT, FORMAT_VERSION, read_text
from hgx_lab.records._superblock import ClosedView, read_superblock

__all__ = ["OpenedFile", "open_file"]


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """An open record: whether a living process writes it, and what must be closed together with it."""

    file: h5py.File
    growing: bool
    resources: ExitStack = field(default_factory=ExitStack)


def open_file(path: Path) -> OpenedFile:
    """Open a record.

    Raises
    ------
    RecordError
        Missing, not HDF5, cut short, damaged, not a record, or written by a newer program.
    """
    if not path.is_file():
        raise RecordError(f"There is no file {path}.")
    superblock = read_superblock(path)
    size = path.stat().st_size
    try:
        if superblock.left_open:
            return _open_unfinished(path, swmr=superblock.swmr)
        if size < superblock.claimed_bytes:
            raise RecordError(
                f"{path} is cut short: {size} of {superblock.claimed_bytes} bytes.", remedy="Copy it again."
            )
        file = _open(path, swmr=False)
    except (OSError, RuntimeError) as error:
        raise RecordError(f"{path} can't be opened: {error}.") from error
    try:
        _require_record(file, path)
    except RecordError:
        file.close()
        raise
    return OpenedFile(file, growing=False)


def _open(path: Path, *, swmr: bool) -> h5py.File:
    # Within one process every open of a file must agree on locking and on SWMR; somebody may have it open.
    choices = [(swmr, lock) for lock in ("best-effort", False, True)]
    choices += [(not swmr, lock) for _, lock in choices]
    failure = OSError("")
    for mode, lock in choices:
        try:
            return h5py.File(path, "r", libver="latest", swmr=mode, locking=lock)
        except OSError as error:
            if "flag" not in str(error):
                raise
            failure = error
    raise failure


def _open_unfinished(path: Path, *, swmr: bool) -> OpenedFile:
    # Without SWMR first: in SWMR mode HDF5 never gives up on a damaged file. What is read here was complete
    # before the writer began to append.
    with ExitStack() as opened:
        view = opened.enter_context(ClosedView(path))
        file = opened.enter_context(h5py.File(view, "r", libver="latest"))
        _require_record(file, path)
        try:
            origin = loads(read_text(file["provenance/origin"]))
            last_flush: Any = file["provenance/last_flush"]
            growing = swmr and is_writing(origin["process"], float(last_flush[()]))
        except (KeyError, ValueError) as error:
            raise RecordError(f"{path} is damaged: {error}.") from error
        del last_flush
        if not growing:
            return OpenedFile(file, growing=False, resources=opened.pop_all())
    return OpenedFile(_open(path, swmr=True), growing=True)


def _require_record(file: h5py.File, path: Path) -> None:
    try:
        known = file.attrs.get("format") == FORMAT and "provenance/last_flush" in file
        version = int(str(file.attrs.get("format_version")))
    except (OSError, RuntimeError, KeyError, ValueError) as error:
        raise RecordError(f"{path} is an HDF5 file, but not a complete {FORMAT}: {error}.") from error
    if not known:
        raise RecordError(f"{path} is an HDF5 file, but not a complete {FORMAT}.")
    if version > FORMAT_VERSION:
        raise RecordError(
            f"{path} has format version {version}; this program reads up to {FORMAT_VERSION}.",
            remedy="Update hgx-lab.",
        )
