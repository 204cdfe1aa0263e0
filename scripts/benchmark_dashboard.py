"""What watching costs a run in real time at 100 kS/s: update latency and duty cycle, watched over unwatched.

    python scripts/benchmark_dashboard.py [--rounds N] [--iterations N] [--window]

Every round runs the same training unwatched, published to nobody, and with a reader that takes a snapshot (trace
of 1e6 points, spectrum) 30 times a second; with --window also with the dashboard itself, offscreen unless there is
a display. The rounds take turns, so that whatever else the machine does strikes all of them alike. Latency is counted
in samples by the run itself; the figures are ratios to the unwatched runs of the same script.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from verify_claims import Claims

from hgx_lab.records import open_record

RUN = """\
experiment: train
name: watched
seed: 7
bench:
  {kind: simulated, clock: real-time, rate: 100 kHz, lead: 150 ms, output_buffer: 300 ms,
   device: {kind: smooth, seed: 3}}
electrodes:
  - {name: x, role: input, limits: [-1 V, 1 V]}
  - {name: y, role: input, limits: [-1 V, 1 V]}
CONTROLS
tones: {plan: octave, period: 20 ms, band: [300 Hz, 3 kHz], amplitude: 20 mV}
timing: {update: in-flight, periods: 2}
calibration: {kind: fixed, delay: 60 us}
task: {kind: gate, gate: XOR, inputs: {x: [-0.5 V, 0.5 V], y: [-0.5 V, 0.5 V]}}
stop: {iterations: ITERATIONS}
validation: null
"""

READER = """\
import sys, time
from pathlib import Path
from hgx_lab.live import LiveSource, attach
source = attach(Path(sys.argv[1]))
frames = 0
while isinstance(source, LiveSource) and source.snapshot().status.state.alive:
    frames += 1
    time.sleep(1 / 30)
print(frames)
"""

#: How a run is watched, and what is added to ``hgx run``.
WAYS = {"unwatched": [], "published": ["--live"], "reader": ["--live"], "window": ["--live"]}


def measure(folder: Path, way: str, number: int) -> tuple[np.ndarray, np.ndarray, bool]:
    """Latencies in samples and duty cycles of the iterations of one run, and whether it failed."""
    record = folder / f"{way}{number}.h5"
    hgx = [sys.executable, "-m", "hgx_lab.cli"]
    run = subprocess.Popen([*hgx, "run", str(folder / "run.yaml"), *WAYS[way], "--quiet", "--output", str(record)])
    watcher = None
    if way in ("reader", "window"):
        door = record.with_name(record.name + ".live")
        while not door.exists() and run.poll() is None:
            time.sleep(0.02)
        time.sleep(0.1)
        code = [sys.executable, "-c", READER, str(record)] if way == "reader" else [*hgx, "dashboard", str(record)]
        environment = os.environ | ({} if os.environ.get("DISPLAY") else {"QT_QPA_PLATFORM": "offscreen"})
        watcher = subprocess.Popen(code, env=environment, stdout=subprocess.PIPE, text=True)
    run.wait()
    if watcher is not None:
        if way == "window":
            watcher.terminate()
        printed = watcher.communicate()[0]
        print(f"# {way}: {printed.strip() or 'no'} frames told", flush=True)
    with open_record(record) as opened:
        latency = opened.column("iterations", "latency_samples")
        duty = opened.column("iterations", "duty")
        late = sum(e.kind == "late-update" for e in opened.events)
        ended = opened.status
    print(f"# {way} {number}: {len(duty)} iterations, {late} late updates, {ended}", flush=True)
    return latency[latency >= 0][2:], duty[2:], ended == "failed"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--iterations", type=int, default=60, help="of 0.2 s")
    parser.add_argument("--window", action="store_true", help="with the dashboard's window too")
    options = parser.parse_args()
    ways = [way for way in WAYS if way != "window" or options.window]
    found: dict[str, list[tuple[np.ndarray, np.ndarray, bool]]] = {way: [] for way in ways}
    controls = "\n".join(f"  - {{name: c{i}, role: control, limits: [-1 V, 1 V]}}" for i in range(5))
    with tempfile.TemporaryDirectory() as name:
        text = RUN.replace("CONTROLS", controls).replace("ITERATIONS", str(options.iterations))
        (Path(name) / "run.yaml").write_text(text, encoding="utf-8")
        for number in range(options.rounds):
            for way in ways:
                found[way].append(measure(Path(name), way, number))
    if starved := [way for way in ways if not sum(len(f[0]) for f in found[way])]:
        print(f"The machine is too busy: no update was completed in the runs {', '.join(starved)}.")
        return 1
    p99 = {way: float(np.percentile(np.concatenate([f[0] for f in each]), 99)) for way, each in found.items()}
    duty = {way: float(np.mean(np.concatenate([f[1] for f in each]))) for way, each in found.items()}
    failed = {way: sum(f[2] for f in each) for way, each in found.items()}
    print(f"# runs that the machine was too slow for: {failed}")
    claims = Claims()
    for way in ways:
        print(f"# {way}: latency p99 {p99[way] / 100e3 * 1e3:.2f} ms, duty {duty[way]:.4f}")
        if way != "unwatched":
            claims.at_most(f"Latency p99, {way} / unwatched", p99[way] / p99["unwatched"], 1.05, digits=".4f")
            claims.at_least(f"Duty cycle, {way} / unwatched", duty[way] / duty["unwatched"], 0.95, digits=".4f")
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
