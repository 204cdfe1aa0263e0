"""Plain values as YAML text for people."""

from __future__ import annotations

from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.representer import SafeRepresenter

from hgx_lab.config.yaml_tree import plain_value

__all__ = ["dump_yaml"]


def dump_yaml(data: dict[str, Any]) -> str:
    """YAML text of plain values that :func:`hgx_lab.config.yaml_read.read_yaml` reads as the same values."""
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.default_flow_style = None
    yaml.allow_unicode = True
    yaml.width = 110
    stream = StringIO()
    yaml.dump(_kind_first(data), stream)
    return stream.getvalue()


def _kind_first(value: Any) -> Any:
    """The same values, with the key that says what a section is before all others."""
    if isinstance(value, dict):
        first = [key for key in ("experiment", "kind") if key in value]
        return {key: _kind_first(value[key]) for key in dict.fromkeys([*first, *value])}
    return [_kind_first(item) for item in value] if isinstance(value, list) else value


class _Representer(SafeRepresenter):
    """Keeps the order of keys, and quotes every text that would be read as something else."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sort_base_mapping_type_on_output = False

    def represent_str(self, data: str) -> Any:
        plain = isinstance(plain_value(data), str) and data.isprintable() and data == data.strip()
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=None if plain else '"')


_Representer.add_representer(str, _Representer.represent_str)
