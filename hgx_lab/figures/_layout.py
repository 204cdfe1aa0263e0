"""Dopants, electrodes and potential of a dopant network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from numpy.typing import NDArray

from hgx_lab.figures._style import dress

if TYPE_CHECKING:
    from hgx_drivers.simulated.devices.dopant import DopantLayout

__all__ = ["plot_layout"]

Floats = NDArray[np.float64]

_PIXELS = 121
_NANOMETRES = 1e9
#: Share of the radius inside which the potential is drawn: beside the rim its series needs ever more terms.
_DRAWN = 0.985


def plot_layout(axes: Axes, layout: DopantLayout, volts: Floats, names: Sequence[str]) -> None:
    """Draw a layout with the electrostatic potential of the electrodes.

    Parameters
    ----------
    volts:
        (E,) of the driven electrodes, V; the output is at 0 V.
    names:
        Of the driven electrodes.
    """
    from hgx_drivers.simulated.devices.dopant import lead_field

    radius = layout.geometry.radius * _NANOMETRES
    line = np.linspace(-1.0, 1.0, _PIXELS)
    x, y = np.meshgrid(line, line)
    inside = np.hypot(x, y) < _DRAWN
    terminals = np.zeros(layout.electrodes)
    terminals[list(layout.driven)] = volts
    points = np.stack([x[inside], y[inside]], axis=1) * layout.geometry.radius
    potential = np.full(x.shape, np.nan)
    potential[inside] = lead_field(layout.geometry, points) @ terminals
    reach = float(np.abs(volts).max()) or 1.0
    image = axes.pcolormesh(
        line * radius,
        line * radius,
        potential,
        cmap="RdBu_r",
        vmin=-reach,
        vmax=reach,
        shading="nearest",
        rasterized=True,
    )
    axes.contour(line * radius, line * radius, potential, levels=12, colors="0.25", linewidths=0.35, alpha=0.6)
    axes.add_patch(Circle((0, 0), radius, fill=False, edgecolor="0.3", linewidth=1.0))
    _electrodes(axes, layout, terminals, names, radius)
    acceptors, donors = layout.acceptors * _NANOMETRES, layout.donors * _NANOMETRES
    axes.scatter(*acceptors.T, s=34, color="black", edgecolor="white", linewidth=0.7, zorder=3, label="acceptor")
    axes.scatter(
        *donors.T, s=46, marker="P", color="#E69F00", edgecolor="white", linewidth=0.7, zorder=3, label="donor"
    )
    axes.set_aspect("equal")
    axes.set_xlim(-1.3 * radius, 1.3 * radius)
    axes.set_ylim(-1.3 * radius, 1.3 * radius)
    axes.legend(frameon=False, fontsize=7.5, loc="lower left", borderpad=0)
    bar = axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.6, pad=0.02)
    bar.set_label("Potential of the electrodes (V)", fontsize=9)
    bar.ax.tick_params(labelsize=8)
    bar.ax.locator_params(nbins=5)
    text = f"{layout.sites} acceptors, {len(layout.donors)} donors, {layout.temperature_kelvin:g} K"
    dress(axes, text, "y (nm)", "x (nm)")


def _electrodes(axes: Axes, layout: DopantLayout, terminals: Floats, names: Sequence[str], radius: float) -> None:
    """Draw the arcs with names and voltages."""
    labels = dict(zip(layout.driven, names, strict=True))
    for electrode, (first, last) in enumerate(layout.geometry.arcs):
        angles = np.linspace(first, last, 25)
        measured = electrode == layout.output
        colour = "#009E73" if measured else "0.2"
        axes.plot(1.02 * radius * np.cos(angles), 1.02 * radius * np.sin(angles), color=colour, linewidth=5, zorder=2,
                  solid_capstyle="butt")  # fmt: skip
        if layout.electrodes > 24:
            continue
        middle = (first + last) / 2
        label = "output" if measured else f"{labels[electrode]}\n{terminals[electrode]:+.2f} V"
        axes.text(
            1.17 * radius * np.cos(middle),
            1.17 * radius * np.sin(middle),
            label,
            ha="center",
            va="center",
            fontsize=7.5,
            color=colour,
        )
