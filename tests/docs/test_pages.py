"""Links resolve, the reference is up to date, every key and every run file in the pages is one the program knows."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hgx_lab.config import parse_run_file
from hgx_lab.config.yaml_read import read_yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
BY_NAME = {str(page.relative_to(ROOT)): page for page in PAGES}
_FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HGX = re.compile(r"(?:^\$ |`)(?:\.venv/bin/)?hgx ([a-z]+(?: [^`\n]*)?)", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    prose = _FENCED.sub("", page.read_text(encoding="utf-8"))
    return {
        "".join(c for c in title.lower() if c.isalnum() or c in " -_").replace(" ", "-")
        for title in _HEADING.findall(prose)
    }


@pytest.mark.parametrize("name", BY_NAME)
def test_links_resolve(name: str) -> None:
    page = BY_NAME[name]
    broken = []
    for target in _LINK.findall(_FENCED.sub("", page.read_text(encoding="utf-8"))):
        if target.startswith(("https://", "http://")):
            continue
        path, _, fragment = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (fragment and fragment not in anchors(there)):
            broken.append(target)
    assert not broken


def test_reference_is_up_to_date() -> None:
    script = ROOT / "scripts" / "make_reference.py"
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def yaml_examples() -> list[tuple[str, str]]:
    return [
        (f"{name}:{number}", text)
        for name, page in BY_NAME.items()
        for number, text in enumerate(_YAML.findall(page.read_text(encoding="utf-8")), 1)
    ]


@pytest.mark.parametrize(("place", "text"), yaml_examples(), ids=[place for place, _ in yaml_examples()])
def test_run_file_examples_are_sound(place: str, text: str) -> None:
    """An example replaces the sections of xor.yaml that it names; a whole file stands for itself."""
    example = read_yaml(text)
    assert not example.faults
    assert isinstance(example.data, dict)
    if "experiment" in example.data:
        parse_run_file(text, source=place, check_files=False)
        return
    base = (ROOT / "configs" / "xor.yaml").read_text(encoding="utf-8")
    for key in example.data:
        base = re.sub(rf"^{key}:.*\n(?: .*\n|\n)*", "", base, flags=re.MULTILINE)
    parse_run_file(base + "\n" + text, source=place, check_files=False)


def test_commands_and_options_exist() -> None:
    """Every `hgx ...` in the pages names a command that exists, with options that it has."""
    import typer

    from hgx_lab.cli._app import app

    top = typer.main.get_command(app)
    for name, page in BY_NAME.items():
        for said in _HGX.findall(page.read_text(encoding="utf-8")):
            words = shlex.split(said, comments=True)
            command = top.commands[words[0]]  # type: ignore[attr-defined]
            if words[0] == "device" and len(words) > 1:
                command = command.commands[words[1]]
            known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
            used = {word.split("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert used <= known, f"{name}: hgx {said}"
