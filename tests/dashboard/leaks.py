"""Finds timers and threads of Qt that a test left running, and says where they were started."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pyqtgraph.Qt import QtCore

#: Files whose lines say nothing of who started something.
_OURS = ("/leaks.py", "/_pytest/", "/pluggy/", "pytestqt")


class Leaks:
    """Keeps what is constructed while it watches; :meth:`found` says in words what still runs of it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self._made: list[tuple[Any, Callable[[Any], bool], list[str]]] = []
        watched = (
            ("QTimer", QtCore.QTimer.isActive),
            ("QThread", QtCore.QThread.isRunning),
            ("QThreadPool", lambda pool: pool.activeThreadCount() > 0),
        )
        for name, runs in watched:
            patch.setattr(QtCore, name, self._watched(getattr(QtCore, name), runs))

    def _watched(self, kind: Any, runs: Callable[[Any], bool]) -> type:
        made = self._made

        class Watched(kind):
            def __init__(self, *arguments: Any, **named: Any) -> None:
                super().__init__(*arguments, **named)
                made.append((self, runs, traceback.format_stack()))

        Watched.__name__ = Watched.__qualname__ = kind.__name__
        return Watched

    def found(self) -> list[str]:
        """What runs still, each with the line that made it."""
        running: list[str] = []
        for thing, runs, stack in self._made:
            try:
                alive = runs(thing)
            except RuntimeError:  # its Qt side has been deleted, and nothing runs without it
                continue
            if alive:
                lines = [frame for frame in stack if not any(name in frame for name in _OURS)]
                running.append(f"a {type(thing).__name__} still runs, made at\n{''.join(lines[-4:])}")
        return running

    def end(self) -> None:
        """Stop what is found, so that the next test isn't blamed."""
        for thing, _, _ in self._made:
            try:
                if isinstance(thing, QtCore.QTimer):
                    thing.stop()
                elif isinstance(thing, QtCore.QThread):
                    thing.quit()
                    thing.wait(5000)
                else:
                    thing.waitForDone(5000)
            except RuntimeError:
                continue
        self._made.clear()
