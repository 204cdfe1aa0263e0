"""The record of a run: one HDF5 file, complete up to the last block whatever happens.

:class:`RecordWriter` writes it while the run goes on, :func:`open_record` reads it at any time: labelled
arrays with units, from a finished run, from one that is going on in another process, and from one whose
process was killed.
"""

from __future__ import annotations

from hgx_lab.records._catalogue import RecordSummary, list_records
from hgx_lab.records._digest import digest
from hgx_lab.records._lines import Checkpoint, Event
from hgx_lab.records._paths import new_record_path
from hgx_lab.records._provenance import git_state, provenance
from hgx_lab.records._record import Record, open_record
from hgx_lab.records._repair import repair
from hgx_lab.records._specs import Column, Coordinate, RawSpec, TableSpec
from hgx_lab.records._structure import FORMAT_VERSION, STATUSES
from hgx_lab.records._writer import RecordWriter
from hgx_lab.records.layouts import training_coordinates, training_tables

__all__ = [
    "FORMAT_VERSION",
    "STATUSES",
    "Checkpoint",
    "Column",
    "Coordinate",
    "Event",
    "RawSpec",
    "Record",
    "RecordSummary",
    "RecordWriter",
    "TableSpec",
    "digest",
    "git_state",
    "list_records",
    "new_record_path",
    "open_record",
    "provenance",
    "repair",
    "training_coordinates",
    "training_tables",
]
