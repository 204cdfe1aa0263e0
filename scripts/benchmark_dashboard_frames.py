"""Time the frames of the dashboard: long traces, long histories, and what both do to memory.

    xvfb-run -a python scripts/benchmark_dashboard_frames.py [--frames N] [--iterations N] [--samples N]

A window of 1366 x 768 with all panels, the current in front, is drawn and painted as fast as it goes; a frame lasts
from asking for it until everything is painted. First every frame has a new trace of 1e6 samples, a new spectrum and
a new iteration on top of a full history. Then a history is fed with 100,000 iterations, with a frame after every
hundredth, and frames of it are held against those of a run of 10,000, in turn. Without a display it paints into memory.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from verify_claims import Claims

from hgx_lab.config import load_run_file
from hgx_lab.live import Measured, RunState, Snapshot, Status, Trace, describe
from hgx_lab.live._board import Board
from hgx_lab.live._words import Stepped, Turned, Volts

ROOT = Path(__file__).resolve().parents[1]
#: As many as the program makes of the newest 131,072 samples.
BINS = 8193


@dataclass
class Synthetic:
    """A source whose every snapshot is new: an iteration more, and another trace."""

    samples: int
    record: Path = Path("synthetic.h5")
    iterations: int = 0
    board: Board = field(default_factory=lambda: Board(trace_samples=0))

    def __post_init__(self) -> None:
        run = replace(describe(load_run_file(ROOT / "configs" / "xor.yaml"), self.record), iterations=200_000)
        self.board.take(run)
        self.board.take(Turned(RunState.LEARNING))
        self.random = np.random.default_rng(7)
        self.shape = (len(run.cases), len(run.controls))
        self.rate = run.rate_hz
        self.noise = self.random.normal(scale=20e-9, size=self.samples + 4096)
        self.hertz = np.linspace(0, self.rate / 2, BINS)
        self.psd = 1e-22 * self.random.exponential(size=2 * BINS) + 1e-26
        self.electrodes = len(run.electrodes)

    def step(self) -> None:
        """Complete an iteration."""
        cases, controls = self.shape
        number, random = self.iterations, self.random
        values = random.normal(size=(4, cases, controls)) * 1e-8
        settings = np.sin(number / 300 + np.arange(controls)) * 0.7
        measured = Measured(
            index=number,
            restart=number // 100,
            controls=settings,
            outputs=values[0, :, 0],
            outputs_std=abs(values[1, :, 0]),
            derivatives=values[0],
            derivatives_std=abs(values[1]) / 30,
            quadrature=values[2] / 30,
            gradient=values[3, 0],
            gradient_std=abs(values[1, 0]),
            loss=float(np.exp(-number / 5e4) + 0.1 * random.random()),
            accuracy=float(random.integers(2, 5)) / 4,
            margin=float(values[3, 0, 0]),
            threshold=0.0,
        )
        self.board.take(Stepped(measured, 0.83, 900))
        self.board.take(Volts(np.full(self.electrodes, float(settings[0]))))
        self.iterations += 1

    def snapshot(self) -> Snapshot:
        """The next picture."""
        shown = self.board.snapshot()
        shift = self.iterations % 4096
        trace = Trace(
            997 * self.iterations,
            self.rate,
            self.noise[shift : shift + self.samples],
            self.hertz,
            self.psd[shift : shift + BINS],
        )
        status = replace(shown.status, elapsed_seconds=0.1 * self.iterations)
        return replace(shown, trace=trace, status=Status(**{n: getattr(status, n) for n in status.__slots__}))

    def _nothing(self) -> None:
        """Nobody is told anything."""

    reset_overload = pause = resume = stop = rest_now = close = _nothing


def resident_bytes() -> int:
    """Memory of this process."""
    fields = Path("/proc/self/statm").read_text(encoding="ascii").split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    """Measure, and state what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--iterations", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=1_000_000)
    options = parser.parse_args()
    if not os.environ.get("DISPLAY"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_FONT_DPI"] = "96"
    from pyqtgraph.Qt import QtCore, QtWidgets

    from hgx_lab.dashboard._application import make_application
    from hgx_lab.dashboard._theme import DARK, apply_theme
    from hgx_lab.dashboard._window import DashboardWindow

    class Counter(QtCore.QObject):
        """Counts how often a widget is painted."""

        painted = 0

        def eventFilter(self, a0: Any, a1: Any) -> bool:  # noqa: N802 - Qt's name
            self.painted += a1.type() == QtCore.QEvent.Type.Paint
            return False

    application = make_application()
    apply_theme(application, DARK)
    claims = Claims()
    print(f"# {application.platformName()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as name:
        settings = QtCore.QSettings(str(Path(name) / "layout.ini"), QtCore.QSettings.Format.IniFormat)
        window = DashboardWindow(DARK, settings)
        window.resize(1366, 768)
        window.show()
        window._timer.stop()  # frames are asked for here
        QtWidgets.QApplication.processEvents()
        window.board.docks["current"].raise_()
        counter = Counter()
        window.board.panels["current"].trace.viewport().installEventFilter(counter)  # type: ignore[attr-defined]

        def frames(count: int, source: Synthetic, every: int) -> np.ndarray:
            """Seconds of each frame: by the clock, and of work of this process, which others don't lengthen."""
            seconds = np.empty((2, count))
            for n in range(count):
                for _ in range(every):
                    source.step()
                begun, worked = time.perf_counter(), time.process_time()
                window.draw()
                QtWidgets.QApplication.processEvents()
                seconds[:, n] = time.perf_counter() - begun, time.process_time() - worked
            return seconds

        source = Synthetic(options.samples)
        for _ in range(5_000):
            source.step()
        window.watch(source)
        frames(5, source, 1)
        before = counter.painted
        taken, worked = frames(options.frames, source, 1)
        painted = counter.painted - before
        claims.at_least("Frames painted of those asked for", painted / options.frames, 1.0)
        rate = f"Frames a second, a new trace of {options.samples:g} samples, spectrum and iteration in each"
        claims.at_least(rate, 1 / float(np.median(taken)), 25.0)
        claims.at_least(f"{rate}, by the work in 95 % of them", 1 / float(np.percentile(worked, 95)), 25.0)
        print(f"# frame {1e3 * np.median(taken):.1f} ms, {1e3 * np.median(worked):.1f} ms of work, in the middle")

        source, young = Synthetic(10_000), Synthetic(10_000)
        window.watch(source)
        frames(100, source, 100)
        memory = resident_bytes()
        frames(max(20, options.iterations // 100 - 100), source, 100)
        grown = resident_bytes() - memory
        for _ in range(10_000):
            young.step()
        # In turn, so that whatever else the machine does strikes both alike; each with its history drawn.
        each = np.empty((2, 60))
        for n in range(each.shape[1]):
            for which, looked_at in enumerate((young, source)):
                window.source = looked_at
                for panel in window.board.panels.values():
                    panel._drawn = None
                each[which, n] = frames(1, looked_at, 1)[1, 0]
        first, last = np.median(each, axis=1)
        print(f"# work in a frame after {young.iterations} iterations {1e3 * first:.1f} ms,", end=" ")
        print(f"after {source.iterations} {1e3 * last:.1f} ms")
        claims.at_most("Frame time at the end of a long run over that at its beginning", last / first, 1.15)
        claims.at_most("Memory gained over a long run", grown / 1e6, 20.0, " MB")
        claims.state(
            "Panels that can't be drawn", "none", ", ".join(window.board.broken) or "none", not window.board.broken
        )
        window.close()
    return claims.exit_code


if __name__ == "__main__":
    raise SystemExit(main())
