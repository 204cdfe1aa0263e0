"""The Qt application around the window."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pyqtgraph as pg
from pyqtgraph.Qt import QtCore, QtGui, QtWidgets

from hgx_lab.dashboard._desk import Desk
from hgx_lab.dashboard._theme import apply_theme, theme_named

__all__ = ["run_application"]


def run_application(path: Path | None, *, theme: str | None) -> int:
    """Open the window on a run file, a record, or nothing, and return when it is closed."""
    application = make_application()
    settings = QtCore.QSettings("hgx-lab", "dashboard")
    colours = theme_named(theme or str(settings.value("theme", "dark")))
    apply_theme(application, colours)
    window = Desk(colours, settings)
    if path is not None:
        window.open_path(path)
    window.show()
    # Ctrl-C in the terminal closes the window as its button does; the frames let Python see the signal.
    before = signal.signal(signal.SIGINT, lambda *_: window.close())
    try:
        return application.exec()
    finally:
        signal.signal(signal.SIGINT, before)


def make_application() -> QtWidgets.QApplication:
    """The application of this process, sharp on screens with many pixels."""
    found = QtWidgets.QApplication.instance()
    if isinstance(found, QtWidgets.QApplication):
        return found
    attribute = QtCore.Qt.ApplicationAttribute
    for name in ("AA_EnableHighDpiScaling", "AA_UseHighDpiPixmaps"):  # Qt 6 does so by itself
        if hasattr(attribute, name):
            QtWidgets.QApplication.setAttribute(getattr(attribute, name))
    if hasattr(QtCore.Qt, "HighDpiScaleFactorRoundingPolicy"):
        policy = QtCore.Qt.HighDpiScaleFactorRoundingPolicy
        # X takes the factor from the size of the screen in millimetres, so that one of 97 dots an inch would blur
        # everything by 1 %; there it is a whole number, and text follows the rest.
        exact = sys.platform in ("win32", "darwin")
        QtGui.QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
            policy.PassThrough if exact else policy.RoundPreferFloor
        )
    application = QtWidgets.QApplication(["hgx-lab"])
    pg.setConfigOptions(antialias=False)
    return application
