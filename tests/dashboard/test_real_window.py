"""A real window on a real X server: it fits the screen of a laptop, and everything in it is painted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

#: Opens a record as ``hgx dashboard`` does, draws until it stands, and tells what is on the screen.
LOOK = """
import json, sys
from pathlib import Path
from pyqtgraph.Qt import QtCore, QtWidgets
from hgx_lab.dashboard._application import make_application
from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._plot import Plot
from hgx_lab.dashboard._theme import DARK, apply_theme

application = make_application()
apply_theme(application, DARK)
desk = Desk(DARK, QtCore.QSettings(sys.argv[2], QtCore.QSettings.Format.IniFormat), Path(sys.argv[3]))
desk.open_path(Path(sys.argv[1]))
painted = set()

class Painted(QtCore.QObject):
    def eventFilter(self, a0, a1):
        if a1.type() == QtCore.QEvent.Type.Paint:
            painted.add(viewports.index(a0))
        return False

painter = Painted()
panels = [(panel, p) for panel in desk.board.panels.values() for p in panel.findChildren(Plot)]
plots = [plot for _, plot in panels]
viewports = [plot.viewport() for plot in plots]
for viewport in viewports:
    viewport.installEventFilter(painter)
desk.show()
for _ in range(20):
    application.processEvents(QtCore.QEventLoop.ProcessEventsFlag.AllEvents, 50)
    desk.draw()
visible = [
    n for n, (panel, plot) in enumerate(panels) if plot.isVisible() and not panel.visibleRegion().isEmpty()
]
# Of the screen itself, not of the widget: what the X server has.
picture = application.primaryScreen().grabWindow(int(desk.winId())).toImage()
step = 7
colours = {picture.pixel(x, y) for x in range(0, picture.width(), step) for y in range(0, picture.height(), step)}
print(json.dumps({
    "platform": application.platformName(),
    "window": [desk.width(), desk.height()],
    "screen": [desk.screen().size().width(), desk.screen().size().height()],
    "picture": [picture.width(), picture.height()],
    "colours": len(colours),
    "visible": len(visible),
    "painted": len(painted.intersection(visible)),
    "broken": desk.board.broken,
    "rewound": desk.snapshot.rewound,
}))
desk.close()
"""


def test_the_dashboard_stands_on_a_laptop_screen(xor_record: Path, tmp_path: Path) -> None:
    for program in ("Xvfb", "xvfb-run"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed: apt-get install xvfb xauth")
    environment = {k: v for k, v in os.environ.items() if k not in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY")}
    environment |= {"QT_QPA_PLATFORM": "xcb"}
    done = subprocess.run(
        [
            *("xvfb-run", "-a", "-s", "-screen 0 1366x768x24 -dpi 96"),
            *(sys.executable, "-c", LOOK, str(xor_record), str(tmp_path / "layout.ini"), str(tmp_path)),
        ],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if "Could not load the Qt platform plugin" in done.stderr or 'plugin "xcb"' in done.stderr:
        pytest.skip(f"Qt lacks libraries of the system for X: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["platform"] == "xcb"
    assert found["window"][0] <= 1366
    assert found["window"][1] <= 768
    assert found["screen"] == [1366, 768]
    assert found["picture"] == found["window"]
    assert found["colours"] > 20
    assert found["painted"] == found["visible"] >= 8
    assert found["broken"] == {}
    assert found["rewound"]
