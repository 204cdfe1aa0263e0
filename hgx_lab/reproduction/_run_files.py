"""The run files of the figures, which come with the package."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from hgx_lab.config import change_run_file, parse_run_file
from hgx_lab.config.quantities import WITH_UNITS
from hgx_lab.config.yaml_dump import dump_yaml

__all__ = ["run_file_text"]


def run_file_text(name: str, changes: Mapping[str, Any] | None = None) -> str:
    """Text of a run file of this package, as it stands or with values changed by their key path."""
    text = files("hgx_lab.reproduction").joinpath("run_files", f"{name}.yaml").read_text(encoding="utf-8")
    if not changes:
        return text
    changed = change_run_file(parse_run_file(text, source=f"{name}.yaml"), changes)
    return dump_yaml(changed.model_dump(mode="json", context={WITH_UNITS: True}))
