"""Sound run files: what is read, what is the default, and that a dump reads as the same run."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from hgx_lab import config
from hgx_lab.config import RunFile, RunFileError, TrainRun, change_run_file, load_run_file, parse_run_file

VALID = (Path(__file__).parent / "full.yaml").read_text("utf-8")

SHORT = """\
bench: {kind: simulated}
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V]}
task: {kind: gate, gate: AND, inputs: {a: [0 V, 0.5 V], b: [0 V, 0.5 V]}}
"""

EVERY_TASK = {
    "gate": "{kind: gate, gate: XNOR, inputs: {e1: [0 V, 1 V], e2: [0.5 V, -0.5 V]}}",
    "ring": "{kind: ring, inputs: {e1: [-1 V, 1 V], e2: [-1 V, 1 V]}, points: 50, seed: 4}",
    "table": "{kind: table, file: d.csv, inputs: {first column: e1, b: e2}, target: c, test_fraction: 20 %}",
}
EVERY_LOSS = {
    "correlation-sigmoid": "{kind: correlation-sigmoid, separation: 2 nA}",
    "correlation": "{kind: correlation}",
    "mse": "{kind: mse, low: -5 nA, high: 5 nA}",
    "logistic": "{kind: logistic, threshold: 3 nA}",
    "fisher": "{kind: fisher}",
}
EVERY_OPTIMIZER = {
    "gradient-descent": "{kind: gradient-descent, rate: 0.01, schedule: {kind: step, every: 10}}",
    "momentum": "{kind: momentum, rate: 100 mV^2, momentum: 0.5, schedule: {kind: exponential}}",
    "adam": "{kind: adam, schedule: {kind: cosine, final: 10 %}, largest_step: null}",
}
EVERY_CALIBRATION = {
    "measure": "{max_delay: 2 ms}",
    "none": "{kind: none}",
    "fixed": "{kind: fixed, delay: 60 us, pole: 20 kHz}",
}
EVERY_DEVICE = {
    "smooth": "{kind: smooth, seed: 7}",
    "linear": "{kind: linear, conductances: [1 nA/V, 2 nA/V, -3 nA/V, 0, 5e-9], offset: 1 nA}",
    "surrogate": "{kind: surrogate, file: device.npz}",
    "dopant": "{kind: dopant, layout: mine.json, compiled: false}",
    "mesh": "{kind: mesh, ports: 3, layers: 3, output: 1, half_wave: 3 V, photocurrent: 1 uA, seed: 2}",
    "python": "{kind: python, file: own.py, function: currents, jacobian: slopes}",
    "resistors": "{kind: resistors, terminals: [a, b, c, d, e], resistors: ["
    + ", ".join(f"{{nodes: [{n}, p], conductance: 1 nA/V}}" for n in ("a", "b", "c", "d", "e", "out"))
    + "]}",
}


def train(text: str, folder: Path | None = None) -> TrainRun:
    run = parse_run_file(text, folder=folder, check_files=False)
    assert isinstance(run, TrainRun)
    return run


def replaced(section: str, text: str) -> str:
    """The full file with a whole top-level section of one line replaced, or added."""
    lines = [line for line in VALID.splitlines() if not line.startswith(f"{section}:")]
    return "\n".join([*lines, f"{section}: {text}"])


def test_numbers_are_si() -> None:
    run = train(VALID)
    assert run.bench.rate == 100e3
    assert run.bench.delay == 60e-6
    assert run.bench.amplifier.gain == 1e-7
    assert run.bench.noise is not None
    assert run.bench.noise.flicker == 1e-23
    assert run.electrodes[3].start == 0.1
    assert run.tones.band == (300.0, 3000.0)
    assert isinstance(run.task, config.GateTask)
    assert run.task.inputs == {"e1": (-0.5, 0.5), "e2": (-0.5, 0.5)}
    assert isinstance(run.optimizer, config.Adam)
    assert run.optimizer.rate == 0.05
    assert run.stop.margin == 1e-9


def test_the_shipped_run_files_are_sound() -> None:
    folder = Path(__file__).parents[2] / "configs"
    paths = sorted(folder.glob("*.yaml"))
    assert paths
    for path in paths:
        run = load_run_file(path, check_files=False)
        assert parse_run_file(run.to_yaml(), check_files=False) == run


def test_a_short_file_is_enough() -> None:
    run = train(SHORT)
    assert run.experiment == "train"
    assert isinstance(run.bench.device, config.SmoothDevice)
    assert run.tones.plan == "octave"
    assert run.restart is not None
    assert run.restart.patience == 10
    assert isinstance(run.calibration, config.MeasuredCalibration)


def test_it_tells_who_carries_a_tone() -> None:
    run = train(
        VALID.replace("limits: [-1 V, 1 V], start", "limits: [-1 V, 1 V], amplitude: 5 mV, slew: 2 kV/s, start")
    )
    assert [e.name for e in run.toned_electrodes()] == ["e0", "e3"]
    assert [run.tone_amplitude(e) for e in run.electrodes] == [0.02, 0.0, 0.0, 0.005, 0.0]
    assert [run.slew_limit(e) for e in run.electrodes] == [5e3, 5e3, 5e3, 2e3, 5e3]
    assert [e.name for e in run.electrodes_with_role("input")] == ["e1", "e2"]


def test_inputs_carry_tones_when_asked() -> None:
    run = train(VALID.replace("tones: {", "tones: {on_inputs: true, "))
    assert [e.name for e in run.toned_electrodes()] == ["e0", "e1", "e2", "e3"]


@pytest.mark.parametrize(
    ("section", "kind", "text"),
    [
        (section, kind, text)
        for section, kinds in [
            ("task", EVERY_TASK),
            ("loss", EVERY_LOSS),
            ("optimizer", EVERY_OPTIMIZER),
            ("calibration", EVERY_CALIBRATION),
        ]
        for kind, text in kinds.items()
    ],
)
def test_every_kind_reads_and_reads_back(section: str, kind: str, text: str, tmp_path: Path) -> None:
    run = train(replaced(section, text), tmp_path)
    assert getattr(run, section).kind == kind
    assert parse_run_file(run.to_yaml(), check_files=False) == run


@pytest.mark.parametrize(("kind", "text"), EVERY_DEVICE.items())
def test_every_device_reads_and_reads_back(kind: str, text: str, tmp_path: Path) -> None:
    valid = VALID
    if kind == "mesh":  # an interferometer has two phases, so a mesh has an even number of electrodes
        valid = VALID.replace("safety:", "  - {name: e5, role: fixed, limits: [-1 V, 1 V]}\nsafety:", 1)
    run = train(valid.replace("{kind: smooth, seed: 3}", text), tmp_path)
    assert run.bench.device.kind == kind
    assert parse_run_file(run.to_yaml(), check_files=False) == run


def test_a_layout_is_a_stored_one_or_a_file_beside_the_run_file(tmp_path: Path) -> None:
    valid = VALID.replace("{kind: smooth, seed: 3}", "{kind: dopant, layout: mine.json}")
    device = train(valid, tmp_path).bench.device
    assert isinstance(device, config.DopantDevice)
    assert device.layout == tmp_path / "mine.json"
    assert config.DopantDevice(kind="dopant").layout == "n16"


def test_four_inputs_for_features_and_three_for_spheres() -> None:
    names = ["e0", "e1", "e2", "e3"]
    electrodes = "\n".join(f"  - {{name: {n}, role: input, limits: [-1 V, 1 V]}}" for n in names)
    electrodes += "\n  - {name: c, role: control, limits: [-1 V, 1 V]}\n"
    levels = ", ".join(f"{n}: [-0.5 V, 0.5 V]" for n in names)
    text = f"bench: {{kind: simulated}}\nelectrodes:\n{electrodes}"
    feature = train(text + f"task: {{kind: feature, pattern: 9, inputs: {{{levels}}}}}\n")
    assert isinstance(feature.task, config.FeatureTask)
    text = text.replace("name: e0, role: input", "name: e0, role: fixed")
    sphere = train(text + f"task: {{kind: sphere, inputs: {{{levels.partition(', e1')[2].join(['e1', ''])}}}}}\n")
    assert isinstance(sphere.task, config.SphereTask)
    assert parse_run_file(sphere.to_yaml()) == sphere


def test_switches_are_null_or_zero() -> None:
    text = VALID.replace("noise: {flicker: 1e-5 nA^2/Hz, white: 3.3e-10 nA^2/Hz}", "noise: null")
    text = text.replace("mains: 50 Hz", "mains: null").replace("bandwidth: 20 kHz", "bandwidth: ~")
    run = train(text + "restart: null\nvalidation: null\n")
    assert (run.bench.noise, run.tones.mains, run.bench.amplifier.bandwidth) == (None, None, None)
    assert (run.restart, run.validation) == (None, None)
    assert parse_run_file(run.to_yaml()) == run


def test_a_capacitance_for_all_or_for_each() -> None:
    one = VALID.replace("  clock: fast", "  clock: fast\n  stray_capacitance: 10 pF")
    assert train(one).bench.stray_capacitance == (1e-11,)
    each = VALID.replace("  clock: fast", "  clock: fast\n  stray_capacitance: [1 pF, 2 pF, 3 pF, 4 pF, 5 pF]")
    assert train(each).bench.stray_capacitance == (1e-12, 2e-12, 3e-12, 4e-12, 5e-12)


def test_paths_start_at_the_folder_of_the_run_file(tmp_path: Path) -> None:
    (tmp_path / "device.npz").write_bytes(b"")
    (tmp_path / "run.yaml").write_text(VALID.replace("{kind: smooth, seed: 3}", "{kind: surrogate, file: device.npz}"))
    run = load_run_file(tmp_path / "run.yaml")
    assert isinstance(run.bench.device, config.SurrogateDevice)
    assert run.bench.device.file == tmp_path / "device.npz"
    assert parse_run_file(run.to_yaml(), folder=tmp_path / "elsewhere") == run


def test_on_and_no_are_texts_as_in_yaml_1_2() -> None:
    run = train(replaced("name", "no").replace("e0", "on"))
    assert run.name == "no"
    assert run.electrodes[0].name == "on"
    assert parse_run_file(run.to_yaml()) == run


def test_anchors_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    text = VALID.replace("e0, role: control, limits: [-1 V, 1 V]", "e0, role: control, limits: &l [-1 V, 1 V]")
    text = text.replace("e3, role: control, limits: [-1 V, 1 V]", "e3, role: control, limits: *l")
    (tmp_path / "run.yaml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_run_file(tmp_path / "run.yaml") == train(VALID)


def test_a_run_is_frozen_and_checked_when_it_is_built_by_a_program() -> None:
    run = train(VALID)
    with pytest.raises(ValidationError):
        run.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError, match=r"tones\.band"):
        TrainRun.model_validate(run.model_dump() | {"tones": {"band": [3e3, 300.0]}})
    assert TrainRun.model_validate(run.model_dump()) == run
    assert TrainRun.model_validate_json(run.model_dump_json()) == run
    assert isinstance(run, RunFile)


def test_a_voltage_that_just_leaves_room_for_the_tone_is_fine() -> None:
    # 0.3 - 0.1 isn't 0.2 in binary.
    electrode = "{name: c, role: control, limits: [0 V, 0.3 V], amplitude: 0.1 V, start: 0.2 V}"
    run = train(SHORT.replace("{name: c, role: control, limits: [-1 V, 1 V]}", electrode))
    assert run.electrodes[2].start == 0.2


def test_changes_are_checked_like_a_file() -> None:
    run = train(VALID)
    changes = {"seed": 5, "stop.iterations": 7, "electrodes.0.start": "50 mV", "bench.drift.rate": "1 pA/s"}
    changed = change_run_file(run, changes)
    assert isinstance(changed, TrainRun)
    assert (changed.seed, changed.stop.iterations, changed.electrodes[0].start) == (5, 7, 0.05)
    assert changed.bench.drift == config.Drift(rate=1e-12)
    assert change_run_file(run, {}) == run
    with pytest.raises(RunFileError, match=r'stop.iteration: unknown key.*Did you mean "iterations"'):
        change_run_file(run, {"stop.iteration": 7})
    for path in ("electrodes.9.start", "electrodes.x", "seed.a", "a.b.c", ""):
        with pytest.raises(RunFileError):
            change_run_file(run, {path: 1})


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x7f"), max_size=200).filter(
    lambda s: all(c in "\n\t" or c.isprintable() for c in s)
)


@settings(max_examples=30, deadline=None)
@given(description=texts, note=st.sampled_from(["", "1e5", ".5e3", "null", "~", "0x1F", "- a", "a: b", "# c", " x "]))
def test_any_text_survives_the_dump(description: str, note: str) -> None:
    run = train(SHORT)
    changed = run.model_copy(update={"description": description, "record": config.Record(note=note)})
    assert parse_run_file(changed.to_yaml()) == changed


@settings(max_examples=30, deadline=None)
@given(
    rate=st.floats(2e4, 1e8),
    gain=st.floats(1e-12, 1e3),
    low=st.floats(-9, -0.5),
    high=st.floats(0.5, 9),
    margin=st.floats(1e-15, 1),
)
def test_any_number_survives_the_dump(rate: float, gain: float, low: float, high: float, margin: float) -> None:
    run = train(SHORT)
    bench = run.bench.model_copy(update={"rate": round(rate / 100) * 100.0, "amplifier": config.Amplifier(gain=gain)})
    electrodes = tuple(e.model_copy(update={"limits": (low, high)}) for e in run.electrodes)
    changed = run.model_copy(update={"bench": bench, "electrodes": electrodes, "stop": config.Stop(margin=margin)})
    assert parse_run_file(changed.to_yaml()) == changed
