"""The record of a run tells exactly what happened: by the card's own account, and by the device's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.experiments import simulated_device
from tests.support.runs import IDEAL, Heard, make_run, run_to_its_end


def test_segments_and_raw_samples_are_what_the_converters_and_the_device_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run({**IDEAL, "record.raw": True, "bench.delay": "100 us"})
    ended = run_to_its_end(run, tmp_path / "r.h5", monkeypatch)
    assert ended.error is None
    volts = ended.card.history[:, 1:]
    with ended.record() as record:
        segments = record["segments"]
        frequencies = record.coordinate("frequency").values
        tones = [[e.name for e in run.electrodes].index(str(n)) for n in record.coordinate("tone").values]
        for i in range(segments.sizes["segment"]):
            one = segments.isel(segment=i)
            start, end = int(one["start"] + one["slope"]), int(one["start"] + one["length"])
            n = np.arange(start, end)
            expected = np.repeat(one["dc"].values[:, None], end - start, axis=1)
            for row, f, a in zip(tones, frequencies, one["amplitude"].values, strict=True):
                expected[row] += a * np.sin(2 * np.pi * f * n / run.bench.rate)
            end = min(end, volts.shape[1])
            np.testing.assert_allclose(volts[:, start:end], expected[:, : end - start], rtol=0, atol=1e-9)
        raw = record.raw()
        current = simulated_device(run.bench, 5).current(volts)[0]
        delayed = np.concatenate([np.full(2, simulated_device(run.bench, 5).current(volts[:, :1] * 0)[0, 0]), current])
        samples = raw["sample"].values
        np.testing.assert_array_equal(samples, np.arange(len(samples)))
        np.testing.assert_allclose(raw.values[0], delayed[samples], rtol=1e-6, atol=1e-14)


def test_iterations_are_those_that_the_audience_heard_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    ended = run_to_its_end(make_run({"stop.iterations": 3}), tmp_path / "r.h5", monkeypatch, audience=heard)
    with ended.record() as record:
        table = record["iterations"]
        for i, iteration in enumerate(heard.of("iteration")):
            np.testing.assert_array_equal(table["controls"][i], iteration.controls)
            np.testing.assert_array_equal(table["outputs"][i], iteration.outputs)
            np.testing.assert_array_equal(table["gradient_std"][i], iteration.gradient_std)
            assert float(table["sign_confidence"][i]) == iteration.sign_confidence == 1.0
            assert float(table["loss"][i]) == iteration.loss
            assert int(table["sample"][i]) == iteration.sample
        kinds = [e.kind for e in record.events]
        assert kinds[0] == "instrument"
        assert kinds[-2:] == ["outcome", "end"]
        assert [e.kind for e in record.events if e.kind in {str(h.kind) for h in heard.of("event")}] == [
            str(h.kind) for h in heard.of("event")
        ]
        [validation] = heard.of("validation")
        np.testing.assert_array_equal(record["validation"]["outputs"], validation.outputs)


@pytest.mark.parametrize("inverting", [False, True])
@pytest.mark.parametrize("delay", ["0 s", "100 us", "750 us"])
def test_a_measured_calibration_restores_every_sign(
    inverting: bool, delay: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Delays that turn a tone of 2 kHz by up to three half turns, on an amplifier of either sign."""
    changes = {
        **IDEAL,
        "bench.delay": delay,
        "bench.amplifier.inverting": inverting,
        "calibration": {"kind": "measure", "duration": "0.3 s"},
        "tones.amplitude": "2 mV",
        "stop.iterations": 2,
    }
    heard = Heard()
    ended = run_to_its_end(make_run(changes), tmp_path / "r.h5", monkeypatch, audience=heard)
    assert ended.error is None
    device = simulated_device(ended.run.bench, 5)
    for iteration in heard.of("iteration"):
        for case, (x, y) in enumerate([(-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)]):
            a, b = iteration.controls
            point = np.array([[a], [x], [y], [b], [0.4]])
            exact = device.jacobian(point)[0, [0, 3], 0]
            np.testing.assert_allclose(iteration.derivatives[case], exact, rtol=0.01, atol=0.002 * np.abs(exact).max())
            assert iteration.outputs[case] == pytest.approx(device.current(point)[0, 0], abs=2e-12)


def test_settling_after_a_slow_electrode(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An amplifier pole blurs what comes before a window; with settling of many time constants it doesn't show."""
    outputs: list[Any] = []
    for settle in ("0 s", "5 ms"):
        changes = {
            **IDEAL,
            "bench.amplifier.bandwidth": "500 Hz",
            "timing.settle": settle,
            "tones.amplitude": "2 mV",
            "stop.iterations": 1,
        }
        heard = Heard()
        run_to_its_end(make_run(changes), tmp_path / f"{settle}.h5", monkeypatch, audience=heard)
        [iteration] = heard.of("iteration")
        outputs.append(iteration.outputs)
        run = make_run(changes)
    device = simulated_device(run.bench, 5)
    a, b = iteration.controls
    cases = np.array([(a, x, y, b, 0.4) for x in (-0.5, 0.5) for y in (-0.5, 0.5)]).T
    truth = device.current(cases)[0]
    assert np.abs(outputs[1] - truth).max() < 2e-12  # the tones' own rectification
    assert np.abs(outputs[0] - truth).max() > 20 * np.abs(outputs[1] - truth).max()
