"""Run files of earlier formats are sound, mean what they say, and use every key that there was."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from hgx_lab.config import load_run_file, parse_run_file
from hgx_lab.records import open_record
from tests.support.old_files import DELETED, FORMATS, OldFiles, at, now

RUN_FILES = [pytest.param(old, name, id=f"{old.name}-{name}") for old in FORMATS for name in old.run_files]
#: Records with the run file that they were made from beside them.
PAIRS = [
    pytest.param(old, name, id=f"{old.name}-{name}")
    for old in FORMATS
    for name in old.records
    if f"lab/{name}.yaml" in old.run_files
]


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_every_old_run_file_passes_the_check(old: OldFiles, home_of, hgx, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home_of(old) / "lab")
    said = hgx("check", *(f"../{name}" for name in old.run_files))
    assert said.code == 0, said.err
    assert said.out.count(": ok") == len(old.run_files)


@pytest.mark.parametrize(("old", "name"), RUN_FILES)
def test_an_old_run_file_means_what_it_says(old: OldFiles, name: str, home_of: Callable[[OldFiles], Path]) -> None:
    data = load_run_file(home_of(old) / name).model_dump(mode="json")
    for path, value in old.run_files[name].items():
        if path in DELETED.get(old.name, ()):
            continue
        found = at(data, now(old, path))
        if isinstance(value, str) and value.endswith((".csv", ".npz", ".py", "layout.json")):
            # Files of a device or a task start at the run file's folder.
            assert Path(found).resolve() == (home_of(old) / name).parent.joinpath(value).resolve()
        elif isinstance(value, float):
            assert found == pytest.approx(value, rel=1e-12, abs=0), path
        elif value == {}:
            assert isinstance(found, dict), path
        else:
            assert found == value, path


@pytest.mark.parametrize(("old", "name"), PAIRS)
def test_the_run_file_in_an_old_record_is_the_one_beside_it(
    old: OldFiles, name: str, home_of: Callable[[OldFiles], Path]
) -> None:
    lab = home_of(old) / "lab"
    file = lab / f"{name}.yaml"
    with open_record(lab / "runs" / f"{name}.h5") as record:
        inside, text = json.dumps(record.run_file), record.run_file_text
    inside = inside.replace(json.dumps(old.expected["lab"])[1:-1], json.dumps(str(lab))[1:-1])
    assert text == file.read_text(encoding="utf-8")
    assert parse_run_file(inside) == load_run_file(file)


@pytest.mark.parametrize("old", FORMATS, ids=lambda old: old.name)
def test_the_old_run_files_use_every_key_of_their_time(old: OldFiles, home_of: Callable[[OldFiles], Path]) -> None:
    home = home_of(old)
    schema = json.loads((home / "lab" / "run-file.schema.json").read_text(encoding="utf-8"))
    there = {(name, key) for name, part in schema["$defs"].items() for key in part.get("properties", {})}
    # What every experiment has counts once.
    common = set.intersection(*(set(_resolved(ref, schema)["properties"]) for ref in schema["oneOf"])) - {"experiment"}
    experiments = {ref["$ref"].rsplit("/", 1)[1] for ref in schema["oneOf"]} - {"TrainRun"}
    there -= {(name, key) for name in experiments for key in common}
    used: set[tuple[str, str]] = set()
    for file in (home / "every-key").glob("*.yaml"):
        data = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        used |= set(_used({"experiment": "train", **data}, schema, schema))
    assert len(there) > 200
    assert there <= used, sorted(there - used)


def _resolved(part: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    return schema["$defs"][part["$ref"].rsplit("/", 1)[1]] if "$ref" in part else part


def _used(value: Any, part: dict[str, Any], schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Which keys of which section a value uses: the section, of those that are possible, that has its keys and kind."""
    if isinstance(value, list):
        for item in value:
            yield from _used(item, part.get("items", {}), schema)
    for choice in (*part.get("oneOf", ()), *part.get("anyOf", ())):
        yield from _used(value, choice, schema)
    if not isinstance(value, dict):
        return
    name, found = part.get("$ref", "").rsplit("/", 1)[-1], _resolved(part, schema)
    if "$ref" in part and not found.get("properties"):
        yield from _used(value, found, schema)
        return
    keys = found.get("properties", {})
    kinds = {key: keys[key]["const"] for key in ("kind", "experiment") if "const" in keys.get(key, {})}
    if not name or not value.keys() <= keys.keys() or any(value.get(key) != kind for key, kind in kinds.items()):
        return
    for key, item in value.items():
        yield name, key
        yield from _used(item, keys[key], schema)
