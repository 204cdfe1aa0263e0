"""``hgx device``: make, show, validate, fit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hgx_drivers.simulated.devices import SurrogateDevice
from hgx_drivers.simulated.devices.dopant import load_layout

Hgx = Callable[..., Any]


def test_make_show_validate(hgx: Hgx, tmp_path: Path) -> None:
    layout, figure = tmp_path / "mine.json", tmp_path / "mine.png"
    made = hgx(
        "device", "make", layout, "--acceptors", 8, "--donors", 2, "--electrodes", 5, "--radius", "60 nm",
        "--temperature", "90 K", "--localisation", "10 nm", "--seed", 7, "--name", "mine",
    )  # fmt: skip
    assert made.code == 0, made.err
    assert "4 driven electrodes" in made.out
    read = load_layout(layout)
    assert (read.sites, len(read.donors), read.electrodes, read.seed, read.name) == (8, 2, 5, 7, "mine")
    assert (read.temperature_kelvin, read.geometry.radius) == (90.0, 60e-9)
    assert read.localisation_radius == pytest.approx(10e-9)
    shown = hgx("device", "show", layout, "--points", 40, "--save", figure)
    assert shown.code == 0, shown.err
    assert "XNOR" in shown.out
    assert figure.stat().st_size > 20_000
    checked = hgx("device", "validate", layout, "--vectors", 3, "--draws", 400)
    assert checked.code == 0, checked.err
    assert "correlation" in checked.out


def test_show_the_device_of_a_run_file(hgx: Hgx, run_file: Path, tmp_path: Path) -> None:
    shown = hgx("device", "show", run_file, "--points", 40, "--save", tmp_path / "d.pdf")
    assert shown.code == 0, shown.err
    assert "inputs x and y" in shown.out
    assert (tmp_path / "d.pdf").exists()


def test_fit_a_table(hgx: Hgx, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    rows = [f"{a / 20 - 1},{b / 20},{5e-9 * a / 20}" for a in range(40) for b in range(20)]
    (tmp_path / "d.csv").write_text("\n".join(["left,right,amperes", *rows]))
    fitted = hgx("device", "fit", tmp_path / "d.csv", tmp_path / "d.npz", "--hidden", "16", "--epochs", 200)
    assert fitted.code == 0, fitted.err
    assert "R^2 0.9" in fitted.out
    assert SurrogateDevice.from_npz(tmp_path / "d.npz").electrodes == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show", "n17"), "n12, n16, n24, n40"),
        (("show", "none.yaml"), "no such file"),
        (("make", "x.json", "--donors", 20), "fewer donors"),
        (("make", "no/such/folder/x.json"), "can't be written"),
        (("make", "x.json", "--radius", "75 s"), "a length"),
        (("validate", "none.json"), "can't be read"),
        (("fit", "none.csv", "x.npz"), "can't be read"),
        (("fit", "n12", "x.npz", "--hidden", "a"), "64,64,64"),
    ],
)
def test_mistakes_are_one_message_and_exit_code_2(
    hgx: Hgx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[object, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    said = hgx("device", *arguments)
    assert said.code == 2
    assert words in said.err
    assert "Traceback" not in said.err
    assert not list(tmp_path.iterdir())
