"""How soon the window says the truth when something happens to the run under it.

    QT_QPA_PLATFORM=offscreen python scripts/verify_dashboard.py [--tries 5]

The whole dashboard, drawing at its own pace, on real-time runs of the simulated bench in processes of their own.
Killed: the time from SIGKILL to the word "lost" in the window. Unplugged: the time from the moment the record gives
for the card's disconnection to the word "fault" in the window. Frozen: after ten seconds without a frame, how old the
next frame is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyqtgraph.Qt import QtCore
from verify_claims import Claims

from hgx_lab.config import change_run_file, load_run_file
from hgx_lab.dashboard._application import make_application
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import DARK
from hgx_lab.live import RunProcess, RunState
from hgx_lab.records import open_record

XOR = Path(__file__).parents[1] / "configs" / "xor.yaml"
SLOW = {"bench.clock": "real-time", "bench.lead": 0.3, "bench.output_buffer": 0.6, "stop.margin": None}


class Bench:
    """A window and the runs that it starts, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.application = make_application()
        settings = QtCore.QSettings(str(folder / "layout.ini"), QtCore.QSettings.Format.IniFormat)
        self.desk = Desk(DARK, settings, folder / "runs")
        self.desk.show()

    def wait(self, seen: Callable[[], bool], seconds: float = 60.0) -> None:
        """Let the window live until something is seen in it."""
        until = time.monotonic() + seconds
        while not seen():
            if time.monotonic() > until:
                raise SystemExit(f"Not seen within {seconds:g} s: {self.desk.snapshot.status}")
            self.application.processEvents()
            time.sleep(1e-3)

    def start(self, **changes: Any) -> RunProcess:
        """Start a run and wait for its first iteration."""
        run = change_run_file(load_run_file(XOR), {**SLOW, "record.directory": str(self.folder / "runs"), **changes})
        self.desk.start_run(run.to_yaml(), self.folder)
        source = self.desk.source
        if not isinstance(source, RunProcess):
            raise SystemExit("The run didn't start.")
        self.wait(lambda: self.desk.snapshot.status.iteration > 0)
        return source

    def shows(self, state: RunState) -> bool:
        """Whether the window has drawn this state."""
        return self.desk.snapshot.status.state is state


def killed(bench: Bench) -> float:
    """Seconds from the kill to the word."""
    source = bench.start()
    source.process.kill()
    begun = time.monotonic()
    bench.wait(lambda: bench.shows(RunState.LOST))
    return time.monotonic() - begun


def unplugged(bench: Bench) -> float:
    """Seconds from the card's disconnection, by the record, to the word."""
    source = bench.start(**{"bench.faults": [{"kind": "disconnect", "at": 6.0}]})
    bench.wait(lambda: bench.shows(RunState.FAULT))
    seen = time.time()
    source.process.wait()
    with open_record(source.record) as record:
        happened = next(event.time for event in record.events if event.kind == "fault")
    return seen - happened


def frozen(bench: Bench) -> int:
    """Iterations that the first frame after ten frozen seconds is behind the run."""
    source = bench.start()
    time.sleep(10.0)
    bench.desk.draw()
    behind = source.snapshot().status.iteration - bench.desk.snapshot.status.iteration
    source.rest_now()
    bench.wait(lambda: not bench.desk.snapshot.status.state.alive)
    source.process.wait()
    return behind


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tries", type=int, default=5)
    options = parser.parse_args()
    claims = Claims()
    with tempfile.TemporaryDirectory() as name:
        bench = Bench(Path(name))
        for what, measure in (
            ("killed run: 'lost' in the window", killed),
            ("unplugged card: 'fault' in the window", unplugged),
        ):
            times = [measure(bench) for _ in range(options.tries)]
            text = f"worst of {len(times)}: {max(times):.2f} s"
            claims.state(what, "within 1 s", text, max(times) <= 1.0)
        behind = frozen(bench)
        claims.state("window frozen for 10 s: first frame after it", "<= 1 iteration old", f"{behind}", behind <= 1)
        bench.desk.close()
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
