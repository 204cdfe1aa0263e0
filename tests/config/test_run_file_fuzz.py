"""Whatever is in a run file, reading it gives a run or a RunFileError, and never anything else."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from hgx_lab.config import RunFile, RunFileError, load_run_file, parse_run_file

VALID = (Path(__file__).parent / "full.yaml").read_text("utf-8")
DATA = YAML(typ="safe", pure=True).load(VALID)


def outcome(text: str) -> RunFile | RunFileError:
    """The run or its error; anything else that is raised fails the test."""
    try:
        return parse_run_file(text, source="fuzz.yaml")
    except RunFileError as error:
        assert error.problems
        for problem in error.problems:
            assert 1 <= problem.line <= text.count("\n") + 2
            assert problem.column >= 1
            assert str(problem).startswith(f"fuzz.yaml:{problem.line}: ")
            assert str(problem).isprintable()
            str(problem).encode()
        return error


SNIPPETS = st.sampled_from(
    ["\t", "\n", " ", ": ", "- ", "{", "}", "[", "]", ",", "#", "&a ", "*a", "!!int ", "!x ", "|", ">", "'", '"', "?",
     "%", "@", "`", "---", "...", "<<: ", "null", "~", ".nan", ".inf", "1e999", "-", "0x", "0", "9" * 30, "µ", "²",
     "\u2028", "\x85", "\ufeff", "\x00", "\\", "\\x", "\\ud800", "V", " V", "mv", "Hz", "kind", "true", "on"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 12), SNIPPETS | st.text(max_size=4)), max_size=4))
def test_mutated_text(edits: list[tuple[int, int, str]]) -> None:
    text = VALID
    for start, length, new in edits:
        text = text[:start] + new + text[start + length :]
    outcome(text)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    outcome(text)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    | st.sampled_from(["1 V", "-5 mV", "1 kHz", "2 ms", "0 s", "10 %", "3 nA", "random", "learned", "adam", "e1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["kind", "e1", "e2", "x"]), inner),
    max_leaves=5,
)


def paths_of(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [path, *(p for key, value in items for p in paths_of(value, (*path, key)))]


def changed(data: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    if isinstance(data, list):
        return [changed(v, path[1:], value) if i == path[0] else v for i, v in enumerate(data)]
    return {k: changed(v, path[1:], value) if k == path[0] else v for k, v in data.items()}


@settings(max_examples=120, deadline=None)
@given(path=st.sampled_from(paths_of(DATA)), value=values)
def test_any_value_in_any_place(path: tuple[Any, ...], value: Any) -> None:
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(changed(DATA, path, value), stream)
    found = outcome(stream.getvalue())
    if isinstance(found, RunFile):
        assert parse_run_file(found.to_yaml(), check_files=False) == found


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=60), at=st.integers(0, len(VALID)))
def test_any_bytes(tmp_path_factory: Any, content: bytes, at: int) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "run.yaml"
    raw = VALID.encode()
    path.write_bytes(raw[:at] + content + raw[at:])
    try:
        load_run_file(path)
    except RunFileError as error:
        assert str(error).startswith(str(path))
