"""What a check says: a line with its level, and the remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from hgx_drivers.errors import DriverError
from hgx_lab.errors import HgxError

__all__ = ["Finding", "Level", "fault", "has_fault"]

Level = Literal["ok", "warning", "fault"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``hgx doctor``. The remedy is empty where there is nothing to do."""

    level: Level
    topic: str
    text: str
    remedy: str = ""


def fault(topic: str, error: HgxError | DriverError) -> Finding:
    """An error as a line: its message and its remedy."""
    return Finding("fault", topic, error.message, error.remedy)


def has_fault(findings: Iterable[Finding]) -> bool:
    """Whether anything would keep the run from working."""
    return any(finding.level == "fault" for finding in findings)
