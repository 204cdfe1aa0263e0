"""Commands that are told to go, or lose their display, at random moments: where their outputs end, what they record.

    python scripts/verify_endings.py [--trials N] [--seed N] [--only WAY ...] [--jobs N]

A trial is `hgx run`, `resume`, `calibrate` or `doctor --loop-back` on a simulated bench whose outputs are seen from
outside the process, struck once at a moment that is drawn from the command's usual duration: during start-up,
self-test, calibration, training, ramps and the closing of the record. Real signals, real pseudo-terminals. One in ten
is struck anywhere from the first line of Python on; the others are forks of a process that has imported the program.

Failures are outputs that aren't at rest afterwards, and records that can't be read or don't say the truth about the
end: told to go by that signal, or complete. A run that loses its display must go on to its own end. The bound is the
one-sided 95 % limit of the probability of a failure (Clopper and Pearson), 1 - 0.05^(1/n) for none in n.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for this process, and for those that it starts
ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from endings_trial import Command, Ended, Trial  # noqa: E402
from scipy.stats import beta  # noqa: E402
from verify_claims import Claims  # noqa: E402

# Imported before the trials are forked, so that a trial takes the time of the command and not that of its imports.
from hgx_lab import bench_check, cli, reproduction  # noqa: E402, F401
from hgx_lab.config import TrainRun, parse_run_file  # noqa: E402
from hgx_lab.experiments import Interrupts, RunInterrupted, SilentAudience, train  # noqa: E402
from tests.doors import ni_library  # noqa: E402, F401

SLEW, RATE_HZ = 2e3, 20e3
RUN = """\
experiment: train
name: endings
seed: 7
bench:
  kind: simulated
  rate: 20 kHz
  block: 5 ms
  lead: 10 ms
  delay: 100 us
  device: {kind: smooth, seed: 3}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], start: 0.5 V, rest: 0.1 V}
  - {name: x, role: input,   limits: [-0.8 V, 0.8 V]}
  - {name: y, role: input,   limits: [-0.8 V, 0.8 V], rest: -0.2 V}
  - {name: b, role: control, limits: [-1 V, 1 V], start: -0.6 V}
safety: {slew: 2 kV/s, rest_slope: 1 V/s}
tones: {plan: octave, period: 20 ms, band: [300 Hz, 2 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 200 V/s, settle: 2 ms, periods: 2}
self_test: {duration: 0.3 s}
task: {kind: gate, gate: AND, inputs: {x: [-0.5 V, 0.5 V], y: [-0.5 V, 0.5 V]}}
stop: {iterations: 5}
validation: null
record: {directory: .}
"""
IN_REAL_TIME = (
    RUN.replace("kind: simulated\n", "kind: simulated\n  clock: real-time\n  output_buffer: 1 s\n", 1)
    .replace("block: 5 ms\n  lead: 10 ms", "block: 10 ms\n  lead: 500 ms")
    .replace("rest_slope: 1 V/s", "rest_slope: 2 V/s")
    .replace("self_test: {duration: 0.3 s}\n", "")
)
WIRED = """\
experiment: noise
name: wired
bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V], rest: -0.2 V}
safety: {slew: 2 kV/s, rest_slope: 0.5 V/s}
tones: {period: 50 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
"""
#: How often each command is drawn; the loop-back leaves no record and shows nothing while it runs.
SHARES = {"run": 0.55, "calibrate": 0.2, "resume": 0.1, "doctor": 0.1, "run in real time": 0.05}
FRESH = 0.1
SIGNALS = (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT)
READERS = {"reader of stdout gone": (1,), "reader of stderr gone": (2,), "readers of both gone": (1, 2)}
TERMINALS = {"terminal closed": "leader", "terminal closed under a shell": "shell"}
WAYS = (*(number.name for number in SIGNALS), "two signals", *TERMINALS, *READERS)


def make_commands(folder: Path) -> dict[str, Command]:
    """Write the run files, and a record to resume."""
    rest, two = (0.1, 0.0, -0.2, 0.0), (0.1, -0.2)
    files = {name: folder / f"{name}.yaml" for name in ("fast", "real", "wired")}
    for file, text in zip(files.values(), (RUN, IN_REAL_TIME, WIRED), strict=True):
        file.write_text(text, encoding="utf-8")
    first = folder / "first.h5"
    record_to_resume(first)
    fast = Command(("run", str(files["fast"]), "-o", "r.h5"), rest, SLEW, RATE_HZ)
    return {
        "run": fast,
        "calibrate": replace(fast, arguments=("calibrate", str(files["fast"]), "--duration", "0.3 s")),
        "resume": replace(fast, arguments=("resume", str(first), "-o", "r.h5")),
        "doctor": Command(
            ("doctor", str(files["wired"]), "--loop-back", "b=Dev1/ai0"), two, SLEW, RATE_HZ, recorded=False
        ),
        "run in real time": replace(
            fast, arguments=("run", str(files["real"]), "-o", "r.h5"), excused="OutputUnderflow"
        ),
    }


def record_to_resume(path: Path) -> None:
    """Train for two iterations of the five."""

    class Stopping(SilentAudience):
        def iteration(self, iteration: object) -> None:
            self.seen = getattr(self, "seen", 0) + 1
            if self.seen == 2:
                interrupts.finish("the script")

    interrupts, run = Interrupts(), parse_run_file(RUN)
    if not isinstance(run, TrainRun):
        raise TypeError("The run file asks for a training.")
    try:
        train(run, record=path, audience=Stopping(), interrupts=interrupts)
    except RunInterrupted:
        return
    raise RuntimeError("The training ended by itself.")


def draw(
    way: str, count: int, seed: int, commands: dict[str, Command], usual: dict[tuple[str, bool], float]
) -> Iterator[Trial]:
    """Draw the trials of a way of ending."""
    rng = np.random.default_rng([seed, WAYS.index(way)])
    readers = {"reader of stdout gone": (1,), "reader of stderr gone": (2,), "readers of both gone": (1, 2)}.get(
        way, ()
    )
    # Which has no record that could say whether it went on.
    names = [name for name in SHARES if not (readers and name == "doctor")]
    weights = np.array([SHARES[name] for name in names])
    for _ in range(count):
        name = str(rng.choice(names, p=weights / weights.sum()))
        fresh = bool(rng.random() < FRESH)
        command = commands[name]
        if command.arguments[0] in ("run", "resume"):
            shown = {"reader of stdout gone": ["--json"], "reader of stderr gone": [""]}.get(way, ["--json", "", "-q"])
            option = str(rng.choice(shown))
            command = replace(command, arguments=command.arguments + ((option,) if option else ()))
        signals: tuple[tuple[signal.Signals, float], ...] = ()
        if way == "two signals":
            one, other = (SIGNALS[k] for k in rng.integers(len(SIGNALS), size=2))
            signals = ((one, 0.0), (other, float(rng.uniform(0.0, 0.2))))
        elif way not in READERS and way not in TERMINALS:
            signals = ((signal.Signals[way], 0.0),)
        seconds = float(rng.uniform(0.0, usual[name, fresh]))
        yield Trial(command, fresh, seconds, signals, TERMINALS.get(way, ""), readers)


def do(work: tuple[Trial, str]) -> Ended:
    """Do a trial, in whatever process this is."""
    trial, folder = work
    with tempfile.TemporaryDirectory(dir=folder) as place:
        return trial.run(Path(place))


def bound(failures: int, trials: int) -> float:
    """One-sided 95 % limit of the probability of a failure."""
    return 1.0 if failures == trials else float(beta.ppf(0.95, failures + 1, trials - failures))


def state(claims: Claims, way: str, trials: Sequence[Trial], found: Sequence[Ended]) -> None:
    """Print what came out for a way of ending."""
    fresh, early = sum(t.fresh for t in trials), sum(not e.began for e in found)
    lost = sum(not e.at_rest for e in found)
    claims.state(
        f"{way}, {len(found)} trials, {fresh} of them fresh processes, {early} before the first sample, "
        f"{sum(e.up for e in found)} with outputs up: not at rest",
        "0",
        f"{lost}, below {100 * bound(lost, len(found)):.3g} % (95 %)",
        lost == 0,
    )
    recorded = [e for t, e in zip(trials, found, strict=True) if t.command.recorded]
    wrong = [e.wrong for e in recorded if e.wrong]
    claims.state(
        f"{way}, {len(recorded)} trials: record unreadable, or not true about the end",
        "0",
        f"{len(wrong)}, below {100 * bound(len(wrong), len(recorded)):.3g} % (95 %)",
        not wrong,
    )
    for text in sorted(set(wrong)):
        print(f"  {wrong.count(text)} x {text}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=300, help="of each way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=WAYS, default=WAYS, metavar="WAY", help=", ".join(WAYS))
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    options = parser.parse_args()
    claims, fastest = Claims(), 0.0
    with tempfile.TemporaryDirectory() as folder:
        commands = make_commands(Path(folder))
        with multiprocessing.get_context("fork").Pool(options.jobs) as pool:
            kinds = [(name, fresh) for name in commands for fresh in (False, True)]
            whole = [(Trial(commands[name], fresh, float("inf")), folder) for name, fresh in kinds]
            usual = dict(zip(kinds, (e.seconds for e in pool.map(do, whole, chunksize=1)), strict=True))
            for way in options.only:
                trials = list(draw(way, options.trials, options.seed, commands, usual))
                found = list(pool.imap(do, ((trial, folder) for trial in trials)))
                state(claims, way, trials, found)
                fastest = max(fastest, *(e.slew for e in found))
    claims.at_most("all of them: fastest move of any output, of its slew limit", 100 * fastest, 100.1, " %")
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
