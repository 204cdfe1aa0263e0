"""What pydantic found, in words that people at a bench understand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from hgx_lab.config.problems import Finding, KeyPath, did_you_mean, shown
from hgx_lab.config.section import KIND_MARK

__all__ = ["MISSING", "findings_of"]

MISSING: Final = "is missing."

_SHAPES: Final = {
    "model_type": "isn't a mapping, {key: value, ...}.",
    "model_attributes_type": "isn't a mapping, {key: value, ...}.",
    "dict_type": "isn't a mapping, {name: value, ...}.",
    "tuple_type": "isn't a list, [value, ...].",
}


def findings_of(errors: list[ErrorDetails], data: Mapping[str, Any]) -> list[Finding]:
    """One finding for each error of a validation of ``data``."""
    return [_finding(error, data) for error in errors]


def _finding(error: ErrorDetails, data: Mapping[str, Any]) -> Finding:
    path: KeyPath = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith(KIND_MARK)))
    context: dict[str, Any] = error.get("ctx") or {}
    kind = error["type"]
    if kind == "run_file":
        return Finding(path, context["message"], context["allowed"], context["suggestion"])
    if kind == "kind":
        return _kind_finding(path, error["input"], context["key"], context["kinds"].split("|"))
    if kind == "missing":
        return Finding(path, MISSING, suggestion=f"Add {path[-1]}." if path else "")
    if kind in ("literal_error", "bool_type", "bool_parsing"):
        return _choice_finding(path, error["input"], context.get("expected", "true or false"))
    if kind in ("too_short", "too_long"):
        return _length_finding(path, kind, context)
    what = _SHAPES.get(kind) or f"can't be used: {error['msg']}."
    return Finding(path, f"{shown(error['input'])} {what}")


def _kind_finding(path: KeyPath, value: Any, key: str, kinds: list[str]) -> Finding:
    allowed = ", ".join(kinds)
    if not isinstance(value, Mapping):
        hint = f"Write {{{key}: {value}}}." if isinstance(value, str) and value in kinds else ""
        return Finding(path, f"{shown(value)} isn't a mapping with a {key}, {{{key}: ...}}.", allowed, hint)
    if key not in value:
        return Finding(path, f"needs the key {key}.", allowed, at_key=True)
    said = value[key]
    hint = did_you_mean(said, kinds) if isinstance(said, str) else ""
    return Finding((*path, key), f"{shown(said)} is unknown.", allowed, hint)


def _choice_finding(path: KeyPath, value: Any, expected: str) -> Finding:
    words = expected.replace("'", "").replace(" or ", ", ").split(", ")
    meant = {"on": "true", "yes": "true", "off": "false", "no": "false"} if "true" in words else {}
    word = str(value).lower() if isinstance(value, (str, bool)) else ""
    hint = f"Write {meant[word]}." if word in meant else did_you_mean(word, words) if word else ""
    return Finding(path, f"{shown(value)} isn't one of the choices.", ", ".join(words), hint)


def _length_finding(path: KeyPath, kind: str, context: Mapping[str, Any]) -> Finding:
    actual = context.get("actual_length")
    if kind == "too_short":
        return Finding(path, f"has {actual} entries.", f"at least {context['min_length']}")
    return Finding(
        path, f"has {actual} entries." if actual else "has too many entries.", f"at most {context['max_length']}"
    )
