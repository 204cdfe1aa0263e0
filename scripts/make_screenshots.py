"""Make the pictures of the dashboard: every panel and the whole window, of a run of configs/xor.yaml.

    python scripts/make_screenshots.py --docs
    python scripts/make_screenshots.py [--output FOLDER] [--panels] [--size WxH] [--scale N]

Three states: learning (a run that is going on), fault (its card is unplugged), rewound (an iteration of its record);
each in light and dark. ``--size`` is in logical pixels, ``--scale`` in pixels of the screen for each: 1366x768 at 1 is
a laptop, 1920x1080 at 2 a screen of 3840x2160. Without ``--panels`` the windows alone are made; with ``--docs`` those
alone that the documentation shows, in their places. Nothing is shown on a screen. The pictures have a palette of 256
colours, which keeps them small.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgx_lab.live import RunProcess, Snapshot, attach

if TYPE_CHECKING:
    from hgx_lab.dashboard._desk import Desk

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
#: The pictures of the documentation, and what they are of.
DOCS = {
    "rewound-dark.png": "dashboard.png",
    "learning-dark-current.png": "dashboard/learning.png",
    "fault-light.png": "dashboard/fault.png",
}
#: An iteration at which the gate is being learned, and the one that is looked back at.
LEARNING, PAST = 40, 20
COLOURS = 256
PATIENCE_SECONDS = 120.0


@dataclass
class Still:
    """A source that stands still: a moment of a run."""

    shown: Snapshot
    record: Path = Path()

    def snapshot(self) -> Snapshot:
        """The moment."""
        return self.shown

    def _nothing(self) -> None:
        """Nobody is told anything."""

    reset_overload = pause = resume = stop = rest_now = close = _nothing


def run_text(name: str, *, fault: str = "") -> str:
    """The run file of configs/xor.yaml that goes on when the gate is learned, with the raw samples in its record."""
    text = (ROOT / "configs" / "xor.yaml").read_text(encoding="utf-8")
    text = text.replace("name: xor", f"name: {name}").replace(", margin: 1.5 nA}", "}") + "record: {raw: true}\n"
    return text.replace("  clock: fast", f"  faults: [{fault}]\n  clock: fast") if fault else text


def moment_of(text: str, record: Path, *, iterations: int | None) -> Snapshot:
    """Run a text; what it looks like after so many iterations, or at its end where the number is None."""
    source = RunProcess(text, record)
    until = time.monotonic() + PATIENCE_SECONDS
    found: Snapshot | None = None
    try:
        while source.snapshot().status.state.alive and time.monotonic() < until:
            snapshot = source.snapshot()
            if found is None and iterations is not None and snapshot.status.iteration >= iterations and snapshot.trace:
                found = snapshot
            time.sleep(0.005)
        return found or source.snapshot()
    finally:
        source.stop()
        source.close()


def picture(widget: object, path: Path) -> None:
    """Save what a widget shows."""
    from PIL import Image
    from pyqtgraph.Qt import QtGui

    image = widget.grab().toImage().convertToFormat(QtGui.QImage.Format.Format_RGBA8888)  # type: ignore[attr-defined]
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    whole = Image.frombytes("RGBA", (image.width(), image.height()), bytes(bits)).convert("RGB")
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path} {image.width()} x {image.height()}, {path.stat().st_size / 1e3:.0f} kB")


def settle(desk: Desk) -> None:
    """Draw until the layout stands still."""
    from pyqtgraph.Qt import QtWidgets

    for _ in range(4):
        desk.draw()
        QtWidgets.QApplication.processEvents()


def take(desk: Desk, name: str, folder: Path, *, panels: bool) -> None:
    """The pictures of one state in the colours of now."""
    settle(desk)
    picture(desk, folder / f"{name}.png")
    desk.board.docks["current"].raise_()
    settle(desk)
    picture(desk, folder / f"{name}-current.png")
    desk.board.docks["outputs"].raise_()
    if not panels:
        return
    for key, dock in desk.board.docks.items():
        dock.raise_()
        settle(desk)
        picture(dock, folder / f"{name}-panel-{key}.png")
    desk.board.docks["outputs"].raise_()


def main() -> int:
    """Make them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("screenshots"))
    parser.add_argument("--docs", action="store_true", help="replace the pictures of the documentation")
    parser.add_argument("--panels", action="store_true", help="each panel too")
    parser.add_argument("--size", default="1366x768")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    width, height = (int(n) for n in options.size.split("x"))
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_FONT_DPI"] = "96"
    os.environ["QT_SCALE_FACTOR"] = str(options.scale)
    from pyqtgraph.Qt import QtCore

    from hgx_lab.dashboard._application import make_application
    from hgx_lab.dashboard._desk import Desk
    from hgx_lab.dashboard._theme import DARK, LIGHT, apply_theme

    made = tempfile.TemporaryDirectory()
    folder = Path(made.name) if options.docs else options.output.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    application = make_application()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        runs = Path("runs")
        learning = moment_of(run_text("xor"), runs / "xor.h5", iterations=LEARNING)
        unplugged = run_text("xor", fault="{kind: disconnect, at: 5.5 s}")
        fault = moment_of(unplugged, runs / "xor-unplugged.h5", iterations=None)
        for theme in (DARK, LIGHT):
            apply_theme(application, theme)
            desk = Desk(theme, QtCore.QSettings(str(Path(name) / "layout.ini"), QtCore.QSettings.Format.IniFormat))
            desk.resize(width, height)
            desk.show()
            desk._frame_label.hide()  # of a still it says nothing
            for state, snapshot in (("learning", learning), ("fault", fault)):
                desk.watch(Still(snapshot))
                take(desk, f"{state}-{theme.name}", folder, panels=options.panels)
            desk.watch(attach(runs / "xor.h5"))
            desk.look_at(runs / "xor.h5")
            desk.rewind.number.setValue(PAST)
            take(desk, f"rewound-{theme.name}", folder, panels=options.panels)
            desk.close()
            desk.settings.clear()
    if options.docs:
        for source, target in DOCS.items():
            (IMAGES / target).parent.mkdir(exist_ok=True)
            (IMAGES / target).write_bytes((folder / source).read_bytes())
    made.cleanup()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
