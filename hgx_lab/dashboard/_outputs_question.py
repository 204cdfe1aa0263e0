"""The question before a start on a card that can't measure its outputs: where do they stand now?"""

from __future__ import annotations

from pyqtgraph.Qt import QtWidgets

from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.experiments import parse_levels
from hgx_lab.live import RunProcess, Source

__all__ = ["ask_for_outputs"]

_WORDS = """The card can't measure its outputs, and the first move starts from where they stand now.

Measure them, or disconnect the device and bring them to 0 V. Then state their voltages for this one start: 0 V for
all, or by electrode, as %s.

Empty: as the last record of this card tells, if it ended at rest; otherwise the run will be refused."""


def ask_for_outputs(parent: QtWidgets.QWidget, run: RunFile, before: Source | RunProcess) -> str | None:
    """What is stated for one start; empty where there is nothing to ask or nothing is stated; None to start nothing.

    Asked where the run file says that the card can't measure its outputs, or where the start ``before`` was refused for
    want of just that.

    Raises
    ------
    ConfigurationError
        The answer can't be read.
    """
    if not isinstance(run.bench, NiBench):
        return ""
    refused = isinstance(before, RunProcess) and before.wants_outputs
    if run.bench.outputs_known_at_volts is None and not refused:
        return ""
    names = [e.name for e in run.electrodes]
    example = f"{names[0]}=0.8V,{names[-1]}=0V"
    answer, ok = QtWidgets.QInputDialog.getText(parent, "Where do the outputs stand?", _WORDS % example)
    if not ok:
        return None
    if answer := answer.strip():
        parse_levels(answer, run)
    return answer
