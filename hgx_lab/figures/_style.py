"""How the figures look: colours, fonts, units."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from numpy.typing import ArrayLike, NDArray

__all__ = ["BEST", "HIGH", "LOW", "QUIET", "colours", "dress", "label_ends", "si_scale", "si_text"]

# Okabe and Ito's palette, told apart by people with any kind of colour vision; without its yellow, which
# white paper swallows.
_PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000")
LOW, HIGH, BEST, QUIET = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}
_SMALL, _LARGE = 7.5, 9.0


def colours(count: int) -> list[str]:
    """Colours for ``count`` lines: the palette while it lasts, else evenly from dark blue to light green."""
    if count <= len(_PALETTE):
        return list(_PALETTE[:count])
    return [to_hex(c) for c in colormaps["viridis"](np.linspace(0.0, 0.9, count))]


def si_scale(values: ArrayLike, unit: str) -> tuple[float, str]:
    """A factor and a unit with prefix, so that the largest of ``values`` reads as 1 to 1000.

    A number without a unit, or per something ("1/V"), keeps its size.
    """
    finite = np.abs(np.asarray(values, dtype=np.float64))
    finite = finite[np.isfinite(finite)]
    largest = float(finite.max()) if finite.size else 0.0
    if largest == 0.0 or not unit or unit[0].isdigit():
        return 1.0, unit
    # A hair up, so that 999.9999999 n doesn't become 1000 n.
    power = 3 * math.floor(math.log10(largest * (1 + 1e-9)) / 3)
    power = min(max(power, min(_PREFIXES)), max(_PREFIXES))
    return 10.0**-power, _PREFIXES[power] + unit


def si_text(value: float | None, unit: str, std: float | None = None, *, like: ArrayLike | None = None) -> str:
    """A number for people: "12.3 nA", with a standard deviation "12.3 ± 0.4 nA"; a dash where there is none.

    A standard deviation that isn't known is a question mark, "12.3 ± ? nA"; one of 0 isn't written. With ``like``,
    the prefix is the one that suits those numbers.
    """
    if value is None or not math.isfinite(value):
        return "–"
    factor, scaled = si_scale([value] if like is None else like, unit)
    if std is None or std <= 0:
        return f"{value * factor:.4g} {scaled}".rstrip()
    if not math.isfinite(std):
        return f"{value * factor:.4g} ± ? {scaled}".rstrip()
    # As many decimals as give the standard deviation two significant digits.
    decimals = min(9, max(0, 1 - math.floor(math.log10(std * factor))))
    return f"{value * factor:.{decimals}f} ± {std * factor:.{decimals}f} {scaled}".rstrip()


def dress(axes: Axes, title: str, y_label: str, x_label: str = "Iteration") -> None:
    """Title, axis labels and quiet spines. No global settings of matplotlib are touched."""
    axes.set_title(title, fontsize=_LARGE, loc="left", fontweight="bold")
    axes.set_xlabel(x_label, fontsize=_LARGE)
    axes.set_ylabel(y_label, fontsize=_LARGE)
    axes.tick_params(labelsize=8.0, which="both", direction="out", length=3)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _spread(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Move sorted places apart to at least ``gap``, as a group where they touch."""
    groups = [[float(p), 1] for p in places]  # centre, members
    merged = True
    while merged:
        merged = False
        for i in range(len(groups) - 1):
            (a, n), (b, m) = groups[i], groups[i + 1]
            if b - a < gap * (n + m) / 2:
                groups[i : i + 2] = [[(a * n + b * m) / (n + m), n + m]]
                merged = True
                break
    moved = [centre + gap * (k - (n - 1) / 2) for centre, n in groups for k in range(int(n))]
    return np.array(moved)


def label_ends(axes: Axes, names: Sequence[str], ends: ArrayLike, line_colours: Sequence[str]) -> None:
    """Write the name of each line at its right end, in its colour, none on top of another.

    Call it last: it takes the limits of the axes as they are then.
    """
    heights = np.asarray(ends, dtype=np.float64)
    axes.autoscale_view()  # otherwise done only when the figure is drawn
    scale = axes.transScale + axes.transLimits
    places = np.clip(scale.transform(np.stack([np.ones_like(heights), heights], axis=1))[:, 1], 0.0, 1.0)
    shown = [int(i) for i in np.argsort(places) if np.isfinite(places[i])]
    for i, place in zip(shown, _spread(places[shown], 0.075), strict=True):
        axes.annotate(
            names[i],
            (1.0, float(place)),
            xycoords="axes fraction",
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=_SMALL,
            color=line_colours[i],
            annotation_clip=False,
        )
