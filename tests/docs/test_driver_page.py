"""The program on the page about drivers, with the example that the page is about."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_example_in_use() -> None:
    page = (ROOT / "docs" / "how-to" / "write-a-driver.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```py\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names = runpy.run_path(str(ROOT / "docs" / "examples" / "loopback_card.py"))
    exec(program, names)
    # 200 of 500 samples from 0 to 1 V have been played.
    assert abs(names["card"].levels()[0] - 199 / 499) < 1e-12
