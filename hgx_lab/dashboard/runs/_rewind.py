"""A slider over the iterations of a record: every panel as it was, and a branch from there."""

from __future__ import annotations

from pathlib import Path

from pyqtgraph.Qt import QtCore, QtWidgets

from hgx_lab.errors import HgxError
from hgx_lab.live import Past, Snapshot
from hgx_lab.records import Record, open_record

__all__ = ["RewindBar"]

#: Milliseconds from one iteration to the next while it plays.
_PLAY = 100


class RewindBar(QtWidgets.QWidget):
    """Looks at one record at a time.

    ``rewound(snapshot)`` gives an iteration of the past, ``live()`` asks for the present again,
    ``branch_requested(record, iteration)`` for a run that goes on from the iteration that is shown, by the number it
    has in the record, as ``hgx resume --iteration`` takes it.
    """

    rewound = QtCore.Signal(object)
    live = QtCore.Signal()
    branch_requested = QtCore.Signal(object, int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._record: Record | None = None
        self.past: Past | None = None
        self.play = QtWidgets.QPushButton("▶")
        self.play.setCheckable(True)
        self.play.setToolTip("Play the iterations one after the other")
        self.play.setAccessibleName("Play")
        self.slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Iteration")
        self.number = QtWidgets.QSpinBox()
        self.number.setPrefix("iteration ")
        self.number.setAccessibleName("Iteration")
        self.branch = QtWidgets.QPushButton("&Branch from here")
        self.branch.setToolTip("Start a run that goes on from this iteration, with this record as its parent")
        self.back = QtWidgets.QPushButton("Back to &live")
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(6, 2, 6, 2)
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        layout.addWidget(self.branch)
        layout.addWidget(self.back)
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(_PLAY)
        self._timer.timeout.connect(self._next)
        self.slider.valueChanged.connect(self.number.setValue)
        self.number.valueChanged.connect(self._chosen)
        self.play.toggled.connect(self._play)
        self.back.clicked.connect(self.leave)
        self.branch.clicked.connect(self._branch)
        self.hide()

    def open(self, record: Path, *, rewound: bool = True) -> None:
        """Look at a record, beginning with its last iteration; without ``rewound`` only when one is chosen.

        Raises
        ------
        RecordError
            It can't be read, or isn't one of a training, or has no iteration yet.
        """
        opened = open_record(record)
        try:
            past = Past(opened)
        except HgxError:
            opened.close()
            raise
        self._let_go()
        self._record, self.past = opened, past
        first, last = int(past.iterations[0]), int(past.iterations[-1])
        for widget in (self.slider, self.number):
            widget.blockSignals(True)
            widget.setRange(first, last)
            widget.setValue(last)
            widget.blockSignals(False)
        self.show()
        self.branch.setEnabled(rewound)  # from the iteration that is seen
        if rewound:
            self._chosen(last)

    def leave(self) -> None:
        """Go back to the present."""
        self.hide()
        self._let_go()
        self.live.emit()

    def closeEvent(self, a0: object) -> None:  # noqa: N802 - Qt's name
        """Close the record."""
        del a0
        self._let_go()

    def _let_go(self) -> None:
        self._timer.stop()
        self.play.setChecked(False)
        self.past = None
        if self._record is not None:
            self._record.close()
            self._record = None

    def _chosen(self, iteration: int) -> None:
        if self.past is None:
            return
        self.slider.blockSignals(True)
        self.slider.setValue(iteration)
        self.slider.blockSignals(False)
        self.branch.setEnabled(True)
        snapshot: Snapshot = self.past.at(iteration)
        self.rewound.emit(snapshot)

    def _play(self, on: bool) -> None:
        if on and self.number.value() == self.number.maximum():
            self.number.setValue(self.number.minimum())
        self._timer.start() if on else self._timer.stop()

    def _next(self) -> None:
        if self.number.value() >= self.number.maximum():
            self.play.setChecked(False)
        else:
            self.number.setValue(self.number.value() + 1)

    def _branch(self) -> None:
        if self._record is not None and self.past is not None:
            self.branch_requested.emit(Path(self._record.path), self.number.value())
