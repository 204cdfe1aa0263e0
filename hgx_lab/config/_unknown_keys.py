"""Find the keys that no section knows, with the nearest one that it does, and leave them out.

Leaving them out lets everything else of the file be checked in the same pass: a misspelt key doesn't hide a limit that
is out of range.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from hgx_lab.config.problems import Finding, KeyPath, did_you_mean
from hgx_lab.config.section import OneOf, Section

__all__ = ["annotation_of", "drop_unknown_keys", "section_for"]


def drop_unknown_keys(value: Any, annotation: Any, path: KeyPath = ()) -> tuple[Any, list[Finding]]:
    """A copy of plain values without the keys that ``annotation`` doesn't know, and a finding for each of them."""
    section = section_for(value, annotation)
    if section is not None and isinstance(value, Mapping):
        return _drop_in_section(value, section, path)
    items = _item_annotation(annotation)
    if items is not None and isinstance(value, (list, tuple)):
        pairs = [drop_unknown_keys(v, items, (*path, i)) for i, v in enumerate(value)]
        return [kept for kept, _ in pairs], [f for _, findings in pairs for f in findings]
    return value, []


def _drop_in_section(
    value: Mapping[str, Any], section: type[Section], path: KeyPath
) -> tuple[dict[str, Any], list[Finding]]:
    kept: dict[str, Any] = {}
    findings: list[Finding] = []
    fields = section.model_fields
    for key, inner in value.items():
        if key in fields:
            kept[key], found = drop_unknown_keys(inner, annotation_of(fields[key]), (*path, key))
            findings += found
        else:
            free = [f for f in fields if f not in value]
            findings.append(
                Finding(
                    path=(*path, key),
                    message="unknown key.",
                    allowed=", ".join(sorted(fields, key=lambda f: f not in ("experiment", "kind"))),
                    suggestion=did_you_mean(key, free) or did_you_mean(key, fields),
                    at_key=True,
                )
            )
    return kept, findings


def section_for(value: Any, annotation: Any) -> type[Section] | None:
    """The section that a value at a place of this type has to be; None where it isn't known or isn't a section."""
    if get_origin(annotation) is Annotated:
        base, *metadata = get_args(annotation)
        for item in metadata:
            if isinstance(item, OneOf):
                return item.members(base).get(item.kind_of(value) or "")
        return section_for(value, base)
    if get_origin(annotation) in (Union, UnionType):
        found = [s for s in (section_for(value, a) for a in get_args(annotation)) if s is not None]
        return found[0] if len(found) == 1 else None
    return annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None


def _item_annotation(annotation: Any) -> Any:
    """Type of the items of a tuple of any length; None for other types."""
    if get_origin(annotation) is Annotated:
        return _item_annotation(get_args(annotation)[0])
    arguments = get_args(annotation)
    return arguments[0] if get_origin(annotation) is tuple and arguments[-1] is Ellipsis else None


def annotation_of(field: FieldInfo) -> Any:
    """Type of a field together with its metadata, which pydantic keeps apart."""
    return Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
