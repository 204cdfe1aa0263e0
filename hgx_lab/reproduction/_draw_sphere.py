"""Figures 4b, c, d: the sphere in space, output current against radius, loss against iteration."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from mpl_toolkits.mplot3d.axes3d import Axes3D

from hgx_lab.reproduction._sphere_data import Points, ShellResult

__all__ = ["draw_loss", "draw_radius", "draw_space"]

_INSIDE, _OUTSIDE, _QUIET = "#D55E00", "#0072B2", "0.55"
_SMALL = 7.5


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw_space(result: ShellResult) -> Figure:
    """Figure 4b: the test points in the space of the inputs, filled by what the device says of them."""
    figure = _figure(4.2, 3.9)
    axes = figure.add_subplot(projection="3d")
    if not isinstance(axes, Axes3D):
        raise TypeError("matplotlib made a flat panel of a solid one")
    _draw_globe(axes, result.radius)
    points = result.test
    said = points.current > result.threshold
    for inside, colour, name in ((True, _INSIDE, "inside"), (False, _OUTSIDE, "outside")):
        chosen = said == inside
        axes.scatter(*points.coordinates[chosen].T, s=13, color=colour, linewidths=0, label=f"called {name}")
    wrong = said != points.inside
    if wrong.any():
        axes.scatter(
            *points.coordinates[wrong].T, s=48, facecolors="none", edgecolors="black", linewidths=0.9, label="wrong"
        )
    axes.set_xlabel(result.inputs[0], fontsize=8.5, labelpad=-7)
    axes.set_ylabel(result.inputs[1], fontsize=8.5, labelpad=-7)
    axes.set_zlabel(result.inputs[2], fontsize=8.5, labelpad=-8)
    axes.tick_params(labelsize=6.5, pad=-3)
    axes.set(xlim=(-1, 1), ylim=(-1, 1), zlim=(-1, 1))
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_ticks([-1, 0, 1])
    axes.set_box_aspect((1, 1, 1))
    axes.view_init(elev=18, azim=-58)
    axes.legend(fontsize=_SMALL, frameon=False, loc="upper right", borderpad=0, handletextpad=0.2)
    axes.set_title("b", fontsize=10, fontweight="bold", loc="left")
    figure.text(0.03, 0.02, f"{points.accuracy:.1%} of {len(said)} unseen points", fontsize=_SMALL, color="0.35")
    return figure


def _draw_globe(axes: Axes3D, radius: float) -> None:
    along, around = np.mgrid[0 : np.pi : 13j, 0 : 2 * np.pi : 25j]
    x, y, z = np.sin(along) * np.cos(around), np.sin(along) * np.sin(around), np.cos(along)
    axes.plot_wireframe(radius * x, radius * y, radius * z, color=_QUIET, lw=0.4, alpha=0.6)


def draw_radius(result: ShellResult) -> Figure:
    """Figure 4c: output current against radius, with the threshold learned from the training points."""
    figure = _figure(4.2, 3.1)
    axes = figure.subplots()
    _dress(axes, "c", "Distance from the centre (half ranges)", "Current (nA)")
    axes.axvspan(result.radius, result.radius + result.gap, color="0.93", lw=0, zorder=0)
    for points, marker, name in ((result.training, False, "training"), (result.test, True, "unseen")):
        _draw_points(axes, points, filled=marker, name=name)
    axes.axhline(1e9 * result.threshold, color="black", lw=0.9, ls=(0, (4, 2)), zorder=1)
    middle = result.radius + result.gap / 2
    axes.text(middle, 1e9 * result.threshold, "threshold", fontsize=_SMALL, ha="center", va="bottom")
    axes.set_xlim(0.0, 1.02)
    text = f"training {result.training.accuracy:.1%}, unseen {result.test.accuracy:.1%}"
    axes.set_title(text, fontsize=_SMALL, color="0.35", loc="right")
    axes.legend(fontsize=_SMALL, frameon=False, loc="best", ncols=2, handletextpad=0.1, columnspacing=0.8)
    return figure


def _draw_points(axes: Axes, points: Points, *, filled: bool, name: str) -> None:
    for inside, colour, place in ((True, _INSIDE, "inside"), (False, _OUTSIDE, "outside")):
        chosen = points.inside == inside
        axes.scatter(
            points.radius[chosen],
            1e9 * points.current[chosen],
            s=14,
            facecolors=colour if filled else "none",
            edgecolors=colour,
            linewidths=0.0 if filled else 0.7,
            alpha=0.85,
            label=f"{place}, {name}",
            zorder=3 if filled else 2,
        )


def draw_loss(results: Mapping[str, ShellResult]) -> Figure:
    """Figure 4d: loss against iteration for several starts; dots are the iterations, lines the best so far."""
    figure = _figure(4.2, 3.1)
    axes = figure.subplots()
    _dress(axes, "d", "Iteration", "Loss")
    best = min(results, key=lambda name: float(results[name].loss.min()))
    for name, result in results.items():
        chosen = name == best
        colour = _INSIDE if chosen else _QUIET
        number = np.arange(1, len(result.loss) + 1)
        for start in np.unique(result.restart):
            part = result.restart == start
            axes.plot(number[part], result.loss[part], color=colour, lw=0.6, alpha=0.45, zorder=2 + chosen)
        axes.step(number, result.best_so_far, where="post", color=colour, lw=1.6 if chosen else 1.0, zorder=4 + chosen)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_xlim(1, max(len(r.loss) for r in results.values()))
    axes.set_title(
        f"{len(results)} random starts: each iteration, best so far", fontsize=_SMALL, color="0.35", loc="right"
    )
    return figure


def _dress(axes: Axes, letter: str, x_label: str, y_label: str) -> None:
    axes.set_title(letter, fontsize=10, fontweight="bold", loc="left", x=-0.12)
    axes.set_xlabel(x_label, fontsize=8.5)
    axes.set_ylabel(y_label, fontsize=8.5)
    axes.tick_params(labelsize=_SMALL, length=2.5, which="both")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
