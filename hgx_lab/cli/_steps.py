"""Steps of a command that isn't a run, as plain lines."""

from __future__ import annotations

from hgx_lab.acquisition import Event, EventKind
from hgx_lab.cli._output import error_console
from hgx_lab.experiments import SilentAudience

__all__ = ["Steps"]


class Steps(SilentAudience):
    """Says each step, and what isn't at rest."""

    def note(self, text: str) -> None:
        """Say a step."""
        error_console().print(text, markup=False, soft_wrap=True)

    def event(self, event: Event) -> None:
        """Say what isn't at rest."""
        if event.kind is EventKind.NOT_AT_REST:
            error_console().print(event.message, style="bold red", markup=False, soft_wrap=True)
