"""How often random settings compute each gate, where they lie between the gates, and the best of them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import binomtest

from hgx_lab.errors import RecordError
from hgx_lab.figures._asinh import asinh_axis
from hgx_lab.figures._style import QUIET, dress, si_scale
from hgx_lab.records import Record

__all__ = ["GATE_COLOURS", "abundance_figure", "plot_gate_shares"]

Floats = NDArray[np.float64]

#: Each gate and its complement in a strong and a light shade; the rare ones stand out.
GATE_COLOURS = {
    "AND": "#56B4E9",
    "OR": "#0072B2",
    "NAND": "#7FCDB5",
    "NOR": "#009E73",
    "XOR": "#D55E00",
    "XNOR": "#CC79A7",
}


def abundance_figure(record: Record) -> Figure:
    """Draw shares with intervals, a map of the settings, and the controls of the best ones.

    Raises
    ------
    RecordError
        No setting has been measured yet.
    """
    settings = record["settings"]
    current, margins = settings["current"].values, settings["margin"].values
    if not len(current):
        raise RecordError(f"{record.path} holds no setting yet.", remedy="Wait for the first one.")
    gates = [str(gate) for gate in settings["gate"].values]
    least = float(record.header["margin"])
    figure = Figure(figsize=(11.5, 3.7), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.0, 1.15, 1.25))
    solved = (margins >= least) & (margins > 0)
    plot_gate_shares(left, gates, solved.sum(axis=0), len(margins))
    _map(middle, gates, current, margins, solved)
    _best(right, record, settings["volts"].values, margins, gates)
    return figure


def plot_gate_shares(axes: Axes, gates: list[str], solved: NDArray[np.int64], tried: int) -> None:
    """Draw the share of settings that compute each gate, with 95 % intervals of Clopper and Pearson."""
    shares = solved / tried
    ends = [binomtest(int(k), tried).proportion_ci(method="exact") for k in solved]
    errors = np.array([[s - e.low, e.high - s] for s, e in zip(shares, ends, strict=True)]).T
    axes.bar(gates, 100 * shares, color=[GATE_COLOURS[g] for g in gates], width=0.7)
    axes.errorbar(gates, 100 * shares, 100 * np.abs(errors), fmt="none", ecolor="0.2", elinewidth=1.0, capsize=3)
    for place, (share, error) in enumerate(zip(shares, errors[1], strict=True)):
        axes.annotate(
            f"{100 * share:.3g} %",
            (place, 100 * (share + error)),
            xytext=(0, 3),
            textcoords="offset points",
            ha="center",
            fontsize=7.5,
        )
    axes.margins(y=0.12)
    axes.set_ylim(bottom=0)
    dress(axes, f"Gates among {tried} random settings", "Share (%)", "")


def _map(axes: Axes, gates: list[str], current: Floats, margins: Floats, solved: NDArray[np.bool_]) -> None:
    """Draw the settings in the plane of what the inputs do together and what they do to each other.

    A setting that computes several gates, with several thresholds, has the colour of the widest margin.
    """
    together = current[:, 3] - current[:, 0]
    interaction = current[:, 0] - current[:, 1] - current[:, 2] + current[:, 3]
    everything = np.abs(np.concatenate([together, interaction]))
    factor, unit = si_scale(np.quantile(everything, 0.98), "A")
    x, y = together * factor, interaction * factor
    reach = 1.15 * float(everything.max()) * factor or 1.0
    axes.axhline(0.0, color="0.85", linewidth=0.8, zorder=0)
    axes.axvline(0.0, color="0.85", linewidth=0.8, zorder=0)
    widest = np.where(solved.any(axis=1), np.argmax(np.where(solved, margins, -np.inf), axis=1), -1)
    for column, (gate, colour) in enumerate([("none", QUIET), *((g, GATE_COLOURS[g]) for g in gates)], start=-1):
        here = widest == column
        axes.scatter(x[here], y[here], s=9, color=colour, alpha=0.8, linewidths=0, label=gate)
    linear = float(np.median(everything)) * factor or 1.0
    asinh_axis(axes, "x", linear, -reach, reach)
    asinh_axis(axes, "y", linear, -reach, reach)
    axes.legend(frameon=False, fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5), handletextpad=0.1)
    dress(axes, "Map of the settings, by widest margin", f"$I_{{00}} - I_{{01}} - I_{{10}} + I_{{11}}$ ({unit})", "")
    axes.set_xlabel(f"$I_{{11}} - I_{{00}}$ ({unit})", fontsize=9)


def _best(axes: Axes, record: Record, volts: Floats, margins: Floats, gates: list[str]) -> None:
    """Draw the controls of the best setting of each gate."""
    names = [str(e) for e in record["settings"]["electrode"].values]
    controls = [i for i, name in enumerate(names) if name not in record.header["inputs"]]
    best = np.argmax(margins, axis=0)
    shown = volts[best, 0][:, controls]
    reach = float(np.abs(shown).max()) or 1.0
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    for row, column in np.ndindex(*shown.shape):
        dark = abs(shown[row, column]) > 0.6 * reach
        text = f"{shown[row, column]:.2f}"
        axes.text(column, row, text, ha="center", va="center", fontsize=7, color="white" if dark else "0.15")
    factor, unit = si_scale(margins.max(axis=0), "A")
    labels = [f"{gate}  {margins[best[i], i] * factor:.3g} {unit}" for i, gate in enumerate(gates)]
    axes.set_xticks(range(len(controls)), [names[i] for i in controls])
    axes.set_yticks(range(len(gates)), labels)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label("Control (V)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    dress(axes, "Best setting of each gate, and its margin", "", "")
    axes.tick_params(length=0)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
