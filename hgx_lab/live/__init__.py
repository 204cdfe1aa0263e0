"""What people see of a run while it goes on, without Qt: a snapshot that is filled here and drawn elsewhere."""

from hgx_lab.live._describe import CaseInfo, ElectrodeInfo, RunDescription
from hgx_lab.live._describe_run import describe
from hgx_lab.live._history import History
from hgx_lab.live._past import description_of, run_of
from hgx_lab.live._publisher import Publisher
from hgx_lab.live._record_source import RecordSource
from hgx_lab.live._rewind import Past, snapshot_at
from hgx_lab.live._run_process import RunProcess
from hgx_lab.live._several import Several
from hgx_lab.live._snapshot import Confirmation, LiveEvent, Measured, Snapshot, Status, Trace
from hgx_lab.live._source import LiveSource, Source, attach
from hgx_lab.live._state import RunState
from hgx_lab.live._trust import LiveFileRefused

__all__ = [
    "CaseInfo",
    "Confirmation",
    "ElectrodeInfo",
    "History",
    "LiveEvent",
    "LiveFileRefused",
    "LiveSource",
    "Measured",
    "Past",
    "Publisher",
    "RecordSource",
    "RunDescription",
    "RunProcess",
    "RunState",
    "Several",
    "Snapshot",
    "Source",
    "Status",
    "Trace",
    "attach",
    "describe",
    "description_of",
    "run_of",
    "snapshot_at",
]
