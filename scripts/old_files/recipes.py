"""What the folder of old files holds: run files that take seconds, and how each of them is run and ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CALIBRATIONS", "FILES_BESIDE", "RUNS", "TEXTS", "Calibration", "Run"]

#: The run file that most of the others are made from: two inputs, two controls, an iteration of 50 ms.
GATE = """\
# An OR gate that takes a second.
experiment: train
name: gate
seed: 4
bench:
  kind: simulated
  rate: 20 kHz
  block: 5 ms
  lead: 20 ms
  amplifier: {gain: 100 nA/V, bandwidth: null, clip: 4 V}
  device: {kind: smooth, seed: 5}
electrodes:
  - {name: a, role: input,   limits: [-1 V, 1 V]}
  - {name: b, role: input,   limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.1 V}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 1}
calibration: {kind: fixed, delay: 60 us}
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
loss: {kind: logistic, scale: 3 nA}
optimizer: {kind: adam, rate: 100 mV}
stop: {iterations: 4}
validation: {periods: 2}
"""

#: A converter with an error and an offset, behind a known resistor.
LOAD = """\
# The current of a resistor of 10 MOhm, as a calibration with a known load corrects it.
experiment: iv
name: load
seed: 4
bench:
  kind: simulated
  rate: 100 kHz
  delay: 100 us
  gain_error: 7 %
  offset: 0.8 V
  stray_capacitance: [0.2 pF, 1 pF]
  device: {kind: linear, conductances: [100 nA/V, 0 A/V]}
  amplifier: {gain: 100 nA/V, bandwidth: 5 kHz, clip: 4 V, inverting: true}
electrodes:
  - {name: ref, role: control, limits: [-1 V, 1 V], rest: 0.5 V, start: 0.5 V}
  - {name: open, role: control, limits: [-1 V, 1 V], start: 0 V}
safety: {slew: 50 kV/s}
tones: {amplitude: 100 mV}
sweep: {electrode: ref, span: [-0.9 V, 0.9 V], steps: 7}
both_ways: false
"""

#: Sources that are no ready run files.
TEXTS: Mapping[str, str] = {"gate": GATE, "load": LOAD}

#: Commands that make the other files of the folder, before any run.
FILES_BESIDE: Mapping[str, tuple[str, ...]] = {
    "layout.json": ("device", "make", "layout.json", "--acceptors", "8", "--donors", "2", "--electrodes", "5"),
    "surrogate.npz": (
        *("device", "fit", "layout.json", "surrogate.npz"),
        *("--samples", "2000", "--hidden", "16,16", "--epochs", "60"),
    ),
    "run-file.schema.json": ("schema", "--output", "run-file.schema.json"),
}


@dataclass(frozen=True, slots=True)
class Calibration:
    """A file of ``hgx calibrate``, and the run file whose bench it is of."""

    name: str
    source: str
    options: tuple[str, ...] = ()


CALIBRATIONS = (
    Calibration("calibration", "gate", ("--duration", "2 s")),
    Calibration("calibration-load", "load", ("--duration", "2 s", "--reference", "10 MOhm", "--electrode", "ref")),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One record.

    Parameters
    ----------
    name:
        Of its run file and its record.
    source:
        A text of this module, or a ready run file of ``configs``; empty where it continues ``parent``.
    changes:
        Values of the run file by their key path.
    parent, iteration:
        The record that it continues, and the iteration after which; None for the last.
    end:
        What ends it, after which of its reports: ``"SIGKILL after 3 iteration"``; empty where it ends by itself.
        The report ``flush`` is a flush of the file whose rows haven't been declared complete yet.
    bench:
        ``library`` or ``generator``: the tests' fakes behind NI's library. ``server``: behind a gRPC device server,
        with a guardian that brings the outputs to rest.
    options:
        More options of the command line.
    code:
        Exit code.
    """

    name: str
    source: str = ""
    changes: Mapping[str, Any] = field(default_factory=dict)
    parent: str = ""
    iteration: int | None = None
    end: str = ""
    bench: str = ""
    options: tuple[str, ...] = ()
    code: int = 0


_KILLED, _INTERRUPTED, _TERMINATED = -9, 130, 143
_NI = {"kind": "nidaq", "rate": "20 kHz", "block": "5 ms", "lead": "20 ms", "device": "Dev1"}
_GENERATOR = {
    "driver": "keysight",
    "resource": "TCPIP0::127.0.0.1::5025::SOCKET",
    "channels": {"c": 1, "d": 2},
    "summing_gain": 0.1,
}
_STEPS = {"kind": "step", "every": 2, "factor": 0.5}

TASKS = (
    Run("gate", "gate"),
    Run("solved", "gate", {"stop": {"iterations": 60, "margin": "1 nA"}, "timing.periods": 2}),
    Run("xor", "xor", {"stop.iterations": 3, "timing.periods": 1}),
    Run(
        "feature",
        "feature",
        {
            "stop.iterations": 3,
            "optimizer": {"kind": "momentum", "schedule": {"kind": "exponential", "half_life": 2}},
            "timing.order": "alternating",
        },
    ),
    Run(
        "sphere",
        "sphere",
        {
            "task.points": 8,
            "task.test_points": 6,
            "stop.iterations": 3,
            "loss": {"kind": "correlation"},
            "optimizer": {"kind": "gradient-descent", "schedule": _STEPS},
        },
    ),
    Run(
        "ring",
        "ring",
        {
            "task.points": 8,
            "task.test_points": 10,
            "stop.iterations": 4,
            "loss": {"kind": "fisher"},
            "optimizer.schedule": {"kind": "cosine", "iterations": 5},
            "timing.order": "random",
            "timing.update": "wait",
        },
    ),
    Run("table", "table", {"stop.iterations": 2}),
    Run("values", "resistors", {"task.targets": "values", "stop.iterations": 4, "validation": {"repeats": 2}}),
    Run("dopant", "xor-dopant", {"stop.iterations": 2, "timing.periods": 1}),
    Run("mesh", "mesh", {"stop.iterations": 3}),
    Run("own-device", "own-device", {"stop.iterations": 2}),
    Run("surrogate", "gate", {"bench.device": {"kind": "surrogate", "file": "surrogate.npz"}}),
    Run("layout", "gate", {"bench.device": {"kind": "dopant", "layout": "layout.json"}}),
    Run("ramped", "ramped", {"stop.iterations": 3}),
    Run("restarted", "gate", {"stop.iterations": 7, "restart": {"patience": 1, "minimum_improvement": 0.5}}),
    Run(
        "raw",
        "gate",
        {"record": {"raw": True, "note": "every sample"}, "tones.on_inputs": True, "validation.repeats": 2},
    ),
    Run("clipped", "gate", {"bench.amplifier.clip": "150 mV"}),
    Run(
        "bridged",
        "gate",
        {
            "tones": {"plan": "manual", "bridge": True, "frequencies": ["1.01 kHz", "2.33 kHz"], "mains": None},
            "validation": None,
        },
    ),
    Run(
        "imperfect",
        "gate",
        {
            "bench.noise": {
                "flicker": "1e-5 nA^2/Hz",
                "fluctuators": [{"amplitude": "200 pA", "up": "20 Hz", "down": "30 Hz"}],
                "hum": {"frequency": "50 Hz"},
            },
            "bench.charging": {"fraction": 0.02, "time": "20 ms"},
            "bench.drift": {"rate": "20 pA/s"},
            "bench.electrode_time": "10 us",
            "calibration": {"kind": "measure"},
            "self_test": {},
            "tones.mains": "50 Hz",
        },
    ),
)

ENDS = (
    Run("interrupted", "gate", {"stop.iterations": 8}, end="SIGINT after 3 iteration", code=_INTERRUPTED),
    Run("resumed", parent="interrupted", end="SIGTERM after 2 iteration", code=_TERMINATED),
    Run("resumed-again", parent="resumed"),
    Run("branch", parent="interrupted", iteration=0),
    Run("validated-again", parent="gate"),
    Run("killed", "gate", {"stop.iterations": 1000}, end="SIGKILL after 4 iteration", code=_KILLED),
    Run(
        "killed-in-a-flush",
        "gate",
        {"stop.iterations": 1000, "record.raw": True},
        end="SIGKILL after 6 flush",
        code=_KILLED,
    ),
    Run(
        "killed-live",
        "gate",
        {"stop.iterations": 1000},
        end="SIGKILL after 3 iteration",
        options=("--live",),
        code=_KILLED,
    ),
    Run("resumed-killed", parent="killed", end="SIGINT after 2 iteration", code=_INTERRUPTED),
    Run(
        "disconnected",
        "gate",
        {"stop.iterations": 1000, "bench.faults": [{"kind": "disconnect", "at": "0.2 s"}]},
        code=4,
    ),
    Run("wire-off", "gate", {"self_test": {}, "bench.wiring": [{"kind": "open", "electrodes": ["c"]}]}, code=4),
    Run("iv-killed", "iv", {"sweep.steps": 11}, end="SIGKILL after 2 progress", code=_KILLED),
)

BENCHES = (
    Run("card", "gate", {"bench": {**_NI, "watchdog": "1 s"}, "stop.iterations": 3}, bench="library"),
    Run(
        "generator",
        "gate",
        {
            "bench": {**_NI, "start_out": "/Dev1/PFI0", "generators": [_GENERATOR]},
            "stop.iterations": 3,
            "self_test": None,
        },
        bench="generator",
    ),
    Run(
        "guarded-killed",
        "gate",
        {"bench": _NI, "stop.iterations": 1000, "safety": {"guardian": True}, "self_test": None},
        end="SIGKILL after 3 iteration",
        bench="server",
        code=_KILLED,
    ),
    Run(
        "saved-calibration",
        "gate",
        {
            "calibration": {"kind": "saved", "file": "calibration.json"},
            "self_test": {"fingerprint": "calibration.json"},
        },
    ),
    Run(
        "saved-load",
        "load",
        {"calibration": {"kind": "saved", "file": "calibration-load.json"}, "tones": {"amplitude": "1 mV"}},
    ),
)

MEASUREMENTS = (
    Run("noise", "noise", {"bench.rate": "20 kHz", "duration": "2 s", "resolution": "4 Hz", "fit.0": "10 Hz"}),
    Run("iv", "iv", {"sweep.steps": 11, "against.steps": 3}),
    Run("iv-single", "iv", {"sweep.steps": 21, "against": None, "both_ways": False}),
    Run("frequency-response", "frequency-response", {"steps": 6, "points": 2}),
    Run("tone-spacing", "tone-spacing", {"spacings": ["20 Hz", "40 Hz"], "repeats": 4}),
    Run("gradient-accuracy", "gradient-accuracy", {"points": 4, "finite_differences": 2}),
    Run("amplitude", "amplitude", {"amplitudes": ["10 mV", "30 mV", "90 mV"], "points": 2, "repeats": 2}),
    Run("convergence", "convergence", {"longest": "160 ms", "points": 2}),
    Run("abundance", "abundance", {"settings": 40}),
)

#: In the order in which they are made: what is continued comes before what continues it.
RUNS = (*TASKS, *ENDS, *BENCHES, *MEASUREMENTS)
