"""A disc with electrode arcs on its rim, and the distances hopping depends on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.simulated.devices.dopant._errors import LayoutError

__all__ = ["DiscGeometry"]

Floats = NDArray[np.float64]

#: Published devices: electrodes 0.4 radii wide. With many electrodes an arc keeps this share of its pitch.
_WIDTH_RADIANS = 0.4
_LARGEST_SHARE_OF_PITCH = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class DiscGeometry:
    """Electrode arcs on the rim of a disc; everywhere else the rim is insulating.

    Parameters
    ----------
    radius:
        Radius of the disc in metres.
    arcs:
        First and last angle of every electrode in radians, shape (P, 2), counter-clockwise, not overlapping,
        in the order of the electrodes around the rim.
    """

    radius: float
    arcs: Floats

    def __post_init__(self) -> None:
        arcs = np.array(self.arcs, dtype=np.float64, order="C")
        object.__setattr__(self, "arcs", arcs)
        arcs.setflags(write=False)
        if not (np.isfinite(self.radius) and self.radius > 0):
            raise LayoutError(f"The disc radius is {self.radius} m.", remedy="Give a positive radius.")
        if arcs.ndim != 2 or arcs.shape[1] != 2 or not np.all(np.isfinite(arcs)):
            raise LayoutError(f"Electrode arcs have shape {arcs.shape}.", remedy="Give finite angles (P, 2).")
        if not 2 <= len(arcs) <= 100:
            raise LayoutError(f"{len(arcs)} electrodes on one disc.", remedy="Use 2 to 100 electrodes.")
        gaps = np.roll(arcs[:, 0], -1) - arcs[:, 1]
        gaps[-1] += 2 * np.pi
        for name, lengths in (("is wide", arcs[:, 1] - arcs[:, 0]), ("is away from the next", gaps)):
            worst = int(np.argmin(lengths))
            if lengths[worst] <= 0:
                raise LayoutError(
                    f"Electrode {worst} {name} by {lengths[worst]:.4g} rad.",
                    remedy="Give arcs counter-clockwise, in order and without overlap.",
                )

    @classmethod
    def regular(cls, radius: float, electrodes: int, *, width_radians: float | None = None) -> DiscGeometry:
        """Electrodes of equal width at equal angles, electrode 0 centred at angle 0.

        The default width is that of published devices, 0.4 radii, narrowed to 60 % of the pitch where many
        electrodes share the rim.
        """
        if electrodes < 2:
            raise LayoutError(f"{electrodes} electrodes on one disc.", remedy="Use 2 to 100 electrodes.")
        pitch = 2 * np.pi / electrodes
        width = width_radians or min(_WIDTH_RADIANS, _LARGEST_SHARE_OF_PITCH * pitch)
        centres = pitch * np.arange(electrodes, dtype=np.float64)
        arcs = np.stack([centres - width / 2, centres + width / 2], axis=1)
        return cls(radius, np.asarray(arcs, dtype=np.float64))

    @property
    def electrodes(self) -> int:
        """Number of electrodes P on the rim, the output included."""
        return len(self.arcs)

    def distances(self, points: Floats) -> Floats:
        """Metres from points (N, 2) to the nearest point of every electrode, shape (N, P)."""
        centre, half = self.arcs.mean(axis=1), np.diff(self.arcs, axis=1)[:, 0] / 2
        angle = np.arctan2(points[:, 1], points[:, 0])
        # The nearest rim angle inside the arc: the point's own angle, clipped to the arc.
        offset = (angle[:, None] - centre + np.pi) % (2 * np.pi) - np.pi
        nearest = centre + np.clip(offset, -half, half)
        rim = self.radius * np.stack([np.cos(nearest), np.sin(nearest)], axis=-1)
        return np.linalg.norm(points[:, None, :] - rim, axis=-1)
