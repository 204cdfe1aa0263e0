"""hgx calibrate against what a simulated bench hides, its file, and runs that use it or refuse it."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.config.calibration_file import CalibrationFile, load_calibration, save_calibration
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments import Reference, calibrate_bench, simulated_plant
from hgx_lab.records import open_record
from hgx_lab.signals import ChainResponse
from tests.support.runs import Heard, make_run, run_to_its_end, spy_on
from tests.support.spy import assert_safe

RUN = """
experiment: noise
seed: {seed}
bench:
  kind: simulated
  rate: 100 kHz
  delay: {delay}
  gain_error: 7 %
  offset: 0.8 V
  stray_capacitance: [0.2 pF, 1 pF]
  device: {{kind: linear, conductances: [100 nA/V, 0 A/V]}}
  amplifier: {{gain: 100 nA/V, bandwidth: {pole}, clip: 4 V, inverting: {inverting}}}
electrodes:
  - {{name: ref, role: control, limits: [-1 V, 1 V]}}
  - {{name: open, role: control, limits: [-1 V, 1 V]}}
safety: {{slew: 50 kV/s}}
tones: {{amplitude: 100 mV}}
"""


def bench_with(delay: str = "537.5 us", pole: str = "5 kHz", inverting: bool = False) -> RunFile:
    return parse_run_file(RUN.format(seed=4, delay=delay, pole=pole, inverting=str(inverting).lower()))


@pytest.mark.parametrize(
    ("delay", "pole", "inverting"),
    [("0 s", "20 kHz", False), ("537.5 us", "5 kHz", True), ("1 ms", "500 Hz", False), ("2 ms", "2 kHz", False)],
)
def test_finds_what_the_bench_hides(delay: str, pole: str, inverting: bool, tmp_path: Path) -> None:
    run = bench_with(delay, pole, inverting)
    found = calibrate_bench(
        run, record=tmp_path / "r.h5", max_delay=2.1e-3, duration=6.0, reference=Reference("ref", 10e6)
    )
    plant = simulated_plant(run, run.bench)
    plant.configure(100e3)
    truth = plant.chain
    assert truth.pole_hz is not None
    assert found.delay_samples == pytest.approx(truth.delay_samples, abs=0.1)
    assert found.pole_hz == pytest.approx(truth.pole_hz, rel=0.01)
    assert found.converter.gain_volts_per_ampere == pytest.approx(truth.gain_volts_per_ampere, rel=0.01)
    assert found.converter.offset_volts == pytest.approx(0.8, rel=0.01)
    assert found.electrodes["open"].capacitance_farads == pytest.approx(1e-12 * 1.07, rel=0.05)
    frequencies = np.linspace(100.0, 5e3, 30)
    ratio = ChainResponse.from_dict(found.response)(frequencies) / plant.response(frequencies)
    assert np.degrees(np.abs(np.angle(ratio * truth.gain_volts_per_ampere))).max() < 1.0


def test_paths_and_noise_without_a_reference(tmp_path: Path) -> None:
    run = bench_with(delay="100 us")
    found = calibrate_bench(run, record=tmp_path / "r.h5", duration=6.0)
    assert found.converter.gain_volts_per_ampere is None
    assert "relative" in found.converter.gain_note
    path = found.electrodes["ref"]
    plant = simulated_plant(run, run.bench)
    plant.configure(100e3)
    f = np.array(path.frequencies_hz)
    # The stray capacitance of 0.2 pF on 100 nA/V belongs to the path.
    true = plant.response(f) / plant.chain.gain_volts_per_ampere
    true = true * (1 + 0.2e-12 / 100e-9 * 1e5 * (1 - np.exp(-2j * np.pi * f / 1e5)))
    np.testing.assert_allclose(path.gain, np.abs(true), rtol=0.03)
    turned = np.array(path.phase_degrees) - np.degrees(np.angle(true))
    assert np.abs((turned + 180) % 360 - 180).max() < 2.0
    # Published 1/f noise of 1e-23 A^2/Hz at 1 kHz, seen through a gain that is 7 % too high.
    level = dict(zip(found.noise.frequencies_hz, found.noise.density_amperes2_per_hz, strict=True))
    assert level[1000.0] == pytest.approx(1e-23 * 1.07**2, rel=0.25)


def test_stays_inside_the_guard_and_ends_at_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = make_run()
    cards = spy_on(monkeypatch)
    calibrate_bench(run, record=tmp_path / "r.h5", duration=0.5)
    [card] = cards
    low, high = (np.array([e.limits[i] for e in run.electrodes]) for i in (0, 1))
    assert_safe(card.history, low, high, np.array([run.slew_limit(e) for e in run.electrodes]), run.bench.rate)
    assert np.abs(card.history[:, -1] - [e.rest for e in run.electrodes]).max() < 1e-3
    assert card.closed
    with open_record(tmp_path / "r.h5") as record:
        assert "at-rest" in [e.kind for e in record.events]


def test_a_reference_on_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="carries no tone"):
        calibrate_bench(make_run(), record=tmp_path / "r.h5", reference=Reference("nobody", 1e7))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> CalibrationFile:
    return calibrate_bench(make_run(), record=tmp_path_factory.mktemp("saved") / "r.h5", duration=1.0)


def using(path: Path) -> dict[str, Any]:
    return {"calibration": {"kind": "saved", "file": str(path)}, "stop.iterations": 1}


def test_a_run_uses_the_file(saved: CalibrationFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_calibration(saved, tmp_path / "c.json")
    assert load_calibration(tmp_path / "c.json") == saved
    assert [p.name for p in tmp_path.iterdir()] == ["c.json"]
    ended = run_to_its_end(make_run(using(tmp_path / "c.json")), tmp_path / "r.h5", monkeypatch)
    assert ended.error is None
    assert ended.result is not None
    assert ended.result.response == ChainResponse.from_dict(saved.response)
    assert saved.delay_samples == pytest.approx(2.0, abs=0.1)
    with ended.record() as record:
        assert "old-calibration" not in [e.kind for e in record.events]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"rate_hz": 10e3}, ("10000 Hz", "20000 Hz")),
        ({"outputs": {"a": "ao7"}}, ("ao7", "ao0")),
        ({"instruments": ()}, ("instruments", "serial")),
    ],
)
def test_another_bench_is_refused_before_anything_moves(
    change: dict[str, Any],
    told: tuple[str, str],
    saved: CalibrationFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_calibration(saved.model_copy(update=change), tmp_path / "c.json")
    ended = run_to_its_end(make_run(using(tmp_path / "c.json")), tmp_path / "r.h5", monkeypatch)
    assert isinstance(ended.error, CalibrationError)
    assert all(word in ended.error.message for word in told)
    assert "hgx calibrate" in ended.error.remedy
    # The spy begins with the levels that were there.
    assert ended.card.history.shape[1] == 1
    assert ended.card.closed
    with ended.record() as record:
        assert "started" not in [e.kind for e in record.events]


def test_an_old_one_is_told(saved: CalibrationFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = saved.model_copy(update={"written": saved.written - timedelta(days=8)})
    save_calibration(old, tmp_path / "c.json")
    noted: list[str] = []

    class Noting(Heard):
        def note(self, text: str) -> None:
            noted.append(text)

    ended = run_to_its_end(make_run(using(tmp_path / "c.json")), tmp_path / "r.h5", monkeypatch, audience=Noting())
    assert ended.error is None
    assert any("8.0 days old" in text for text in noted)
    with ended.record() as record:
        [event] = [e for e in record.events if e.kind == "old-calibration"]
    assert event.data["age_seconds"] > 8 * 86400 - 1


@pytest.mark.parametrize("content", [None, "not json", json.dumps({"format": "hgx-calibration-1"})])
def test_no_calibration_in_the_file(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(CalibrationError, match=r"c\.json") as caught:
        load_calibration(path)
    assert "hgx calibrate" in caught.value.remedy
