"""The JSON schema of run files, for completion and checking in editors."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from hgx_lab.config.run import Experiment
from hgx_lab.config.run_file import RunFile

__all__ = ["json_schema"]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """Schema of a run file (JSON Schema 2020-12): every key with its help, type, unit, bounds and default."""
    schema = TypeAdapter[RunFile](Experiment).json_schema()
    return {"$schema": _DIALECT, "title": "hgx-lab run file"} | schema
