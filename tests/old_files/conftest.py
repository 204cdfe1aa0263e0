"""Unpacked copies of the old files, which no test changes."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hgx_lab.cli import main
from tests.support.old_files import OldFiles


def _hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="session")
def home_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[OldFiles], Path]]:
    """Unpack the files of a format once; whatever a test does, they are the same at the end."""
    homes: dict[str, Path] = {}
    before: dict[str, dict[str, str]] = {}

    def home(old: OldFiles) -> Path:
        if old.name not in homes:
            homes[old.name] = old.unpack(tmp_path_factory.mktemp("old") / old.name)
            before[old.name] = _hashes(homes[old.name])
        return homes[old.name]

    yield home
    for name, folder in homes.items():
        assert _hashes(folder) == before[name], f"a test has changed the files of {name}"


@dataclass(frozen=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str


@pytest.fixture
def hgx(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run a command as the installed script does, in this process."""
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["hgx", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        printed = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else int(code is not None), printed.out, printed.err)

    return run
