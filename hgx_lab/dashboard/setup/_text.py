"""The text of a run file, changed value by value with everything else left as it was."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from itertools import pairwise
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from hgx_lab.config.problems import KeyPath
from hgx_lab.config.yaml_read import read_yaml

__all__ = ["changed", "parse_value", "value_at", "without", "written"]


def value_at(data: Any, path: KeyPath) -> Any:
    """The plain value at a path of plain data; None where there is none."""
    for part in path:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def parse_value(text: str) -> Any:
    """What a text typed into a field means: the same as behind a key in a run file.

    Raises
    ------
    ValueError
        It isn't YAML.
    """
    tree = read_yaml(f"value: {text.strip()}\n")
    if tree.faults or not isinstance(tree.data, dict) or list(tree.data) != ["value"]:
        said = tree.faults[0].message if tree.faults else "it is more than one value."
        raise ValueError(said)
    return tree.data["value"]


def written(value: Any) -> str:
    """A value on one line, as it would stand behind a key; empty for a missing one."""
    if isinstance(value, bool) or value is None:
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        return "{" + ", ".join(f"{written(k)}: {written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(written(v) for v in value) + "]"
    if not isinstance(value, str):
        return str(value)
    return value if _plain(value) else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _plain(value: str) -> bool:
    """Whether a text can stand without quotes also within brackets."""
    if not value or value != value.strip() or not value.isprintable() or any(c in ",[]{}#" for c in value):
        return False
    try:
        return parse_value(value) == value
    except ValueError:
        return False


def changed(text: str, path: KeyPath, value: Any) -> str:
    """The text with another value at a path; a value that is there is replaced in place, a new key goes to the end.

    Raises
    ------
    ValueError
        The text isn't YAML that could be changed.
    """
    node = _node_at(_compose(text), path)
    if node is not None and _on_one_line(node) and not isinstance(value, dict | list):
        return text[: node.start_mark.index] + written(value) + text[node.end_mark.index :]
    if node is not None and _on_one_line(node) and getattr(node, "flow_style", False):
        return text[: node.start_mark.index] + written(value) + text[node.end_mark.index :]
    data = _load(text)
    place: Any = data
    for part, after in pairwise(path):
        if isinstance(place, CommentedMap) and (part not in place or place[part] is None):
            place[part] = _flow({}) if isinstance(after, str) else _flow([])
        place = place[part]
    last = path[-1]
    if isinstance(place, CommentedSeq) and isinstance(last, int) and last == len(place):
        place.append(_flow(value))
    else:
        place[last] = _flow(value)
    return _dump(data)


def without(text: str, path: KeyPath) -> str:
    """The text without the value at a path, and without sections that are empty then.

    Raises
    ------
    ValueError
        The text isn't YAML that could be changed.
    """
    if _node_at(_compose(text), path) is None:
        return text
    data = _load(text)
    places: list[Any] = [data]
    for part in path[:-1]:
        places.append(places[-1][part])
    del places[-1][path[-1]]
    for place, parent, part in zip(places[:0:-1], places[-2::-1], path[-2::-1], strict=True):
        if len(place) or not isinstance(parent, CommentedMap):
            break
        del parent[part]
    return _dump(data)


def _compose(text: str) -> Node | None:
    try:
        return YAML(typ="rt", pure=True).compose(StringIO(text))
    except YAMLError as error:
        raise ValueError("the text isn't YAML") from error


def _node_at(node: Node | None, path: KeyPath) -> Node | None:
    for part in path:
        if isinstance(node, MappingNode):
            node = next((v for k, v in node.value if isinstance(k, ScalarNode) and k.value == part), None)
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
        else:
            return None
    return node


def _on_one_line(node: Node) -> bool:
    # An empty value has no text to replace, and an anchored one may be meant elsewhere too.
    one = node.start_mark.line == node.end_mark.line and node.end_mark.index > node.start_mark.index
    return one and node.anchor is None


def _yaml() -> YAML:
    yaml = YAML(typ="rt", pure=True)
    yaml.preserve_quotes = True
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _load(text: str) -> CommentedMap:
    try:
        data = _yaml().load(text)
    except YAMLError as error:
        raise ValueError("the text isn't YAML") from error
    if data is None:
        return CommentedMap()
    if not isinstance(data, CommentedMap):
        raise ValueError("the text isn't a mapping")
    return data


def _dump(data: CommentedMap) -> str:
    stream = StringIO()
    _yaml().dump(data, stream)
    return stream.getvalue()


def _flow(value: Any) -> Any:
    """The value as a node that is written on one line."""
    if isinstance(value, dict):
        mapping = CommentedMap({k: _flow(v) for k, v in value.items()})
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq([_flow(v) for v in value])
        sequence.fa.set_flow_style()
        return sequence
    return value
