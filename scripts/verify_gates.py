"""Gates trained end to end on the simulated bench, from run file to record, many seeds each.

    python scripts/verify_gates.py [--device FILE.npz ...] [--levels LOW HIGH] [--seeds N] [--jobs J]

The main job is configs/xor.yaml as it stands, seed by seed. With --device all six gates are trained on these
surrogate networks of real devices, logic inputs on electrodes e3 and e5. A seed counts when the training stopped
at its goal within its budget of iterations, restarts included, and the validation without tones has the four
outputs in the right order with a margin of 1 nA or more.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits
from verify_claims import Claims

from hgx_lab.config import load_run_file, parse_run_file
from hgx_lab.experiments import train, training_of, with_seed

GATES = ("AND", "OR", "NAND", "NOR", "XOR", "XNOR")
MARGIN = 1e-9  # A
XOR_FILE = Path(__file__).parents[1] / "configs" / "xor.yaml"
REAL_DEVICE = """\
experiment: train
name: {gate}
bench:
  kind: simulated
  rate: 100 kHz
  block: 5 ms
  lead: 10 ms
  delay: 60 us
  device: {{kind: surrogate, file: {device}}}
  amplifier: {{gain: 100 nA/V, bandwidth: 20 kHz, clip: 4 V}}
electrodes:
  - {{name: e0, role: control, limits: [-1.2 V, 0.6 V]}}
  - {{name: e1, role: control, limits: [-1.2 V, 0.6 V]}}
  - {{name: e2, role: control, limits: [-1.2 V, 0.6 V]}}
  - {{name: e3, role: input, limits: [-1.2 V, 0.6 V]}}
  - {{name: e4, role: control, limits: [-1.2 V, 0.6 V]}}
  - {{name: e5, role: input, limits: [-0.7 V, 0.3 V]}}
  - {{name: e6, role: control, limits: [-0.7 V, 0.3 V]}}
tones: {{plan: octave, period: 5 ms, band: [400 Hz, 4 kHz], amplitude: 20 mV}}
timing: {{slope: 500 V/s, settle: 1 ms, periods: 4}}
task: {{kind: gate, gate: {gate}, inputs: {{e3: [-1.2 V, 0.6 V], e5: [{low}, {high}]}}}}
loss: {{kind: logistic, scale: 3 nA}}
optimizer: {{kind: adam, rate: 200 mV, beta1: 0.7, beta2: 0.9}}
restart: {{patience: 10}}
stop: {{iterations: 300, margin: 1.5 nA}}
"""


@dataclass(frozen=True, slots=True)
class Trained:
    """One seed: whether it counts, iterations used, margin in the validation in A."""

    counts: bool
    iterations: int
    margin: float


def train_once(text: str, seed: int) -> Trained:
    """Train a run file with a seed, in a process and a folder of its own."""
    with threadpool_limits(limits=1), tempfile.TemporaryDirectory() as folder:
        run = training_of(with_seed(parse_run_file(text, folder=Path.cwd()), seed))
        outcome = train(run, record=Path(folder) / "run.h5").outcome
    score = outcome.validations[0].score
    margin = score.margin if score is not None else -np.inf
    return Trained(outcome.solved and margin >= MARGIN, outcome.iterations, margin)


def state(claims: Claims, pool: ProcessPoolExecutor, name: str, text: str, seeds: int) -> None:
    """Train with seeds 1 to ``seeds``; at least nine of ten must count."""
    begin = time.perf_counter()
    runs = list(pool.map(train_once, [text] * seeds, range(1, seeds + 1)))
    seconds = time.perf_counter() - begin
    solved = sum(run.counts for run in runs)
    needed = -(-9 * seeds // 10)
    spent = sorted(run.iterations for run in runs)
    margins = [run.margin * 1e9 for run in runs if run.counts]
    claims.state(
        name,
        f">= {needed} of {seeds}",
        f"{solved} of {seeds}; iterations median {np.median(spent):.0f}, most {spent[-1]}; smallest margin "
        f"{min(margins, default=float('nan')):.2f} nA; {seconds:.0f} s",
        solved >= needed,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=Path, action="append", default=[], help="a surrogate network (.npz)")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time")
    parser.add_argument(
        "--levels", type=float, nargs=2, default=[-0.6, 0.25], metavar=("LOW", "HIGH"), help="logic levels on e5, V"
    )
    options = parser.parse_args()
    low, high = options.levels
    claims = Claims()
    with ProcessPoolExecutor(options.jobs) as pool:
        budget = training_of(load_run_file(XOR_FILE)).stop.iterations
        name = f"XOR of configs/xor.yaml solved within {budget} iterations, margin >= 1 nA without tones"
        state(claims, pool, name, XOR_FILE.read_text(encoding="utf-8"), options.seeds)
        for device in options.device:
            for gate in GATES:
                text = REAL_DEVICE.format(gate=gate, device=device.resolve(), low=low, high=high)
                name = (
                    f"{gate} on real device {device.name}, inputs e3 and e5 ({low:g} and {high:g} V), within 300 "
                    "iterations, margin >= 1 nA"
                )
                state(claims, pool, name, text, options.seeds)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
