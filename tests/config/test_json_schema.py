"""The JSON schema: every key described, every kind distinguishable."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from hgx_lab import config
from hgx_lab.config import Section, TrainRun, json_schema

SECTIONS = sorted(
    (value for value in vars(config).values() if isinstance(value, type) and issubclass(value, Section)),
    key=lambda section: section.__name__,
)


@pytest.mark.parametrize("section", [s for s in SECTIONS if s is not Section], ids=lambda s: s.__name__)
def test_every_field_has_one_line_of_help(section: type[Section]) -> None:
    assert (section.__doc__ or "").strip()
    for name, field in section.model_fields.items():
        help_text = field.description or ""
        assert help_text.endswith("."), (section.__name__, name)
        assert "\n" not in help_text
        assert len(help_text) <= 120
        assert help_text[0].isupper() or help_text.startswith(("1", "."))


def test_every_section_that_a_run_file_can_hold_is_public() -> None:
    def held(annotation: Any) -> set[type[BaseModel]]:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            inner = [held(f.annotation) for f in annotation.model_fields.values()]
            return {annotation}.union(*inner)
        return set().union(*(held(a) for a in get_args(annotation)))

    assert held(TrainRun) <= set(SECTIONS)


def test_the_schema_is_json_and_describes_every_key() -> None:
    schema = json.loads(json.dumps(json_schema()))
    assert schema["$schema"].startswith("https://json-schema.org/")
    for definition in schema["$defs"].values():
        assert definition["additionalProperties"] is False
        for name, prop in definition["properties"].items():
            # A key whose help is that of its section leaves it to the section.
            section = schema["$defs"][prop["$ref"].rpartition("/")[2]] if "$ref" in prop else {}
            assert prop.get("description") or section.get("description"), (definition["title"], name)


def test_a_quantity_is_a_text_or_a_number_with_its_unit() -> None:
    amplitude = json_schema()["$defs"]["Tones"]["properties"]["amplitude"]
    assert [choice["type"] for choice in amplitude["anyOf"]] == ["string", "number"]
    assert amplitude["x-unit"] == "V"
    assert amplitude["examples"] == ["20 mV"]
    assert amplitude["anyOf"][1]["exclusiveMinimum"] == 0
    assert amplitude["default"] == 0.02


def test_a_kind_is_required_where_there_is_no_default_kind() -> None:
    definitions = json_schema()["$defs"]
    assert "kind" in definitions["Adam"]["required"]
    assert "kind" in definitions["SmoothDevice"]["required"]
    assert "kind" in definitions["NoCalibration"]["required"]
    assert "kind" not in definitions["MeasuredCalibration"].get("required", [])
    assert definitions["TrainRun"]["required"] == ["bench", "electrodes", "task"]
