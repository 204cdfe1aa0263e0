"""Runs of the past: the folder they lie in, and any iteration of one as it was."""

from hgx_lab.dashboard.runs._browser import RunsPage
from hgx_lab.dashboard.runs._rewind import RewindBar

__all__ = ["RewindBar", "RunsPage"]
