"""Broken run files: each is one clean error with the right line, and nothing else is ever raised."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgx_lab.config import RunFileError, load_run_file, parse_run_file

VALID = (Path(__file__).parent / "full.yaml").read_text("utf-8")
E0 = "  - {name: e0, role: control, limits: [-1 V, 1 V]"


def resistors(text: str, terminals: str) -> str:
    return f"  device: {{kind: resistors, terminals: [{terminals}], resistors: [{text}]}}"


# (line that is replaced, its new text, line of the problem, what the message must say)
BROKEN: list[tuple[int, str, int, str]] = [
    # keys
    (3, "nmae: xor", 3, 'unknown key. Allowed: experiment, name,'),
    (3, "nmae: xor", 3, 'Did you mean "name"?'),
    (3, "1: 2", 3, "1: unknown key"),
    (3, "<<: {a: 1}", 3, "<<: unknown key"),
    (11, "  dealy: 60 us", 11, 'bench.dealy: unknown key.'),
    (11, "  Delay: 60 us", 11, 'Did you mean "delay"?'),
    (15, "electrodez:", 15, 'Did you mean "electrodes"?'),
    (25, "loss: {kind: correlation-sigmoid, seperation: 3 nA}", 25, 'Did you mean "separation"?'),
    (25, "loss: {kind: fisher, separation: 3 nA}", 25, "loss.separation: unknown key. Allowed: kind."),
    (24, "", 1, "task: is missing."),
    (16, "  - {name: e0, role: control}", 16, "electrodes[0].limits: is missing."),
    (12, "  device: {kind: linear}", 12, "bench.device.conductances: is missing."),
    (27, "name: again", 27, "name: this key is there already, on line 3."),
    (9, "  rate: 5 kHz", 9, "bench.rate: this key is there already, on line 8."),
    # kinds
    (2, "experiment: trian", 2, 'experiment: "trian" is unknown. Allowed: train, noise, iv,'),
    (2, "experiment: 5", 2, "experiment: 5 is unknown."),
    (2, "experiment: [a]", 2, "experiment: [...] is unknown."),
    (6, "  kind: simulatd", 6, 'bench.kind: "simulatd" is unknown. Allowed: simulated, nidaq.'),
    (6, "  # no kind", 5, "bench: needs the key kind."),
    (12, "  device: {kind: smoth}", 12, "Allowed: smooth, dopant, linear, resistors, mesh,"),
    (12, "  device: {seed: 3}", 12, "bench.device: needs the key kind."),
    (12, "  device: smooth", 12, "Write {kind: smooth}."),
    (26, "optimizer: {kind: adam, schedule: {kind: cosin}}", 26, 'optimizer.schedule.kind: "cosin" is unknown.'),
    (27, "calibration: {kind: guess}", 27, "Allowed: measure, none, fixed, saved."),
    # quantities
    (8, "  rate: 100 ms", 8, "is a time (s), but a frequency (Hz) is wanted."),
    (8, "  rate: 100 khz", 8, 'Did you mean "kHz"?'),
    (8, "  rate: fast", 8, "a number must come first"),
    (8, "  rate: 0 Hz", 8, "bench.rate: 0 Hz is outside the allowed range. Allowed: at least 1 Hz, at most 100 MHz."),
    (8, "  rate: -5", 8, "outside the allowed range"),
    (8, "  rate: .nan", 8, "isn't a finite number"),
    (8, "  rate: .inf", 8, "isn't a finite number"),
    (8, "  rate: 1e999", 8, "isn't a finite number"),
    (8, "  rate: 1" + 300 * "0", 8, "outside the allowed range"),
    (8, "  rate: 1" + 9000 * "0", 8, "isn't a finite number"),
    (8, "  rate: true", 8, "true isn't a quantity"),
    (8, "  rate: [1]", 8, "a list isn't a quantity"),
    (8, "  rate: {a: 1}", 8, "a dict isn't a quantity"),
    (8, "  rate:", 8, "null isn't a quantity"),
    (13, "  amplifier: {gain: 10 MV/A}", 13, 'Did you mean its inverse, "100 nA/V"?'),
    (13, "  amplifier: {gain: 0 A/V}", 13, "Allowed: above 0 A/V"),
    (14, "  noise: {flicker: 1e-5 nA/Hz}", 14, "a spectral density of current (A^2/Hz) is wanted"),
    (26, "optimizer: {kind: adam, rate: 50 s}", 26, "a voltage (V) is wanted"),
    (26, "optimizer: {kind: adam, beta1: 1.5}", 26, "optimizer.beta1: 1.5 is outside the allowed range"),
    (22, "tones: {mains: off}", 22, "Write null for none."),
    # texts, numbers, booleans, choices
    (3, "name: a b", 3, 'Write "a-b".'),
    (3, "name: ../../etc", 3, "can't be used"),
    (3, "name: 5", 3, "5 isn't a text"),
    (3, "name: [x]", 3, "[...] isn't a text"),
    (4, "seed: 1.5", 4, "1.5 isn't a whole number"),
    (4, "seed: -1", 4, "seed: -1 is outside the allowed range"),
    (4, "seed: 99999999999999999999", 4, "outside the allowed range"),
    (4, "seed: true", 4, "true isn't a whole number"),
    (7, "  clock: on", 7, "Allowed: fast, real-time."),
    (7, "  clock: realtime", 7, 'Did you mean "real-time"?'),
    (13, "  amplifier: {inverting: no}", 13, "Write false."),
    (13, "  amplifier: {inverting: 1}", 13, "Allowed: true, false."),
    (16, "  - {name: e0, role: controll, limits: [-1 V, 1 V]}", 16, 'Did you mean "control"?'),
    (24, "task: {kind: gate, gate: NO, inputs: {e1: [0 V, 1 V], e2: [0 V, 1 V]}}", 24, 'Did you mean "NOR"?'),
    (24, "task: {kind: feature, pattern: 16, inputs: {e1: [0 V, 1 V]}}", 24, "Allowed: 0 to 15."),
    # shapes
    (5, "bench: [1]\nbanch:", 5, "isn't a mapping with a kind"),
    (20, "  - e4", 20, 'electrodes[4]: "e4" isn\'t a mapping'),
    (21, "safety: 5", 21, "safety: 5 isn't a mapping"),
    (21, "safety:", 21, "safety: null isn't a mapping"),
    (16, "  - {name: e0, role: control, limits: [1 V]}", 16, "must be a pair, and has 1 value(s)"),
    (16, "  - {name: e0, role: control, limits: [-1 V, 0 V, 1 V]}", 16, "must be a pair, and has 3 value(s)"),
    (16, "  - {name: e0, role: control, limits: 1 V}", 16, "isn't a pair"),
    (16, "  - {name: e0, role: control, limits: [-1 V, 1 s]}", 16, "electrodes[0].limits[1]"),
    (22, "tones: {plan: manual, frequencies: 5 kHz}", 22, "isn't a list"),
    (24, "task: {kind: gate, gate: XOR, inputs: {e1: [0 V, 1 V]}}", 24, "has 1 entries. Allowed: at least 2."),
    (24, "task: {kind: gate, gate: XOR, inputs: [e1, e2]}", 24, "isn't a mapping"),
    # YAML itself
    (27, "stop: {iterations: 5", 27, "what is opened here is never closed"),
    (27, "\tstop: 5", 27, "a tab can't indent YAML"),
    (27, "stop: a: b", 27, "Put the value in quotes"),
    (27, 'stop: "abc', 27, "never closed"),
    (27, "stop: ]", 27, "this isn't YAML"),
    (27, "stop: !!python/object:os.system x", 27, "a run file has no tags"),
    (27, "stop: !mine x", 27, "the tag !mine isn't known"),
    (27, "stop: *nothing", 27, "*nothing stands for nothing"),
    (27, "stop: &a [*a]", 27, "*a stands for nothing"),
    (27, "---\na: 1", 27, "a run file is one document"),
    (27, "? [a]\n: 2", 27, "a key must be a plain word"),
    (27, ": 2", 27, "a key must be a plain word"),
    (27, 'stop: "\\UFFFFFFFF"', 27, "this isn't YAML"),
    (27, 'description: "\\ud800"', 27, "surrogate"),
    (27, "stop: \x01", 27, "U+0001"),
    (27, "stop: " + 60 * "[" + 60 * "]", 27, "nested deeper"),
    (1, "%YAML 3.0\n---", 1, "incompatible YAML document"),
    # the bench
    (9, "  block: 20 ms", 10, "bench.lead: the lead of 10 ms is shorter than a block of 20 ms"),
    (9, "  block: 1 us", 9, "holds no sample"),
    (10, "  lead: 99 ms", 10, "bench.lead: the output buffer of 100 ms can't hold the lead"),
    (11, "  input_buffer: 9 ms", 11, "can't hold two blocks"),
    (11, "  input_converter: {range: [1 V, -1 V]}", 11, "the range is empty"),
    (11, "  faults: [{kind: fire, at: 1 s}]", 11, "bench.faults[0].kind"),
    (11, "  stray_capacitance: [1 pF, 2 pF]", 11, "2 values for 5 electrodes"),
    (11, "  stray_capacitance: [1 pF, 2 pV, 1 pF, 1 pF, 1 pF]", 11, "bench.stray_capacitance[1]"),
    (12, "  device: {kind: linear, conductances: [1 nA/V]}", 12, "the run file lists 5"),
    (12, "  device: {kind: surrogate, file: none.npz}", 12, "there is no file"),
    (12, "  device: {kind: dopant}", 12, "the device has 7 electrodes, and the run file lists 5"),
    (12, "  device: {kind: dopant, layout: n17}", 12, "Take one of n12, n16, n24, n40, or a file"),
    (12, "  device: {kind: dopant, layout: none.json}", 12, "there is no file"),
    (12, "  device: {kind: dopant, compiled: yes}", 12, "bench.device.compiled"),
    (12, "  device: {kind: python, file: none.py}", 12, "there is no file"),
    (12, "  device: {kind: python, file: none.py, function: a.b}", 12, "the name of a Python function"),
    (12, "  device: {kind: mesh, ports: 4}", 12, "the device has 12 electrodes, and the run file lists 5"),
    (12, "  device: {kind: mesh, ports: 4, output: 4}", 12, "there is no port 4. Allowed: 0 to 3."),
    (12, "  device: {kind: mesh, half_wave: 0 V}", 12, "bench.device.half_wave"),
    (12, resistors("{nodes: [a, out], conductance: 1 nA/V}", "a, b"), 12, "no resistor ends at the node b"),
    (12, resistors("{nodes: [a, out], conductance: 1 nA/V}", "a"), 12, "has 1 electrodes, and the run file lists 5"),
    (12, resistors("{nodes: [a, ut], conductance: 1 nA/V}", "a"), 12, 'Did you mean "ut"?'),
    (12, resistors("{nodes: [a, a], conductance: 1 nA/V}", "a"), 12, "both ends are at the node a"),
    (12, resistors("{nodes: [a, out], conductance: -1 nA/V}", "a"), 12, "resistors[0].conductance"),
    (12, resistors("{nodes: [a], conductance: 1 nA/V}", "a"), 12, "resistors[0].nodes"),
    (12, resistors("{nodes: [a, out], conductance: 1}, {nodes: [p, q], conductance: 1}", "a"), 12, "connects p, q"),
    (12, resistors("{nodes: [a, out], conductance: 1 nA/V}", "a, a"), 12, "another electrode drives it"),
    (12, resistors("{nodes: [a, out], conductance: 1 nA/V}", "out"), 12, "it is held at 0 V"),
    (12, "  device: {kind: surrogate, file: none.pt}", 12, "hgx device import"),
    (12, "  device: {kind: surrogate, file: 5}", 12, "isn't the path of a file"),
    (12, "  device: {kind: surrogate, file: " + 5000 * "x" + ".npz}", 12, "can't be looked at"),
    (13, "  amplifier: {clip: 20 V}", 13, "don't fit the range of the input converter. Allowed: at most 10 V."),
    # electrodes
    (16, "  - {name: e1, role: control, limits: [-1 V, 1 V]}", 17, "electrodes 1 and 2 of the list are both e1"),
    (16, "  - {name: e0, role: control, limits: [1 V, -1 V]}", 16, "Write [-1 V, 1 V]."),
    (16, "  - {name: e0, role: control, limits: [-11 V, 1 V]}", 16, "beyond the range of the output converter"),
    (16, E0 + ", rest: 2 V}", 16, "would rest at 2 V, outside its limits. Allowed: -1 V to 1 V."),
    (16, E0 + ", amplitude: 1.2 V}", 16, "a tone of 1.2 V needs 2.4 V, and e0 has 2 V"),
    (16, E0 + ", start: 0.99 V}", 16, "Allowed: -980 mV to 980 mV."),
    (16, E0 + ", start: radnom}", 16, 'Did you mean "random"?'),
    (16, E0 + ", value: 0.1 V}", 16, "only a fixed electrode has a value"),
    (16, E0 + ", slew: 50 V/s}", 16, "electrodes[0].slew: the slope of 100 V/s is above the slew rate of 50 V/s"),
    (17, "  - {name: e1, role: input, limits: [-1 V, 1 V], start: 0 V}", 17, "only a control has a start"),
    (17, "  - {name: e1, role: input, limits: [-1 V, 1 V], amplitude: 1 mV}", 17, "tones.on_inputs: true"),
    (20, "  - {name: e4, role: fixed, limits: [-1 V, 1 V], value: 3 V}", 20, "3 V is outside the limits of e4"),
    (20, "  - {name: e4, role: input, limits: [-1 V, 1 V]}", 20, "an input that the task doesn't use"),
    (21, "safety: {slew: 200 V/s}", 21, "need 477 V/s, and e0 may have 200 V/s"),
    (21, "safety: {rest_slope: 1 MV/s}", 21, "safety.rest_slope: 1 MV/s is above the slew rate"),
    # tones and timing
    (22, "tones: {band: [3 kHz, 300 Hz]}", 22, "Write [300 Hz, 3 kHz]."),
    (22, "tones: {band: [300 Hz, 50 kHz], amplitude: 1 mV}", 22, "Allowed: below 50 kHz."),
    (22, "tones: {period: 10.003 ms}", 22, "1000.3 samples, and must be a whole number of at least 4. Write 10 ms or"),
    (22, "tones: {period: 20 us, band: [1 kHz, 49 kHz], amplitude: 1 mV}", 22, "Write 40 us."),
    (22, "tones: {amplitude: 2 V, band: [1 Hz, 200 Hz]}", 22, "a tone of 2 V needs 4 V"),
    (22, "tones: {band: [300 Hz, 310 Hz]}", 22, "has 1 frequencies in the band, and 2 tones are needed"),
    (22, "tones: {plan: manual}", 22, "a manual plan needs its frequencies"),
    (22, "tones: {frequencies: [300 Hz, 400 Hz]}", 22, "Write plan: manual."),
    (22, "tones: {plan: manual, frequencies: [300 Hz]}", 22, "1 frequencies for 2 electrodes"),
    (22, "tones: {plan: manual, frequencies: [305 Hz, 400 Hz]}", 22, "Write 300 Hz, or bridge: true."),
    (22, "tones: {plan: manual, frequencies: [400 Hz, 400 Hz]}", 22, "400 Hz is there already"),
    (22, "tones: {plan: manual, frequencies: [400 Hz, 60 kHz], amplitude: 1 mV}", 22, "below 50 kHz"),
    (23, "timing: {slope: 1 MV/s}", 23, "timing.slope: the slope of 1 MV/s is above the slew rate of 5 kV/s"),
    (23, "timing: {periods: 0}", 23, "Allowed: 1 to 1000000."),
    # where the file leaves a value to its default, the culprit is the value that it gives
    (22, "tones: {period: 400 us}", 22, "tones.period: a base period of 400 us has 1 frequencies"),
    (21, "timings: 1", 21, 'Did you mean "timing"?'),
    (22, "tones: {amplitude: 400 mV}", 21, "safety.slew: tones of up to 7.54 kV/s"),
    (14, "  input_converter: {range: [-2 V, 2 V]}\n  amplifiers: 1", 13, "bench.amplifier.clip"),
    (25, "loss: {kind: mse, low: 20 nA}", 25, "loss.low: the targets"),
    # task, loss, stop
    (24, "task: {kind: gate, gate: OR, inputs: {e1: [0 V, 1 V], e9: [0 V, 1 V]}}", 24, "there is no electrode 'e9'"),
    (24, "task: {kind: gate, gate: OR, inputs: {e1: [0 V, 1 V], e3: [0 V, 1 V]}}", 24, "must be an input"),
    (24, "task: {kind: gate, gate: OR, inputs: {e1: [0 V, 1.5 V], e2: [0 V, 1 V]}}", 24, "task.inputs.e1[1]: 1.5 V"),
    (24, "task: {kind: gate, gate: OR, inputs: {e1: [1 V, 1 V], e2: [0 V, 1 V]}}", 24, "the levels are the same"),
    (24, "task: {kind: ring, gap: 0.9, inputs: {e1: [0 V, 1 V], e2: [0 V, 1 V]}}", 24, "leave no room"),
    (24, "task: {kind: ring, inputs: {e1: [1 V, 0 V], e2: [0 V, 1 V]}}", 24, "the first isn't below the second"),
    (24, "task: {kind: table, file: no.csv, inputs: {a: e1, b: e2}, target: c}", 24, "there is no file"),
    (25, "loss: {kind: mse, low: 1 nA, high: 1 nA}", 25, "the same current"),
    (27, "stop: {iterations: 0}", 27, "Allowed: 1 to 10000000."),
    (27, "stop: {accuracy: 101 %}", 27, "stop.accuracy: 1.01 is outside the allowed range"),
]  # fmt: skip


def with_line(number: int, line: str) -> str:
    lines = VALID.split("\n")
    lines[number - 1] = line
    return "\n".join(lines)


def problems_of(text: str) -> RunFileError:
    with pytest.raises(RunFileError) as error:
        parse_run_file(text, source="bench.yaml")
    return error.value


@pytest.mark.parametrize(("number", "line", "where", "fragment"), BROKEN, ids=[str(i) for i in range(len(BROKEN))])
def test_a_broken_file_names_its_line(number: int, line: str, where: int, fragment: str) -> None:
    error = problems_of(with_line(number, line))
    lines = str(error).splitlines()
    assert len(lines) == len(error.problems)
    assert all(text.startswith(f"bench.yaml:{p.line}: ") for text, p in zip(lines, error.problems, strict=True))
    assert all(text.isprintable() and len(text) < 600 for text in lines)
    assert any(p.line == where and fragment in str(p) for p in error.problems), str(error)
    assert error.exit_code == 2


def test_the_file_that_they_break_is_sound() -> None:
    assert parse_run_file(VALID).name == "xor"
    assert len({(n, line) for n, line, _, _ in BROKEN}) >= 100


def test_all_errors_are_reported_at_once_in_the_order_of_lines() -> None:
    text = with_line(3, "nmae: xor").replace("delay: 60 us", "delay: 60 mV").replace("0.5 V]", "5 V]")
    text = text.replace("rest_slope: 20 V/s", "rest_slope: 0").replace("iterations: 200", "iterations: x")
    error = problems_of(text)
    assert [p.line for p in error.problems] == [3, 11, 21, 24, 24, 27]
    assert [p.path for p in error.problems] == [
        "nmae", "bench.delay", "safety.rest_slope", "task.inputs.e1[1]", "task.inputs.e2[1]", "stop.iterations",
    ]  # fmt: skip


def test_a_problem_says_value_allowed_and_column() -> None:
    (problem,) = problems_of(with_line(8, "  rate: 0.5 Hz")).problems
    assert (problem.file, problem.line, problem.column) == ("bench.yaml", 8, 9)
    assert (problem.path, problem.value, problem.allowed) == ("bench.rate", "0.5 Hz", "at least 1 Hz, at most 100 MHz")


def test_only_the_chosen_kind_is_checked() -> None:
    error = problems_of(with_line(25, "loss: {kind: logistic, scale: 3 V}"))
    assert [p.path for p in error.problems] == ["loss.scale"]


def test_no_control_at_all() -> None:
    text = VALID.replace("role: control", "role: fixed").replace(", start: 0.1 V", "")
    assert "no electrode is a control" in str(problems_of(text))


def test_test_data_are_a_file_or_a_share(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("a,b,c\n")
    task = "task: {kind: table, file: d.csv, inputs: {a: e1, b: e2}, target: a, test_file: d.csv, test_fraction: 20 %}"
    with pytest.raises(RunFileError) as error:
        parse_run_file(with_line(24, task), folder=tmp_path)
    assert [p.path for p in error.value.problems] == ["task.target", "task.test_fraction"] or [
        p.path for p in error.value.problems
    ] == ["task.test_fraction", "task.target"]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "~", "- a\n- b\n", "5", "just words", "---", "[]"])
def test_a_file_that_is_no_mapping(text: str) -> None:
    assert str(problems_of(text)).startswith("bench.yaml:1: the file is ")


def test_an_anchor_bomb_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}'])}]" for i in range(1, 12)]
    assert "anchors expanded" in str(problems_of("\n".join(lines)))


def test_anchors_that_nest_without_end_are_refused() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{i}: &a{i} [*a{i - 1}]" for i in range(1, 200)]
    assert "nested deeper" in str(problems_of("\n".join(lines)))


def test_a_huge_file_is_refused() -> None:
    assert "a run file has at most" in str(problems_of("# " + 600_000 * "x"))


FILES: list[tuple[str, bytes, int, str]] = [
    ("latin", b"name: x\ndescription: caf\xe9\n", 2, "byte 0xe9 isn't UTF-8"),
    ("utf16", "name: x".encode("utf-16"), 1, "UTF-16"),
    ("binary", bytes(range(256)), 2, "isn't UTF-8"),
    ("zeros", b"\x00" * 100, 1, "U+0000"),
    ("empty", b"", 1, "is empty"),
]


@pytest.mark.parametrize(("name", "content", "line", "fragment"), FILES)
def test_a_file_of_other_bytes(tmp_path: Path, name: str, content: bytes, line: int, fragment: str) -> None:
    path = tmp_path / f"{name}.yaml"
    path.write_bytes(content)
    with pytest.raises(RunFileError) as error:
        load_run_file(path)
    assert f"{path}:{line}: " in str(error.value)
    assert fragment in str(error.value)


def test_a_missing_file_proposes_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "xor.yaml").write_text(VALID)
    with pytest.raises(RunFileError, match=r'there is no such file. Did you mean "xor.yaml"\?'):
        load_run_file(tmp_path / "xro.yaml")
    with pytest.raises(RunFileError, match="no such file"):
        load_run_file(tmp_path / "nowhere" / "xor.yaml")
    with pytest.raises(RunFileError, match=r"can.t be read|no such file"):
        load_run_file(str(tmp_path / "xor.yaml") + "\x00")
    with pytest.raises(RunFileError, match="can't be read"):
        load_run_file(tmp_path / ("x" * 5000))


def test_a_folder_is_no_run_file(tmp_path: Path) -> None:
    with pytest.raises(RunFileError, match="is a folder"):
        load_run_file(tmp_path)


def test_a_device_file_is_no_run_file() -> None:
    with pytest.raises(RunFileError, match="isn't an ordinary file"):
        load_run_file("/dev/null")
