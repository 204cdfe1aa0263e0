"""Signs behind an unknown delay and a slow converter: the run's own calibration against the 90 degrees rule.

    python scripts/verify_delay.py [--step S] [--seed N]

For every delay from output to input between 0 and 50 samples at 100 kS/s, with a converter pole at 2 kHz, noise
and stray capacitance as published, a training runs as it would at the bench: it calibrates delay and pole itself,
with its own electrodes, and reads tones of 1 to 2 kHz in windows of 10 ms at ever new controls. The signs of its
derivatives are compared with those of the device's exact ones; so are those of the rule in use so far, which calls
a derivative positive when the phase of its tone is within 90 degrees.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from verify_claims import Claims

from hgx_drivers.simulated.devices import SmoothDevice
from hgx_lab.config import parse_run_file
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments import SilentAudience, plan_tones, train, training_of
from hgx_lab.learning.training import Iteration

Floats = NDArray[np.float64]

RATE_HZ = 100e3
LONGEST = 50  # samples
DEVICE_SEED = 3
CONTROLS, INPUTS = (0, 3, 4, 5, 6), (1, 2)
LEVELS = (-0.5, 0.5)
RUN = """\
experiment: train
name: delay
seed: {seed}
bench:
  kind: simulated
  rate: 100 kHz
  delay: {delay}
  device: {{kind: smooth, seed: 3}}
  amplifier: {{gain: 100 nA/V, bandwidth: 2 kHz, clip: 4 V}}
electrodes:
  - {{name: e0, role: control, limits: [-1 V, 1 V]}}
  - {{name: e1, role: input, limits: [-1 V, 1 V]}}
  - {{name: e2, role: input, limits: [-1 V, 1 V]}}
  - {{name: e3, role: control, limits: [-1 V, 1 V]}}
  - {{name: e4, role: control, limits: [-1 V, 1 V]}}
  - {{name: e5, role: control, limits: [-1 V, 1 V]}}
  - {{name: e6, role: control, limits: [-1 V, 1 V]}}
tones: {{plan: octave, period: 10 ms, band: [1 kHz, 2 kHz], amplitude: 20 mV}}
timing: {{slope: 500 V/s, settle: 3 ms, periods: 1}}
task: {{kind: gate, gate: XOR, inputs: {{e1: [-0.5 V, 0.5 V], e2: [-0.5 V, 0.5 V]}}}}
optimizer: {{kind: adam, rate: 0.3 V}}
restart: {{patience: 1}}
stop: {{iterations: {iterations}}}
"""


@dataclass(frozen=True, slots=True)
class Signs:
    """How many components are beyond 3 sigma, and how many of them have the wrong sign by either rule."""

    sure: int
    wrong: int
    wrong_by_phase: int


class Gathering(SilentAudience):
    """Keeps every iteration."""

    def __init__(self) -> None:
        self.iterations: list[Iteration] = []

    def iteration(self, iteration: Iteration) -> None:
        """Keep it."""
        self.iterations.append(iteration)


def signs_of(delay: float, seed: int, iterations: int) -> Signs:
    """Train for some iterations behind a delay in samples, and compare all derivatives with the exact ones."""
    run = training_of(parse_run_file(RUN.format(seed=seed, delay=delay / RATE_HZ, iterations=iterations)))
    audience = Gathering()
    with tempfile.TemporaryDirectory() as folder:
        response = train(run, record=Path(folder) / "run.h5", audience=audience).response
    value, std, quadrature, controls = (
        np.array([getattr(iteration, name) for iteration in audience.iterations])
        for name in ("derivatives", "derivatives_std", "quadrature", "controls")
    )
    exact = exact_derivatives(controls)
    # What was read before delay and pole were taken out: its phase is what the old rule looks at.
    read = (value + 1j * quadrature) * response(plan_tones(run).frequencies_hz)
    sure = np.abs(value) > 3.0 * std
    return Signs(
        int(sure.sum()),
        int((sure & (np.sign(value) != np.sign(exact))).sum()),
        int((sure & (np.sign(read.real) != np.sign(exact))).sum()),
    )


def exact_derivatives(controls: Floats) -> Floats:
    """Exact dI/dV at controls (iterations, 5) in all four cases, (iterations, 4, 5)."""
    cases = np.array([(a, b) for a in LEVELS for b in LEVELS])
    volts = np.zeros((len(controls), len(cases), 7))
    volts[:, :, CONTROLS] = controls[:, None]
    volts[:, :, INPUTS] = cases
    jacobian = SmoothDevice(DEVICE_SEED).jacobian(np.ascontiguousarray(volts.reshape(-1, 7).T))[0]
    return jacobian.T.reshape(volts.shape)[:, :, CONTROLS]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--step", type=float, default=1.25, help="between two delays, in samples")
    parser.add_argument("--iterations", type=int, default=20, help="controls tried behind each delay")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    delays = np.arange(0.0, LONGEST + 1e-9, options.step)
    found: list[Signs] = []
    refused = 0
    with threadpool_limits(limits=1):
        for index, delay in enumerate(delays):
            try:
                found.append(signs_of(float(delay), options.seed + index, options.iterations))
            except CalibrationError as error:
                refused += 1
                print(f"    delay of {delay:g} samples: {error}")
    sure = sum(one.sure for one in found)
    wrong, by_phase = sum(one.wrong for one in found), sum(one.wrong_by_phase for one in found)
    where = f"{len(delays)} delays of 0 to {LONGEST} samples, pole 2 kHz, tones 1-2 kHz, 10 ms"
    claims = Claims()
    claims.at_most(f"calibrations refused, {where}", refused, 0, digits="d")
    claims.state(
        f"wrong signs beyond 3 sigma after the run's own calibration, {where}",
        "<= 0.2 %",
        f"{100 * wrong / sure:.3f} % ({wrong} of {sure}); by the 90 degrees rule {by_phase / sure:.0%}",
        wrong <= 2e-3 * sure,
    )
    worst = max(found, key=lambda one: one.wrong / one.sure)
    claims.at_most(f"wrong signs at the worst delay, {where}", 100 * worst.wrong / worst.sure, 1.0, " %")
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
