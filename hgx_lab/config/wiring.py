"""Faults of the wires of a simulated bench."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.section import Section
from hgx_lab.config.values import Text

__all__ = ["WiringFault"]


class WiringFault(Section):
    """Something that is wrong with the wires, to try what the self-test makes of it."""

    kind: Literal["open", "dead-output", "shorted", "swapped", "dead-input"] = Field(
        description="A broken contact, a dead output converter, a pair that touches or is swapped, or a dead input."
    )
    electrodes: tuple[Annotated[str, Text(longest=100)], ...] = Field(
        default=(), max_length=2, description="The electrode or the pair; none for a dead input."
    )

    @property
    def needed(self) -> int:
        """Electrodes that this kind of fault is about."""
        return {"open": 1, "dead-output": 1, "shorted": 2, "swapped": 2, "dead-input": 0}[self.kind]
