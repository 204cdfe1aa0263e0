"""Quantities in a run file: written with a unit or as plain SI numbers.

Quantities are SI floats inside; they are written with their unit where a run file is dumped for people
(:data:`WITH_UNITS`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from hgx_lab.config.problems import nearest
from hgx_lab.config.values import PairOf, refuse
from hgx_lab.errors import UnitError
from hgx_lab.units import example_quantity, format_quantity, parse_quantity, unit_kind

__all__ = [
    "LONGEST_STEP_SECONDS",
    "WITH_UNITS",
    "Amperes",
    "Farads",
    "Fraction",
    "Hertz",
    "Pair",
    "PositiveSeconds",
    "Quantity",
    "Range",
    "Seconds",
    "Settling",
    "SlewRate",
    "Volts",
]

# What people write for "none"; YAML 1.2 takes these words as texts.
_NOTHING: Final = frozenset({"off", "no", "none", "nil", "n/a", "-"})

#: Serialisation context that writes quantities as text with their unit.
WITH_UNITS: Final = "with_units"

#: No single move, wait or ramp of a run takes longer. Every end of a run waits for its ramp to rest, and 1e-300 V/s
#: would be one that never ends.
LONGEST_STEP_SECONDS: Final = 3600.0


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
        text: dict[str, Any] = {"type": "string"}
        if self.unit:
            text["description"] = f"{unit_kind(self.unit)[2:]} with its unit, such as {example_quantity(self.unit)}"
            number["description"] = f"in {self.unit}"
            text["pattern"] = r"^\s*[+\-−]?(\d|\.\d)" + "".join(f"|^{re.escape(word)}$" for word in self.words)
        else:
            text["pattern"] = r"^\s*[+\-−]?(\d|\.\d).*?%?\s*$"
        examples = [*self.words, example_quantity(self.unit)] if self.unit else list(self.words)
        return {"anyOf": [text, number], "x-unit": self.unit, "examples": examples}


Volts = Annotated[float, Quantity("V", least=-1000.0, most=1000.0)]
Amperes = Annotated[float, Quantity("A", least=-1.0, most=1.0)]
Hertz = Annotated[float, Quantity("Hz", above=0.0, most=1e9)]
Seconds = Annotated[float, Quantity("s", least=0.0, most=1e7)]
Settling = Annotated[float, Quantity("s", least=0.0, most=LONGEST_STEP_SECONDS)]
PositiveSeconds = Annotated[float, Quantity("s", above=0.0, most=1e7)]
SlewRate = Annotated[float, Quantity("V/s", above=0.0, most=1e12)]
Farads = Annotated[float, Quantity("F", least=0.0, most=1.0)]
Fraction = Annotated[float, Quantity("", least=0.0, most=1.0)]
Pair = Annotated[tuple[Volts, Volts], PairOf()]
Range = Annotated[tuple[Hertz, Hertz], PairOf()]
