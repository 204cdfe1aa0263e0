"""Every kind of task, playback, order and tone plan that a run file can ask for, for a few iterations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_lab.experiments import plan_tones, simulated_device
from hgx_lab.experiments._learning import make_task
from hgx_lab.learning.training import Iteration
from tests.support.runs import IDEAL, Ended, Heard, make_run, run_to_its_end

LEVELS = [-0.4, 0.4]


def electrodes(roles: str) -> list[dict[str, Any]]:
    """Electrodes by the first letters of their roles."""
    names = {"c": "control", "i": "input", "f": "fixed"}
    return [{"name": f"e{i}", "role": names[r], "limits": [-1, 1]} for i, r in enumerate(roles)]


def run_ideal(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, within: float = 5e-12
) -> tuple[Ended, list[Iteration]]:
    """Run on the ideal bench with small tones; it ends well, and every output and derivative is the device's."""
    heard = Heard()
    defaults = {**IDEAL, "tones.amplitude": "2 mV", "stop.iterations": 3}
    ended = run_to_its_end(make_run(defaults | changes), tmp_path / "r.h5", monkeypatch, audience=heard)
    if ended.error is not None:
        raise ended.error
    ended.assert_safe()
    ended.assert_at_rest()
    iterations = heard.of("iteration")
    assert len(iterations) == 3
    run = ended.run
    task = make_task(run)
    device = simulated_device(run.bench, len(run.electrodes))
    names = [e.name for e in run.electrodes]
    controls = [i for i, e in enumerate(run.electrodes) if e.role == "control"]
    for iteration in iterations:
        volts = np.array([[e.rest if e.value is None else e.value for e in run.electrodes]] * len(task.training)).T
        volts[controls] = iteration.controls[:, None]
        volts[[names.index(n) for n in task.input_names]] = task.training.inputs.T
        np.testing.assert_allclose(iteration.outputs, device.current(volts)[0], rtol=0, atol=within)
        exact = device.jacobian(volts)[0, controls].T
        np.testing.assert_allclose(iteration.derivatives, exact, rtol=2e-3, atol=5e-4 * np.abs(exact).max())
    return ended, iterations


@pytest.mark.parametrize("gate", ["XOR", "NAND"])
@pytest.mark.parametrize("order", ["sequential", "alternating", "random"])
def test_gates(gate: str, order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"kind": "gate", "gate": gate, "inputs": {"x": LEVELS, "y": LEVELS}}
    run_ideal({"task": task, "timing.order": order}, tmp_path, monkeypatch)


def test_feature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"kind": "feature", "pattern": 6, "inputs": {f"e{i}": LEVELS for i in range(4)}}
    _, iterations = run_ideal({"electrodes": electrodes("iiiicc"), "task": task}, tmp_path, monkeypatch)
    assert iterations[0].outputs.shape == (16,)


@pytest.mark.parametrize("kind", ["sphere", "ring"])
def test_shapes_with_test_points(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = {f"e{i}": LEVELS for i in range(3 if kind == "sphere" else 2)}
    task = {"kind": kind, "inputs": inputs, "points": 6, "test_points": 4}
    roles = "i" * len(inputs) + "cc"
    ended, _ = run_ideal({"electrodes": electrodes(roles), "task": task}, tmp_path, monkeypatch)
    assert ended.result is not None
    assert [v.name for v in ended.result.outcome.validations] == ["training", "test"]
    with ended.record() as record:
        table = record["validation"]
        assert table["outputs"].shape == (2, 6)
        assert list(table["set"].values) == [0, 1]
        assert np.isnan(table["outputs"].values[1, 4:]).all()
        assert np.isfinite(table["outputs"].values[1, :4]).all()


@pytest.mark.parametrize("test", [None, "file", "fraction"])
def test_tables(test: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "cases.csv"
    table.write_text("x,y,t\n" + "".join(f"{0.1 * i},{-0.1 * i},{i % 2}\n" for i in range(-4, 4)))
    task: dict[str, Any] = {"kind": "table", "file": str(table), "inputs": {"x": "x", "y": "y"}, "target": "t"}
    if test == "file":
        task["test_file"] = str(table)
    elif test == "fraction":
        task["test_fraction"] = 0.3
    ended, _ = run_ideal({"task": task}, tmp_path, monkeypatch)
    assert ended.result is not None
    assert len(ended.result.outcome.validations) == 1 + (test is not None)


@pytest.mark.parametrize("playback", ["continuous", "ramped"])
@pytest.mark.parametrize("update", ["wait", "in-flight"])
def test_playbacks(playback: str, update: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"timing.playback": playback, "timing.update": update}
    ended, iterations = run_ideal(changes, tmp_path, monkeypatch)
    history = ended.card.history[:, 1:]
    rest = np.array([e.rest for e in ended.run.electrodes])
    between = [np.abs(history[:, i.sample - 1] - rest).max() for i in iterations[1:]]
    assert (max(between) < 1e-9) == (playback == "ramped")
    assert np.all([i.duty <= 1 for i in iterations])
    with ended.record() as record:
        assert not [e for e in record.events if e.kind == "late-update"]


@pytest.mark.parametrize("plan", ["octave", "contiguous", "hessian", "metrology"])
def test_tone_plans(plan: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_ideal({"tones.plan": plan}, tmp_path, monkeypatch)


def test_tones_on_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, iterations = run_ideal({"tones.on_inputs": True}, tmp_path, monkeypatch)
    assert len(plan_tones(ended.run).frequencies_hz) == 4
    assert iterations[0].derivatives.shape == (4, 2)
    with ended.record() as record:
        assert record["readings"]["derivative"].shape[1:] == (1, 4)
        assert [str(n) for n in record.coordinate("tone").values] == ["a", "x", "y", "b"]


def test_manual_tones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"tones.plan": "manual", "tones.frequencies": [700, 1100]}
    ended, _ = run_ideal(changes, tmp_path, monkeypatch)
    np.testing.assert_allclose(plan_tones(ended.run).frequencies_hz, [700, 1100])


def test_bridged_tones_off_the_grid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"tones.plan": "manual", "tones.frequencies": [712.5, 1133.3], "tones.bridge": True}
    run_ideal({**changes, "timing.periods": 4}, tmp_path, monkeypatch)


def test_amplitudes_and_slews_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changes = {"electrodes.0.amplitude": "5 mV", "electrodes.3.slew": "230 V/s", "electrodes.0.slew": "263 V/s"}
    ended, _ = run_ideal(changes, tmp_path, monkeypatch, within=3e-11)
    peaks = [np.abs(np.diff(row)).max() * ended.run.bench.rate for row in ended.card.history]
    assert peaks[0] <= 263
    assert peaks[3] <= 230
    assert max(peaks) > 150


@pytest.mark.parametrize(
    "loss",
    [
        {"kind": "correlation-sigmoid"},
        {"kind": "correlation"},
        {"kind": "mse"},
        {"kind": "logistic"},
        {"kind": "fisher"},
    ],
    ids=lambda loss: loss["kind"],
)
@pytest.mark.parametrize(
    "optimizer",
    [
        {"kind": "gradient-descent", "schedule": {"kind": "exponential", "half_life": 2}},
        {"kind": "momentum", "schedule": {"kind": "cosine", "iterations": 3}},
        {"kind": "adam", "schedule": {"kind": "step", "every": 1}, "largest_step": None},
    ],
    ids=lambda optimizer: optimizer["kind"],
)
def test_losses_and_optimizers(
    loss: dict[str, Any], optimizer: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, iterations = run_ideal({"loss": loss, "optimizer": optimizer}, tmp_path, monkeypatch)
    assert np.any(iterations[2].controls != iterations[0].controls)
    assert iterations[1].rate != iterations[0].rate or iterations[2].rate != iterations[1].rate


@pytest.mark.parametrize("validation", [None, {"periods": 3, "settle": "1 ms", "repeats": 3}])
def test_validations(validation: dict[str, Any] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, iterations = run_ideal({"validation": validation}, tmp_path, monkeypatch)
    assert ended.result is not None
    outcome = ended.result.outcome
    if validation is None:
        assert outcome.validations == ()
        return
    [found] = outcome.validations
    assert found.outputs.shape == (3, 4)
    best = min(iterations, key=lambda i: i.loss)
    np.testing.assert_array_equal(outcome.controls, best.controls)
    # On a bench without noise the passes agree, and agree with the outputs under tiny tones.
    assert np.ptp(found.outputs, axis=0).max() < 1e-15
    np.testing.assert_allclose(found.outputs[0], best.outputs, rtol=0, atol=5e-12)


def test_a_linear_device_and_an_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = {"kind": "linear", "conductances": [1e-8, 2e-8, -3e-9, 4e-9, 0], "offset": "2 nA"}
    run_ideal({"bench.device": device}, tmp_path, monkeypatch)
