"""Each ready run file is sound and can be planned; those that train reach what their first lines say."""

from __future__ import annotations

from pathlib import Path

import pytest

import hgx_lab
from tests.docs import console

CONFIGS = Path(__file__).parents[2] / "configs"
FILES = sorted(CONFIGS.glob("*.yaml"))

#: Least accuracy on the training cases and on the test cases, and the margin in A where the file asks for one.
PROMISES = {
    "feature": (1.0, None, 1e-9),
    "ramped": (1.0, None, 1.5e-9),
    "ring": (1.0, 0.85, None),
    "sphere": (0.9, 0.65, None),
    "table": (0.95, 0.7, None),
    "xor": (1.0, None, 1.5e-9),
}


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_checked_and_planned(file: Path, checkout: Path) -> None:
    code, printed = console.type_in(
        console.Command(f"hgx check configs/{file.name} && hgx plan configs/{file.name}"), checkout, 0
    )
    assert code == 0, printed


@pytest.mark.slow
@pytest.mark.parametrize("name", PROMISES)
def test_reaches_what_it_promises(name: str, checkout: Path) -> None:
    training, test, margin = PROMISES[name]
    record = checkout / "runs" / f"{name}.h5"
    console.type_in(console.Command(f"hgx run configs/{name}.yaml --quiet --output {record}"), checkout, 0)
    with hgx_lab.open_record(record) as opened:
        assert opened.status == "completed", opened.reason
        checked = opened["validation"]
    last = checked.where(checked["set"] == 0, drop=True).isel(validation=-1)
    assert float(last["accuracy"]) >= training
    if test is not None:
        assert float(checked.where(checked["set"] == 1, drop=True).isel(validation=-1)["accuracy"]) >= test
    if margin is not None:
        assert float(last["margin"]) >= margin
