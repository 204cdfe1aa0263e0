"""A whole run file as text, and a way to break one line of it."""

from __future__ import annotations

VALID = """\
# A full run file.
experiment: train
name: xor
seed: 1
bench:
  kind: simulated
  clock: fast
  rate: 100 kHz
  block: 5 ms
  lead: 10 ms
  delay: 60 us
  device: {kind: smooth, seed: 3}
  amplifier: {gain: 100 nA/V, bandwidth: 20 kHz, clip: 4 V}
  noise: {flicker: 1e-5 nA^2/Hz, white: 3.3e-10 nA^2/Hz}
electrodes:
  - {name: e0, role: control, limits: [-1 V, 1 V]}
  - {name: e1, role: input, limits: [-1 V, 1 V]}
  - {name: e2, role: input, limits: [-1 V, 1 V]}
  - {name: e3, role: control, limits: [-1 V, 1 V], start: 0.1 V}
  - {name: e4, role: fixed, limits: [-1 V, 1 V], value: 0.2 V}
safety: {slew: 5 kV/s, rest_slope: 20 V/s}
tones: {plan: octave, period: 10 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV, mains: 50 Hz}
timing: {slope: 100 V/s, settle: 2 ms, periods: 2}
task: {kind: gate, gate: XOR, inputs: {e1: [-0.5 V, 0.5 V], e2: [-0.5 V, 0.5 V]}}
loss: {kind: correlation-sigmoid}
optimizer: {kind: adam, rate: 50 mV}
stop: {iterations: 200, margin: 1 nA}
"""


def with_line(number: int, line: str) -> str:
    """The valid text with one line (from 1) replaced."""
    lines = VALID.split("\n")
    lines[number - 1] = line
    return "\n".join(lines)
