"""Random run files: whatever they ask for, no sample outside, no step too fast, and rest at the end."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hgx_drivers.errors import DriverError
from hgx_lab.config import RunFileError, TrainRun, parse_run_file
from hgx_lab.config.yaml_dump import dump_yaml
from hgx_lab.errors import CalibrationError, HgxError
from hgx_lab.experiments import Interrupts, RunInterrupted, dry_run
from tests.support.runs import Heard, highest_slew, run_to_its_end

#: What a run file may fail with although it was read: all of it typed, none of it a fault of the program.
TYPED = (HgxError, DriverError)


def volts(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high).map(lambda v: round(v, 4))


@st.composite
def electrodes(draw: st.DrawFn, inputs: int, amplitude: float) -> list[dict[str, Any]]:
    """Electrodes with limits, rest voltages and slews of their own, in random order."""
    roles = ["input"] * inputs + ["control"] * draw(st.integers(1, 3)) + ["fixed"] * draw(st.integers(0, 2))
    found: list[dict[str, Any]] = []
    for i, role in enumerate(draw(st.permutations(roles))):
        low, high = draw(volts(-2.0, -0.15)), draw(volts(0.15, 2.0))
        one: dict[str, Any] = {"name": f"e{i}", "role": role, "limits": [low, high], "rest": draw(volts(low, high))}
        if role == "fixed":
            one["value"] = draw(volts(low, high))
        if role == "control" and draw(st.booleans()):
            one["start"] = draw(volts(low + 2 * amplitude, high - 2 * amplitude))
        if role == "control" and draw(st.booleans()):
            one["amplitude"] = amplitude * draw(st.floats(0.2, 1.5))
        found.append(one)
    return found


@st.composite
def run_files(draw: st.DrawFn) -> dict[str, Any]:
    """Run files that can be read, of all tasks, playbacks and plans, as tight to the slew limit as is allowed."""
    kind = draw(st.sampled_from(["gate", "feature", "ring", "sphere"]))
    count = {"gate": 2, "feature": 4, "ring": 2, "sphere": 3}[kind]
    amplitude = draw(st.floats(0.001, 0.05))
    listed = draw(electrodes(count, amplitude))
    on_inputs = draw(st.booleans())
    room = amplitude if on_inputs else 0.0
    task: dict[str, Any] = {"kind": kind, "inputs": {}}
    for one in listed:
        if one["role"] == "input":
            low, high = one["limits"]
            middle = draw(st.floats(0.2, 0.8))
            task["inputs"][one["name"]] = [
                low + room + 0.1 * middle * (high - low - 2 * room),
                high - room - 0.05 * middle * (high - low - 2 * room),
            ]
    extra: dict[str, dict[str, Any]] = {
        "gate": {"gate": draw(st.sampled_from(["AND", "XOR"]))},
        "feature": {"pattern": draw(st.integers(0, 15))},
    }
    task |= extra.get(kind, {"points": draw(st.integers(2, 5)), "test_points": draw(st.integers(2, 4))})
    rate = draw(st.sampled_from([8e3, 20e3]))
    top = draw(st.sampled_from([900.0, 2000.0]))
    slope = draw(st.floats(20, 2000))
    block = draw(st.sampled_from([0.5e-3, 2e-3, 7e-3]))
    slew = (slope + 2 * np.pi * top * 1.5 * amplitude) * draw(st.sampled_from([1.0 + 1e-9, 1.05, 3.0]))
    run: dict[str, Any] = {
        "experiment": "train",
        "seed": draw(st.integers(0, 1000)),
        "bench": {
            "kind": "simulated",
            "rate": rate,
            "block": block,
            "lead": block * draw(st.sampled_from([1, 2, 5])),
            "delay": draw(st.sampled_from([0.0, 0.25e-3, 0.375e-3])),
            "device": {"kind": "smooth", "seed": draw(st.integers(0, 20)), "hidden": 8},
            "noise": draw(st.sampled_from([None, {"white": 1e-27, "flicker": 0, "hum": None}])),
        },
        "electrodes": listed,
        "safety": {"slew": slew, "rest_slope": slew * draw(st.sampled_from([1.0, 0.3, 0.02]))},
        "tones": {
            "plan": draw(st.sampled_from(["octave", "contiguous"])),
            "period": draw(st.sampled_from([10e-3, 20e-3])),
            "band": [300.0, top],
            "amplitude": amplitude,
            "on_inputs": on_inputs,
            "drift": draw(st.booleans()),
        },
        "timing": {
            "slope": slope,
            "settle": draw(st.sampled_from([0.0, 1e-3])),
            "periods": draw(st.integers(1, 2)),
            "order": draw(st.sampled_from(["sequential", "alternating", "random"])),
            "update": draw(st.sampled_from(["wait", "in-flight"])),
            "playback": draw(st.sampled_from(["continuous", "ramped"])),
        },
        "calibration": draw(st.sampled_from([{"kind": "none"}, {"kind": "measure", "duration": 0.01}])),
        "task": task,
        "optimizer": {"kind": "adam", "rate": 0.3, "largest_step": None},
        "restart": {"patience": draw(st.integers(1, 2))},
        "stop": {"iterations": draw(st.integers(1, 4))},
        "validation": draw(st.sampled_from([None, {"periods": 1, "settle": 0.0}])),
    }
    faults = st.sampled_from(["underflow", "overflow", "nan", "stall", "disconnect"])
    run["bench"]["faults"] = draw(
        st.one_of(
            st.just([]),
            st.lists(st.builds(dict, kind=faults, at=st.floats(0, 0.8).map(lambda t: round(t, 4))), max_size=2),
        )
    )
    return run


@pytest.mark.slow
@settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=run_files(), stop_at=st.one_of(st.none(), st.integers(0, 12)))
def test_no_run_file_whatsoever_gets_a_bad_sample_to_the_card(data: dict[str, Any], stop_at: int | None) -> None:
    try:
        run = parse_run_file(dump_yaml(data))
    except RunFileError as error:
        # The strategy stays inside what a run file may say, but for tones that the electrodes have no room for.
        assert "tone" in str(error) or "frequencies" in str(error), error
        return
    assert isinstance(run, TrainRun)
    assert highest_slew(run) <= run.safety.slew * (1 + 1e-9)
    try:
        dry_run(run)
    except HgxError:
        plannable = False
    else:
        plannable = True
    interrupts = Interrupts()
    told = iter(range(10_000))

    def listen(_: object) -> None:
        if stop_at is not None and next(told) >= stop_at:
            interrupts.request("the test")

    audience = Heard({"event": listen, "iteration": listen, "validation": listen})
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "r.h5"
        ended = run_to_its_end(run, path, patch, audience=audience, interrupts=interrupts)
        assert ended.error is None or isinstance(ended.error, TYPED), ended.error
        if not ended.cards:
            assert not plannable
            assert not path.exists() or ended.record().status == "failed"
            return
        ended.assert_safe()
        disconnected = not np.all(np.isfinite(ended.card.levels()))
        if not ended.card.streams:  # refused before the first stream
            assert ended.card.history.shape[1] == 1
        elif not disconnected:
            ended.assert_at_rest()
        with ended.record() as record:
            kinds = [e.kind for e in record.events]
            assert disconnected == ("not-at-rest" in kinds)
            expected = {type(None): "completed", RunInterrupted: "interrupted"}.get(type(ended.error), "failed")
            assert record.status == expected
            if expected == "failed" and plannable and not data["bench"]["faults"]:
                # Without a fault nothing refuses what could be planned, but for a calibration of a hundredth of a
                # second, which may leave signs open.
                assert isinstance(ended.error, CalibrationError)
