"""Figure 4a: input waveforms, and the output current of each gate against time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.reproduction._traces import GateTrace, read_gate_trace

__all__ = ["draw_gates"]

_COLUMNS = 3
_INPUT_COLOURS = ("#009E73", "#CC79A7")
_CURRENT, _TARGET, _THRESHOLD = "#0072B2", "#D55E00", "0.45"
_SMALL = 7.5


def draw_gates(paths: Mapping[str, Path]) -> Figure:
    """Draw gates from records that keep the samples of their validation, by the name of the gate."""
    traces = {gate: read_gate_trace(path) for gate, path in paths.items()}
    rows = -(-len(traces) // _COLUMNS)
    figure = Figure(figsize=(7.2, 1.1 + 1.75 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(
        rows + 1, _COLUMNS, sharex=True, squeeze=False, gridspec_kw={"height_ratios": [0.62] + [1.0] * rows}
    )
    first = next(iter(traces.values()))
    for column in range(_COLUMNS):
        _draw_inputs(panels[0, column], first, labelled=column == 0)
    for panel, (gate, trace) in zip(panels[1:].ravel(), traces.items(), strict=False):
        _draw_current(panel, gate, trace)
    for empty in panels[1:].ravel()[len(traces) :]:
        empty.set_axis_off()
    for row in panels[1:]:
        row[0].set_ylabel("Current (nA)", fontsize=8.5)
    for panel in panels[-1]:
        panel.set_xlabel("Time (ms)", fontsize=8.5)
    return figure


def _dress(axes: Axes, trace: GateTrace) -> None:
    axes.tick_params(labelsize=_SMALL, length=2.5)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_xlim(1e3 * trace.corner_time[0], 1e3 * trace.corner_time[-1])
    for begin, end in trace.windows:
        axes.axvspan(1e3 * begin, 1e3 * end, color="0.95", lw=0, zorder=0)


def _draw_inputs(axes: Axes, trace: GateTrace, *, labelled: bool) -> None:
    """The two input voltages, one above the other, with their logic."""
    _dress(axes, trace)
    swings = [float(np.ptp(volts)) for volts in trace.input_volts.values()]
    for row, ((name, volts), colour) in enumerate(zip(trace.input_volts.items(), _INPUT_COLOURS, strict=True)):
        level = (volts - volts.min()) / max(swings[row], 1e-12) + 1.45 * (1 - row)
        axes.plot(1e3 * trace.corner_time, level, color=colour, lw=1.3)
        axes.text(0.0, 0.5 + 1.45 * (1 - row), f"{name} ", color=colour, fontsize=_SMALL, ha="right", va="center",
                  transform=axes.get_yaxis_transform())  # fmt: skip
    for name, (begin, end) in zip(trace.case_names, trace.windows, strict=True):
        axes.text(5e2 * (begin + end), 2.62, name, fontsize=_SMALL, ha="center", va="bottom", color="0.3")
    axes.set_ylim(-0.2, 2.6)
    axes.set_yticks([])
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(bottom=False)
    if labelled:
        axes.set_title("a", fontsize=10, fontweight="bold", loc="left", x=-0.12)


def _draw_current(axes: Axes, gate: str, trace: GateTrace) -> None:
    """The output current sample by sample, the threshold, and the target: high and low at their mean levels."""
    _dress(axes, trace)
    axes.plot(1e3 * trace.time, 1e9 * trace.current, color=_CURRENT, lw=0.6, zorder=2, rasterized=True)
    high = trace.targets == 1
    levels = np.where(high, trace.outputs[high].mean(), trace.outputs[~high].mean())
    edges = np.append(trace.windows[:, 0], trace.windows[-1, 1])
    axes.stairs(1e9 * levels, 1e3 * edges, baseline=None, color=_TARGET, lw=1.1, zorder=3)
    axes.axhline(1e9 * trace.threshold, color=_THRESHOLD, lw=0.8, ls=(0, (4, 2)), zorder=1)
    axes.set_title(gate, fontsize=9, fontweight="bold", loc="left", pad=3)
    axes.set_title(f"gap {1e9 * trace.margin:.1f} nA", fontsize=_SMALL, color="0.35", loc="right", pad=3)
