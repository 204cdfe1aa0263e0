"""At 20 kS/s a picofarad charged in steps no longer makes the calibration refuse the chain."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgx_lab.experiments import train
from tests.support.runs import make_run


def test_a_picofarad_at_20_ks_per_second_is_calibrated(tmp_path: Path) -> None:
    run = make_run(
        {
            "calibration": {"kind": "measure"},
            "bench.stray_capacitance": [1e-12],
            "bench.noise": None,
            "stop.iterations": 1,
        }
    )
    response = train(run, record=tmp_path / "run.h5").response
    assert response.delay_samples(run.bench.rate) == pytest.approx(2.0, abs=0.05)
