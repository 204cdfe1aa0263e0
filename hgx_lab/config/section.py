"""The base of every section of a run file, and sections of which there are several kinds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

__all__ = ["KIND_MARK", "OneOf", "Section"]

#: Stands before the kind in the location of a pydantic error, where it isn't a key of the file.
KIND_MARK: Final = "\x00kind:"


class Section(BaseModel):
    """A frozen part of a run file that knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class OneOf:
    """Annotates a union of sections of which the key ``key`` chooses one; only the chosen one is read.

    ``default`` is the kind of a section that doesn't say its kind; without one, the key is required.
    """

    key: str = "kind"
    default: str | None = None

    def members(self, annotation: Any) -> dict[str, type[Section]]:
        """Kind to section, of a union or of a single class."""
        classes = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
        return {get_args(c.model_fields[self.key].annotation)[0]: c for c in classes if c is not type(None)}

    def kind_of(self, value: Any) -> str | None:
        """The kind that a mapping or a section says it is; None when it says none that could be read."""
        said = isinstance(value, Mapping)
        kind = value.get(self.key, self.default) if said else getattr(value, self.key, None)
        return kind if isinstance(kind, str) else None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        members = self.members(source)
        return core_schema.tagged_union_schema(
            choices={KIND_MARK + kind: handler.generate_schema(c) for kind, c in members.items()},
            discriminator=lambda value: KIND_MARK + (self.kind_of(value) or ""),
            custom_error_type="kind",
            custom_error_message="unknown kind",
            custom_error_context={"key": self.key, "kinds": "|".join(members)},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        result = handler(schema)
        for choice in result.get("oneOf", ()):
            member = handler.resolve_ref_schema(choice)
            if member["properties"][self.key].get("const") != self.default:
                member["required"] = sorted({*member.get("required", ()), self.key})
        return result
