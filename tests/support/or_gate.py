"""An OR gate on four electrodes, as a run file without its bench, and benches to put in front of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hgx_drivers.simulated import FastClock, Fault, SimulatedCard
from hgx_lab.config import SimulatedBench, TrainRun, parse_run_file
from hgx_lab.experiments import simulated_plant
from tests.doors.ni_engine import NiRig

__all__ = ["LEARNS", "NI", "OR_GATE", "SIMULATED", "behind_a_server", "behind_the_library", "or_run", "simulated_card"]

OR_GATE = """
experiment: train
name: or
seed: 4
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V]}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.1 V}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
self_test: null
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
"""
#: With this at its end the gate is learned.
LEARNS = """
loss: {kind: logistic, scale: 3 nA}
optimizer: {kind: adam, rate: 100 mV}
stop: {iterations: 60, margin: 1 nA}
validation: {periods: 2}
"""
SIMULATED = "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: {kind: smooth, seed: 5}}"
#: The place is for more keys of the bench, each behind a comma.
NI = "bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, amplifier: {clip: 4 V}%s}"


def or_run(bench: str, rest: str = LEARNS) -> TrainRun:
    """The run on a bench."""
    run = parse_run_file(bench + OR_GATE + rest)
    assert isinstance(run, TrainRun)
    return run


def simulated_card(faults: Sequence[Fault] = (), bench: str = SIMULATED) -> SimulatedCard:
    """The card of a simulated bench, to stand behind another door."""
    run = or_run(bench)
    assert isinstance(run.bench, SimulatedBench)
    return SimulatedCard(simulated_plant(run, run.bench), FastClock(), faults=faults)


@contextmanager
def behind_the_library(rig: NiRig) -> Iterator[str]:
    """A rig behind the fake of the C library; what has to be added to the bench."""
    from tests.doors.ni_library import installed

    with installed(rig):
        yield ""


@contextmanager
def behind_a_server(rig: NiRig) -> Iterator[str]:
    """A rig behind a gRPC device server; what has to be added to the bench."""
    from tests.doors.ni_grpc import serving

    with serving(rig) as server:
        yield f", remote: '{server.remote}'"
