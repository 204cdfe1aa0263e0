"""The values of a run file that aren't quantities: whole numbers, texts, files, pairs.

Each is a metadata class for ``Annotated`` that reads a value with a message people understand, and describes itself in
the JSON schema.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from hgx_lab.config.problems import did_you_mean, shown

__all__ = ["ExistingFile", "Flag", "PairOf", "PerElectrode", "Seed", "Text", "Whole", "refuse"]


def refuse(message: str, *, allowed: str = "", suggestion: str = "") -> PydanticCustomError:
    """The error of a value that can't be used; the loader turns it into a problem with file and line."""
    context = {"message": message, "allowed": allowed, "suggestion": suggestion}
    return PydanticCustomError("run_file", "{message}", context)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number inside bounds; floats, texts and booleans are refused."""

    least: int = 0
    most: int = 1_000_000

    def read(self, value: Any) -> int:
        """The number itself."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse(f"{shown(value)} isn't a whole number.", allowed=self.allowed)
        if not self.least <= value <= self.most:
            raise refuse(f"{shown(value)} is outside the allowed range.", allowed=self.allowed)
        return value

    @property
    def allowed(self) -> str:
        """The bounds in words."""
        return f"{self.least} to {self.most}"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, slots=True)
class Text:
    """A text, if need be of a pattern that ``rule`` puts in words."""

    pattern: str = ""
    rule: str = ""
    longest: int = 10_000

    def read(self, value: Any) -> str:
        """The text itself."""
        if not isinstance(value, str):
            hint = f'Write "{value}" in quotes.' if isinstance(value, (bool, float)) else ""
            raise refuse(f"{shown(value)} isn't a text.", allowed=self.rule, suggestion=hint)
        if len(value) > self.longest:
            raise refuse(f"has {len(value)} characters.", allowed=f"at most {self.longest} characters")
        if self.pattern and not re.fullmatch(self.pattern, value):
            slug = re.sub(r"[^A-Za-z0-9_.-]+", "-", value).strip("-.")
            hint = f'Write "{slug}".' if re.fullmatch(self.pattern, slug) else ""
            raise refuse(f"{shown(value)} can't be used.", allowed=self.rule, suggestion=hint)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.read)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern else {}
        return {"type": "string", "maxLength": self.longest} | pattern


@dataclass(frozen=True, slots=True)
class ExistingFile:
    """A file that the run needs; a relative path starts at the folder of the run file.

    The validation context may hold ``folder`` (where relative paths start) and ``check_files`` (whether the file must
    be there; a record read on another machine doesn't need it).
    """

    suffix: str
    advice: str = ""

    def read(self, value: Any, info: core_schema.ValidationInfo[Any]) -> Path:
        """The absolute path."""
        if not isinstance(value, (str, Path)) or not str(value).strip() or not str(value).isprintable():
            raise refuse(f"{shown(value)} isn't the path of a file.", allowed=f"a {self.suffix} file")
        context = info.context or {}
        path = Path(context.get("folder", "")) / value
        if path.suffix.lower() != self.suffix:
            raise refuse(f"{path.name!r} isn't a {self.suffix} file.", suggestion=self.advice)
        if not context.get("check_files"):
            return path
        try:
            found = path.is_file()
            names = [p.name for p in path.parent.iterdir()] if not found and path.parent.is_dir() else []
        except OSError as error:
            raise refuse(f"{str(path)[:200]} can't be looked at: {error.strerror}.") from error
        if not found:
            raise refuse(f"there is no file {str(path)[:200]}.", suggestion=did_you_mean(path.name, names))
        return path

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        writer = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.with_info_plain_validator_function(self.read, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": re.escape(self.suffix) + "$"}


@dataclass(frozen=True, slots=True)
class PairOf:
    """Makes a pair say that it's a pair when it has another number of values."""

    names: str = "[low, high]"

    def _check(self, value: Any) -> Any:
        if not isinstance(value, Sequence) or isinstance(value, str):
            raise refuse(f"{shown(value)} isn't a pair.", allowed=self.names)
        if len(value) != 2:
            raise refuse(f"must be a pair, and has {len(value)} value(s).", allowed=self.names)
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._check, handler(source))


@dataclass(frozen=True, slots=True)
class PerElectrode:
    """One value for all electrodes, or a list with one each."""

    def _spread(self, value: Any) -> Any:
        return value if isinstance(value, (list, tuple)) else (value,)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._spread, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        array = handler(schema)
        return {"anyOf": [array["items"], array]}


Flag = Annotated[bool, Strict()]
Seed = Annotated[int, Whole(0, 2**63 - 1)]
