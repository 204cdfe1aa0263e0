"""The types of the values in a run file: quantities with a unit, whole numbers, texts, files.

Each is a metadata class for ``Annotated`` that reads a value with a message people understand, and describes itself in
the JSON schema. Quantities are SI floats inside; they are written with their unit where a run file is dumped for people
(:data:`WITH_UNITS`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, Strict
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from hgx_lab.config.problems import did_you_mean, nearest, shown
from hgx_lab.errors import UnitError
from hgx_lab.units import example_quantity, format_quantity, parse_quantity, unit_kind

__all__ = [
    "WITH_UNITS",
    "Amperes",
    "ExistingFile",
    "Farads",
    "Flag",
    "Fraction",
    "Hertz",
    "Pair",
    "PerElectrode",
    "PositiveSeconds",
    "Quantity",
    "Range",
    "Seconds",
    "Seed",
    "SlewRate",
    "Text",
    "Volts",
    "Whole",
    "refuse",
]

# What people write for "none"; YAML 1.2 takes these words as texts.
_NOTHING: Final = frozenset({"off", "no", "none", "nil", "n/a", "-"})

#: Serialisation context that writes quantities as text with their unit.
WITH_UNITS: Final = "with_units"


def refuse(message: str, *, allowed: str = "", suggestion: str = "") -> PydanticCustomError:
    """The error of a value that can't be used; the loader turns it into a problem with file and line."""
    context = {"message": message, "allowed": allowed, "suggestion": suggestion}
    return PydanticCustomError("run_file", "{message}", context)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A finite number with a unit, inside bounds; ``words`` are allowed instead of a number."""

    unit: str
    above: float | None = None
    least: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()

    def read(self, value: Any) -> float | str:
        """SI number of a quantity, or one of the words."""
        if isinstance(value, str) and value in self.words:
            return value
        try:
            number = parse_quantity(value, unit=self.unit)
        except UnitError as error:
            near = nearest(value, self.words) if isinstance(value, str) and self.words else None
            hint = f'Did you mean "{near}"?' if near else error.remedy
            if value is False or (isinstance(value, str) and value.lower() in _NOTHING):
                hint = "Write null for none."
            raise refuse(error.message, allowed=self._choices(), suggestion=hint) from error
        too_small = self.above is not None and number <= self.above
        if (
            too_small
            or (self.least is not None and number < self.least)
            or (self.most is not None and number > self.most)
        ):
            raise refuse(f"{self._text(number)} is outside the allowed range.", allowed=self.allowed)
        return number

    @property
    def allowed(self) -> str:
        """The bounds in words: "above 0 s, at most 1 ms"."""
        parts = [
            f"{word} {self._text(bound)}"
            for word, bound in (("above", self.above), ("at least", self.least), ("at most", self.most))
            if bound is not None
        ]
        return " or ".join(filter(None, [", ".join(parts), self._choices()]))

    def _choices(self) -> str:
        return " or ".join(f'"{word}"' for word in self.words)

    def _text(self, number: float) -> str:
        return format_quantity(number, self.unit, digits=12)

    def _write(self, value: Any, info: core_schema.SerializationInfo[Any]) -> Any:
        if isinstance(value, str) or not (info.context and info.context.get(WITH_UNITS)):
            return value
        return format_quantity(value, self.unit) if self.unit else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        writer = core_schema.plain_serializer_function_ser_schema(self._write, info_arg=True)
        return core_schema.no_info_plain_validator_function(self.read, serialization=writer)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        bounds = {"exclusiveMinimum": self.above, "minimum": self.least, "maximum": self.most}
        number: dict[str, Any] = {"type": "number"} | {k: b for k, b in bounds.items() if b is not None}
        if not self.unit and not self.words:
            return number | {"description": "A plain number."}
        text: dict[str, Any] = {"type": "string"}
        if self.unit:
            text["description"] = f"{unit_kind(self.unit)[2:]} with its unit, such as {example_quantity(self.unit)}"
            number["description"] = f"in {self.unit}"
            text["pattern"] = r"^\s*[+\-−]?(\d|\.\d)" + "".join(f"|^{re.escape(word)}$" for word in self.words)
        else:
            text["enum"] = list(self.words)
        examples = [*self.words, example_quantity(self.unit)] if self.unit else list(self.words)
        return {"anyOf": [text, number], "x-unit": self.unit, "examples": examples}


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


Volts = Annotated[float, Quantity("V", least=-1000.0, most=1000.0)]
Amperes = Annotated[float, Quantity("A", least=-1.0, most=1.0)]
Hertz = Annotated[float, Quantity("Hz", above=0.0, most=1e9)]
Seconds = Annotated[float, Quantity("s", least=0.0, most=1e7)]
PositiveSeconds = Annotated[float, Quantity("s", above=0.0, most=1e7)]
SlewRate = Annotated[float, Quantity("V/s", above=0.0, most=1e12)]
Farads = Annotated[float, Quantity("F", least=0.0, most=1.0)]
Fraction = Annotated[float, Quantity("", least=0.0, most=1.0)]
Flag = Annotated[bool, Strict()]
Seed = Annotated[int, Whole(0, 2**63 - 1)]
Pair = Annotated[tuple[Volts, Volts], PairOf()]
Range = Annotated[tuple[Hertz, Hertz], PairOf()]
