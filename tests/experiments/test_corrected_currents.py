"""What a run makes of the gain and the offset in a saved calibration: currents as the load has them, and words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.config.calibration_file import save_calibration
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments import Reference, calibrate_bench, perform
from hgx_lab.records import open_record

OHMS = 10e6
BENCH = """
seed: 4
bench:
  kind: simulated
  rate: 100 kHz
  delay: 100 us
  gain_error: 7 %
  offset: 0.8 V
  stray_capacitance: [0.2 pF, 1 pF]
  device: {{kind: linear, conductances: [100 nA/V, 0 A/V]}}
  amplifier: {{gain: {gain}, bandwidth: 5 kHz, clip: {clip}, inverting: true}}
electrodes:
  - {{name: ref, role: control, limits: [-1 V, 1 V], rest: 0.5 V, start: 0.5 V}}
  - {{name: open, role: control, limits: [-1 V, 1 V], start: 0 V}}
safety: {{slew: 50 kV/s}}
"""
NOISE = BENCH + "experiment: noise\ntones: {{amplitude: 100 mV}}\n"
IV = BENCH + (
    "experiment: iv\nsweep: {{electrode: ref, span: [-0.9 V, 0.9 V], steps: 7}}\nboth_ways: false\n"
    "tones: {{amplitude: 1 mV}}\ntiming: {{settle: 5 ms, periods: 4}}\ncalibration: {{kind: saved, file: '{file}'}}\n"
)


def parsed(text: str, *, gain: str = "100 nA/V", clip: str = "4 V", file: Path = Path("none")) -> RunFile:
    return parse_run_file(text.format(gain=gain, clip=clip, file=file))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One calibration with a known load and one without."""
    folder = tmp_path_factory.mktemp("calibrations")
    found: dict[str, Path] = {}
    for name, reference in (("load", Reference("ref", OHMS)), ("bare", None)):
        result = calibrate_bench(parsed(NOISE), record=folder / f"{name}.h5", duration=4.0, reference=reference)
        save_calibration(result, found.setdefault(name, folder / f"{name}.json"))
    return found


def swept(run: RunFile, record: Path) -> tuple[np.ndarray, np.ndarray, dict[str, Any]]:
    """Volts, amperes and the calibration's data of a sweep."""
    perform(run, record=record)
    with open_record(record) as found:
        told = next(e for e in found.events if e.kind == "calibration" and "corrected" in e.data)
        curve = found["sweeps"]
        return curve["volts"].values.ravel(), curve["current"].values.ravel(), dict(told.data)


def test_currents_are_those_of_the_load(files: dict[str, Path], tmp_path: Path) -> None:
    volts, current, told = swept(parsed(IV, file=files["load"]), tmp_path / "iv.h5")
    slope, zero = np.polyfit(volts, current, 1)
    assert slope == pytest.approx(1 / OHMS, rel=0.005)
    # 1/f noise wanders by some mV behind 10 MV/A; uncorrected it would be 80 nA.
    assert abs(zero) < 1.5e-9
    assert told["corrected"] is True
    assert told["gain_volts_per_ampere"] == pytest.approx(-1.07 * OHMS, rel=0.005)
    assert told["offset_volts"] == pytest.approx(0.8, abs=0.015)
    assert 0 < told["gain_std_volts_per_ampere"] < 0.005 * OHMS
    assert 0 < told["offset_std_volts"] < 0.01


def test_without_a_known_load_the_nominal_gain_holds_and_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    volts, current, told = swept(parsed(IV, file=files["bare"]), tmp_path / "iv.h5")
    slope, zero = np.polyfit(volts, current, 1)
    assert slope == pytest.approx(1.07 / OHMS, rel=0.005)
    assert zero == pytest.approx(-0.8 / OHMS, rel=0.03)
    assert told["corrected"] is False


def test_another_gain_of_the_amplifier_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match="another gain of the amplifier: -10 MV/A there, -1 MV/A") as caught:
        perform(parsed(IV, gain="1 uA/V", file=files["load"]), record=tmp_path / "iv.h5")
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(("clip", "clips"), [("1.85 V", False), ("1.7 V", True)])
def test_clipping_is_told_by_what_the_converter_sees(
    clip: str, clips: bool, files: dict[str, Path], tmp_path: Path
) -> None:
    # 0.9 V on 10 MOhm is 0.963 V behind the converter, of either sign, and 0.8 V of offset: 1.763 V at one end.
    perform(parsed(IV, clip=clip, file=files["load"]), record=tmp_path / "iv.h5")
    with open_record(tmp_path / "iv.h5") as record:
        assert ("overload" in [e.kind for e in record.events]) is clips
