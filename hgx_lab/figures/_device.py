"""A simulated device on one page: what it is made of, sweeps, derivatives, currents, gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.errors import ExperimentError
from hgx_lab.figures._abundance import plot_gate_shares
from hgx_lab.figures._asinh import asinh_axis
from hgx_lab.figures._layout import plot_layout
from hgx_lab.figures._style import HIGH, LOW, QUIET, colours, dress, si_scale

if TYPE_CHECKING:
    from pathlib import Path

    from hgx_lab.experiments import DeviceSurvey, Subject

__all__ = ["device_figure", "save_device_figure"]


def device_figure(subject: Subject, survey: DeviceSurvey) -> Figure:
    """Draw what is known of a device; with its dopants and potential where it is a dopant network."""
    figure = Figure(figsize=(12.5 if subject.layout is not None else 8.0, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    if subject.layout is None:
        sweeps, slopes, gates, currents = figure.subplots(2, 2).flat
    else:
        axes = figure.subplot_mosaic(
            [["map", "sweeps", "slopes"], ["map", "gates", "currents"]], width_ratios=[1.5, 1, 1]
        )
        sweeps, slopes, gates, currents = (axes[name] for name in ("sweeps", "slopes", "gates", "currents"))
        plot_layout(axes["map"], subject.layout, survey.shown_volts, subject.names)
    _sweeps(sweeps, subject, survey)
    _slopes(slopes, subject, survey)
    _currents(currents, survey)
    if survey.gates:
        plot_gate_shares(
            gates, [g.gate for g in survey.gates], np.array([g.solved for g in survey.gates]), survey.gates[0].tried
        )
    else:
        gates.set_axis_off()
    figure.suptitle(subject.title, x=0.008, ha="left", fontsize=11, fontweight="bold", parse_math=False)
    return figure


def save_device_figure(subject: Subject, survey: DeviceSurvey, path: Path, *, dots_per_inch: float = 150.0) -> None:
    """Write the figure to a PNG, PDF or SVG file, by the ending of its name; ExperimentError when that fails."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        device_figure(subject, survey).savefig(path, dpi=dots_per_inch)
    except (OSError, ValueError) as error:
        raise ExperimentError(f"The figure {path} can't be written: {error}.") from error


def _sweeps(axes: Axes, subject: Subject, survey: DeviceSurvey) -> None:
    """Draw the current against each electrode's voltage, the others as they are in the survey."""
    factor, unit = si_scale(survey.sweep_current, "A")
    shades = colours(len(subject.names))
    for colour, volts, current in zip(shades, survey.sweep_volts, survey.sweep_current, strict=True):
        axes.plot(volts, current * factor, color=colour, linewidth=1.2)
    axes.axhline(0.0, color="0.8", linewidth=0.8, zorder=0)
    axes.locator_params(axis="x", nbins=5)
    where = "the widest XOR" if survey.gates else "the middle"
    dress(axes, f"Sweeps from {where}", f"Current ({unit})", "Voltage (V)")
    if len(subject.names) <= 16:
        axes.legend(subject.names, frameon=False, fontsize=7.5, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _slopes(axes: Axes, subject: Subject, survey: DeviceSurvey) -> None:
    """Draw the distribution of each derivative at random voltages: its median, middle half and 5 to 95 %."""
    factor, unit = si_scale(np.percentile(np.abs(survey.gradient), 95, axis=1), "A")
    axes.axhline(0.0, color="0.7", linewidth=0.8, zorder=0)
    boxes = axes.boxplot(
        list(survey.gradient * factor),
        whis=(5, 95),
        showfliers=False,
        patch_artist=True,
        widths=0.6,
        medianprops={"color": "black"},
    )
    for box in boxes["boxes"]:
        box.set(facecolor="#BFD9EC", edgecolor=LOW, linewidth=0.9)
    ends = np.percentile(survey.gradient, (4, 96), axis=1) * factor
    linear = float(np.median(np.abs(survey.gradient))) * factor
    if linear > 0:
        asinh_axis(axes, "y", linear, 1.3 * min(0.0, ends.min()), 1.3 * max(0.0, ends.max()))
    axes.set_xticks(range(1, len(subject.names) + 1), subject.names)
    negative = f"{survey.negative_share:.0%} negative"
    dress(axes, f"Derivatives ({negative})", f"dI/dV ({unit}/V)", "")


def _currents(axes: Axes, survey: DeviceSurvey) -> None:
    """Draw the distribution of the current at random voltages."""
    factor, unit = si_scale(survey.current, "A")
    axes.hist(survey.current * factor, bins=50, color=QUIET)
    axes.axvline(float(np.median(survey.current)) * factor, color=HIGH, linewidth=1.2)
    dress(axes, "Currents", f"Of {survey.current.size} random settings", f"Current ({unit}); median marked")
