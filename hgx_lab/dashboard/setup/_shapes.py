"""What a key of a run file takes, read off the models: the plan after which the form is built."""

from __future__ import annotations

from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from hgx_lab.config._unknown_keys import annotation_of
from hgx_lab.config.quantities import Quantity
from hgx_lab.config.section import OneOf, Section
from hgx_lab.config.values import Text, Whole
from hgx_lab.config.yaml_tree import plain_value
from hgx_lab.units import example_quantity, format_quantity

__all__ = ["Shape", "label_of", "shape_of"]


@dataclass(frozen=True, slots=True)
class Shape:
    """A key: its help, what it allows in words, its default as text ("" where one must be given).

    Exactly one of these says how it is edited: ``words`` (a choice; ``kinds`` gives the section behind each word, and
    ``kind_key`` the key that holds it), ``section`` (keys of its own), ``rows`` (a list of sections); else a text.
    """

    key: str
    help: str
    allowed: str = ""
    default: str = ""
    required: bool = False
    nullable: bool = False
    off_by_default: bool = False
    words: tuple[str, ...] = ()
    kinds: dict[str, type[Section]] | None = None
    kind_key: str = ""
    default_kind: str | None = None
    section: type[Section] | None = None
    rows: type[Section] | None = None


def label_of(key: str) -> str:
    """A key as a label."""
    return key.replace("_", " ")


def shape_of(key: str, field: FieldInfo) -> Shape:
    """The shape of a field of a section."""
    found: dict[str, Any] = {}
    _look(annotation_of(field), found)
    default = None if field.is_required() else field.get_default(call_default_factory=True)
    unit = found.pop("unit", "")
    if found.get("kinds") is not None and isinstance(default, Section):
        found["default_kind"] = getattr(default, found["kind_key"])
    return Shape(
        key,
        field.description or "",
        default="" if field.is_required() or isinstance(default, Section) else _text(default, unit),
        required=field.is_required(),
        off_by_default=not field.is_required() and default is None,
        **found,
    )


def _look(annotation: Any, found: dict[str, Any]) -> None:
    """Collect what a type says of itself, from its outside to its inside."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *metadata = get_args(annotation)
        for item in metadata:
            _look_at_metadata(item, base, found)
        if "kinds" not in found:
            _look(base, found)
    elif origin in (Union, UnionType):
        parts = get_args(annotation)
        if type(None) in parts:
            found["nullable"] = True
        for part in parts:
            # A word beside numbers, as in float | Literal["random"], is told by the quantity itself.
            if part is not type(None) and (get_origin(part) is not Literal or len(parts) == 2):
                _look(part, found)
    elif origin is Literal:
        if "allowed" not in found:
            found["words"] = tuple(str(word) for word in get_args(annotation))
    elif annotation is bool:
        found["words"] = ("true", "false")
    elif origin is tuple:
        item = get_args(annotation)[0]
        if isinstance(item, type) and issubclass(item, Section):
            found["rows"] = item
        else:
            inner: dict[str, Any] = {}
            _look(item, inner)
            found.setdefault("unit", inner.get("unit", ""))
            found.setdefault("allowed", inner.get("allowed", ""))
    elif isinstance(annotation, type) and issubclass(annotation, Section):
        found["section"] = annotation


def _look_at_metadata(item: Any, base: Any, found: dict[str, Any]) -> None:
    if isinstance(item, OneOf):
        found["kinds"], found["kind_key"] = item.members(base), item.key
        found["words"], found["default_kind"] = tuple(found["kinds"]), item.default
        if type(None) in get_args(base):
            found["nullable"] = True
    elif isinstance(item, Quantity):
        example = f"such as {example_quantity(item.unit)}" if item.unit else "a number"
        found["unit"], found["allowed"] = item.unit, ", ".join(filter(None, [example, item.allowed]))
    elif isinstance(item, Whole):
        found["allowed"] = f"a whole number, {item.allowed}"
    elif isinstance(item, Text) and item.rule:
        found["allowed"] = item.rule


def _text(value: Any, unit: str) -> str:
    """A default as it would be written."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and unit:
        return format_quantity(value, unit)
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_text(v, unit) for v in value) + "]"
    if isinstance(value, dict):
        return "{}"
    return str(value) if not isinstance(value, str) or isinstance(plain_value(value), str) else f'"{value}"'
