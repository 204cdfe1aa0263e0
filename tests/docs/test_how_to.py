"""The Python snippets of the pages run as they stand, one page a program, next to a record and a device file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.docs import console

ROOT = Path(__file__).parents[2]
PAGES = [page for page in sorted((ROOT / "docs" / "how-to").glob("*.md")) if any(console.blocks(page, "python"))]


@pytest.fixture(scope="module")
def desk(checkout: Path) -> Path:
    """The folder with runs/first.h5, as the tutorial leaves it, and my-device.npz."""
    run = console.Command("hgx run configs/xor.yaml --quiet --output runs/first.h5")
    code, printed = console.type_in(run, checkout, 0)
    assert code == 0, printed
    rng = np.random.default_rng(1)
    np.savez(
        checkout / "my-device.npz",
        W0=rng.standard_normal((8, 7)),
        b0=rng.standard_normal(8),
        W1=rng.standard_normal((1, 8)),
        b1=np.zeros(1),
        voltage_ranges=np.array([[-1.0, 1.0]] * 7),
        amplification=np.array(10.0),
    )
    return checkout


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_snippets_run(page: Path, desk: Path) -> None:
    program = "\n".join(text for _, text in console.blocks(page, "python"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], cwd=desk, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_json_lines_have_the_entries_of_the_page(desk: Path) -> None:
    """Every event and every entry in the table of use-from-a-program.md is one that the program prints."""
    import json
    import re

    code, printed = console.type_in(console.Command("hgx run configs/xor.yaml --json -o json.h5"), desk, 0)
    assert code == 0, printed
    seen: dict[str, set[str]] = {}
    for line in printed.splitlines():
        entry = json.loads(line)
        seen.setdefault(entry.pop("event"), set()).update(entry)
    page = (ROOT / "docs" / "how-to" / "use-from-a-program.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", page, re.MULTILINE)
    promised = {event: set(re.findall(r"`(\w+)`", entries)) for event, entries in rows}
    assert promised.keys() == seen.keys()
    assert all(entries <= seen[event] for event, entries in promised.items())
