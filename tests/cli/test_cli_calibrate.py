"""hgx calibrate, typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hgx_lab.cli._app import app
from hgx_lab.config.calibration_file import load_calibration
from hgx_lab.config.yaml_read import read_yaml
from tests.support.runs import TEXT

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "calibrate.md"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_calibrate_and_run_with_it() -> None:
    Path("small.yaml").write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(app, ["calibrate", "small.yaml", "--duration", "0.5 s"])
    assert done.exit_code == 0, done.output
    assert "Written to calibration.json" in done.output
    assert "only the gain relative to low frequency" in " ".join(done.output.split())
    fingerprint = load_calibration(Path("calibration.json")).fingerprint
    assert fingerprint is not None
    assert fingerprint["names"] == ["a", "x", "y", "b"]
    text = TEXT.replace("{kind: fixed, delay: 100 us}", "{kind: saved, file: calibration.json}\nself_test: {}")
    assert text != TEXT
    Path("saved.yaml").write_text(text, encoding="utf-8")
    done = CliRunner().invoke(app, ["run", "saved.yaml", "--quiet"])
    assert done.exit_code in (0, 3), done.output


def test_the_reference_of_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    text = page.split("```yaml\n")[1].split("```")[0]
    assert read_yaml(text)
    Path("reference.yaml").write_text(text, encoding="utf-8")
    typed = ["calibrate", "reference.yaml", "--reference", "10 MOhm", "--electrode", "e0", "-o", "gain.json", "-q"]
    done = CliRunner().invoke(app, typed)
    assert done.exit_code == 0, done.output
    converter = load_calibration(Path("gain.json")).converter
    assert converter.gain_volts_per_ampere == pytest.approx(1.03e7, rel=0.01)


@pytest.mark.parametrize("half", [["--reference", "10 MOhm"], ["--electrode", "a"]])
def test_half_a_reference_is_refused(half: list[str]) -> None:
    Path("small.yaml").write_text(TEXT, encoding="utf-8")
    assert CliRunner().invoke(app, ["calibrate", "small.yaml", *half]).exit_code == 2
    assert not Path("runs").exists()
