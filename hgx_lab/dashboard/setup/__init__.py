"""Setup of a run: its file as a form and as text, checked by the same code as everything else."""

from hgx_lab.dashboard.setup._panel import SetupPanel

__all__ = ["SetupPanel"]
