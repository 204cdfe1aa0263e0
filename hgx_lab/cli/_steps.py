"""Steps of a command that isn't a run, as plain lines."""

from __future__ import annotations

from hgx_lab.cli._output import error_console
from hgx_lab.experiments import SilentAudience

__all__ = ["Steps"]


class Steps(SilentAudience):
    """Says each step."""

    def note(self, text: str) -> None:
        """Say a step."""
        error_console().print(text, soft_wrap=True)
