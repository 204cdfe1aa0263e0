"""Axes that show small and large numbers of both signs: linear about zero, logarithmic far from it."""

from __future__ import annotations

from typing import Literal

import numpy as np
from matplotlib.axes import Axes

__all__ = ["asinh_axis"]


def asinh_axis(axes: Axes, which: Literal["x", "y"], linear: float, low: float, high: float) -> None:
    """Scale one axis by the inverse hyperbolic sine, with ticks at whole decades.

    Parameters
    ----------
    linear:
        About where the linear part ends, above 0.
    low, high:
        Ends of the axis.
    """
    decades = 10.0 ** np.arange(-15, 16)
    wanted = [*(-decades[::-1]), 0.0, *decades]
    ticks = [t for t in wanted if low <= t <= high and (t == 0.0 or abs(t) > 0.7 * linear)]
    scale, limit, place = (getattr(axes, f"set_{which}{name}") for name in ("scale", "lim", "ticks"))
    scale("asinh", linear_width=linear)
    place(ticks, [f"{t:g}" for t in ticks])
    axes.minorticks_off()
    limit(low, high)
