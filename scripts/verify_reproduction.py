"""The learning of the reproduction, over many random starts on the standard simulated device.

    python scripts/verify_reproduction.py [--starts N] [--jobs J] [--only gates|sphere|ring] [--points SEED ...]

Gates: every start is the run file of figure 4a with another seed, 300 iterations, restarts included; a start counts
when the four outputs without tones are in the right order with a margin of 1 nA or more. Sphere: of the starts of
figure 4d the one with the lowest loss on the training points, as in figures 4b and c. Ring: the same rule. The points
are those of the run files; ``--points`` draws others, to see how much of a figure is the luck of the draw.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import numpy as np
from verify_claims import Claims

from hgx_lab.learning import GATES
from hgx_lab.records import open_record
from hgx_lab.reproduction import Job, do_jobs, run_file_text
from hgx_lab.reproduction._gates import LEAST_MARGIN, gate_text
from hgx_lab.reproduction._sphere import LEAST_ACCURACY, SPHERE_JOBS
from hgx_lab.reproduction._sphere_data import read_shells


def state_gates(claims: Claims, folder: Path, starts: int, processes: int) -> None:
    """Nine of ten starts of every gate must count."""
    needed = -(-9 * starts // 10)
    for gate in GATES:
        jobs = [Job(f"{gate}-{seed}", gate_text(gate, seed)) for seed in range(1, starts + 1)]
        paths = do_jobs(jobs, folder, processes=processes)
        margins, iterations = [], []
        for path in paths.values():
            with open_record(path) as record:
                checked = record["validation"]
                right = float(checked["accuracy"][-1]) == 1.0
                margins.append(float(checked["margin"][-1]) if right else -np.inf)
                iterations.append(record.rows("iterations"))
        counts = [margin for margin in margins if margin >= LEAST_MARGIN]
        claims.state(
            f"{gate} on the standard device from random starts, within 300 iterations, margin >= 1 nA",
            f">= {needed} of {starts}",
            f"{len(counts)} of {starts}; iterations median {np.median(iterations):.0f}, most {max(iterations)}; "
            f"smallest margin {1e9 * min(counts, default=float('nan')):.2f} nA",
            len(counts) >= needed,
        )


def state_shells(claims: Claims, name: str, jobs: list[Job], folder: Path, processes: int) -> None:
    """The start with the lowest training loss must generalise."""
    results = [read_shells(path) for path in do_jobs(jobs, folder, processes=processes).values()]
    best = min(results, key=lambda result: float(result.loss.min()))
    every = ", ".join(f"{result.test.accuracy:.1%}" for result in results)
    claims.state(
        f"{name} on the standard device, accuracy on {len(best.test.current)} unseen points",
        f">= {LEAST_ACCURACY:.0%}",
        f"{best.test.accuracy:.1%}, {best.training.accuracy:.1%} on {len(best.training.current)} training points; "
        f"every start {every}",
        best.test.accuracy >= LEAST_ACCURACY,
    )


def shell_jobs(run_file: str, points: int | None) -> list[Job]:
    """The starts of a sphere or ring, on the points of the run file or on others."""
    seeds = range(1, len(SPHERE_JOBS) + 1)
    other: dict[str, int] = {} if points is None else {"task.seed": points}
    return [Job(f"{run_file}-{points}-{s}", run_file_text(run_file, {"seed": s, **other})) for s in seeds]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=10, help="starts of every gate")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    parser.add_argument("--only", choices=("gates", "sphere", "ring"))
    parser.add_argument("--points", type=int, nargs="+", metavar="SEED", help="seeds of other points for the shells")
    options = parser.parse_args()
    claims = Claims()
    draws: list[int | None] = options.points or [None]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.only in (None, "gates"):
            state_gates(claims, folder, options.starts, options.jobs)
        for name, run_file in (("sphere", "fig4b"), ("ring", "ring")):
            if options.only in (None, name):
                for points in draws:
                    said = name if points is None else f"{name}, points of seed {points}"
                    state_shells(claims, said, shell_jobs(run_file, points), folder, options.jobs)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
