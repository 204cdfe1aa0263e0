"""What a device is taught: input cases with their targets, and the order in which they are played."""

from hgx_lab.learning.tasks._features import feature, feature_patterns
from hgx_lab.learning.tasks._gates import GATES, boolean_gate
from hgx_lab.learning.tasks._order import CaseOrder, case_order
from hgx_lab.learning.tasks._shells import ring, sphere
from hgx_lab.learning.tasks._table import from_table
from hgx_lab.learning.tasks._types import CaseSet, Levels, Task, TaskKind

__all__ = [
    "GATES",
    "CaseOrder",
    "CaseSet",
    "Levels",
    "Task",
    "TaskKind",
    "boolean_gate",
    "case_order",
    "feature",
    "feature_patterns",
    "from_table",
    "ring",
    "sphere",
]
