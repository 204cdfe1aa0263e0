"""One value of a run file is changed, and nothing else of what the user wrote."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from hgx_lab.config import parse_run_file
from hgx_lab.config.yaml_read import read_yaml
from hgx_lab.dashboard.setup._ready import ready_files
from hgx_lab.dashboard.setup._text import changed, parse_value, without, written

ROOT = Path(__file__).parents[3]
XOR = (ROOT / "configs" / "xor.yaml").read_text(encoding="utf-8")


def changed_lines(before: str, after: str) -> list[str]:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def test_a_value_is_replaced_where_it_stands() -> None:
    assert changed_lines(XOR, changed(XOR, ("optimizer", "rate"), "70 mV")) == [
        "-optimizer: {kind: adam, rate: 50 mV}",
        "+optimizer: {kind: adam, rate: 70 mV}",
    ]
    after = changed(XOR, ("bench", "clock"), "real-time")
    assert len(changed_lines(XOR, after)) == 2
    assert "# as fast as the machine goes" in after


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("stop", "loss"), 0.5),
        (("restart",), None),
        (("restart", "patience"), 3),
        (("electrodes", 2, "rest"), "0.1 V"),
        (("electrodes", 7), {"name": "e7", "role": "fixed", "limits": ["-1 V", "1 V"]}),
        (("loss",), {"kind": "mse"}),
        (("tones", "band"), ["200 Hz", "4 kHz"]),
        (("description",), "on: a #1 device, [cold]"),
        (("name",), "null"),
        (("seed",), 3),
    ],
)
def test_the_text_says_the_new_value_and_all_others_stay(path: tuple[str | int, ...], value: object) -> None:
    after = changed(XOR, path, value)
    expected = read_yaml(XOR).data
    place = expected
    for part in path[:-1]:
        place = place.setdefault(part, {}) if isinstance(place, dict) else place[part]
    if isinstance(place, list) and path[-1] == len(place):
        place.append(value)
    else:
        place[path[-1]] = value
    assert read_yaml(after).data == expected
    comments = [line.split("#", 1)[1] for line in XOR.splitlines() if "#" in line]
    assert [line.split("#", 1)[1] for line in after.splitlines() if "  #" in line or line[:1] == "#"] == comments


def test_a_value_is_taken_out_and_an_empty_section_with_it() -> None:
    after = without(XOR, ("stop", "margin"))
    assert read_yaml(after).data["stop"] == {"iterations": 200}
    assert "stop" not in read_yaml(without(after, ("stop", "iterations"))).data
    assert without(XOR, ("stop", "loss")) == XOR
    assert len(read_yaml(without(XOR, ("electrodes", 0))).data["electrodes"]) == 6


def test_text_that_is_no_yaml_is_left_alone() -> None:
    with pytest.raises(ValueError, match="isn't YAML"):
        changed("a: [1, 2\nb: 3", ("b",), 4)


@pytest.mark.parametrize(
    "value", ["XOR", "NO", "no", "null", "true", "1", "1e-3", "a: b", "#", "", " x", "-", "[1]", "ä"]
)
def test_what_is_written_is_read_as_the_same(value: str) -> None:
    assert parse_value(written(value)) == value
    assert parse_value(f"[{written(value)}, 2]") == [value, 2]


def test_what_is_no_single_value_is_refused() -> None:
    for text in ("[1, 2", "1\nname: x", '"a'):
        with pytest.raises(ValueError, match=r"."):
            parse_value(text)


def test_the_ready_files_are_sound_and_xor_is_the_first() -> None:
    found = ready_files()
    assert next(iter(found)) == "xor"
    assert set(found) == {path.stem for path in (ROOT / "configs").glob("*.yaml")}
    for path in found.values():
        parse_run_file(path.read_text(encoding="utf-8"), folder=path.parent)
