"""What people see of a run while it goes on, without Qt: a snapshot that is filled here and drawn elsewhere."""

from hgx_lab.live._describe import CaseInfo, ElectrodeInfo, RunDescription
from hgx_lab.live._history import History
from hgx_lab.live._past import description_of, run_of
from hgx_lab.live._rewind import Past, snapshot_at
from hgx_lab.live._snapshot import Confirmation, LiveEvent, Measured, Snapshot, Status, Trace
from hgx_lab.live._state import RunState

__all__ = [
    "CaseInfo",
    "Confirmation",
    "ElectrodeInfo",
    "History",
    "LiveEvent",
    "Measured",
    "Past",
    "RunDescription",
    "RunState",
    "Snapshot",
    "Status",
    "Trace",
    "description_of",
    "run_of",
    "snapshot_at",
]
