"""Kinetic Monte Carlo of a layout against its mean field: how far the simulated device is to be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hgx_lab.errors import ExperimentError
from hgx_lab.experiments._subject import Progress
from hgx_lab.signals import Floats

if TYPE_CHECKING:
    from hgx_drivers.simulated.devices.dopant import DopantLayout

__all__ = ["LayoutCheck", "check_layout"]

#: Voltage vectors walked side by side between two reports.
_BATCH = 5


@dataclass(frozen=True, slots=True, eq=False)
class LayoutCheck:
    """Output currents (n,) in A at random voltages, by two independent methods; ``error`` is that of Monte Carlo."""

    mean_field: Floats
    monte_carlo: Floats
    error: Floats

    @property
    def scale(self) -> float:
        """Root mean square of the Monte Carlo currents, A."""
        return float(np.sqrt(np.mean(self.monte_carlo**2)))

    @property
    def correlation(self) -> float:
        """Pearson's correlation of the two."""
        return float(np.corrcoef(self.mean_field, self.monte_carlo)[0, 1])

    @property
    def difference(self) -> float:
        """Root mean square difference over :attr:`scale`, statistics included."""
        return float(np.sqrt(np.mean((self.mean_field - self.monte_carlo) ** 2))) / self.scale

    @property
    def statistics(self) -> float:
        """Root mean square error of Monte Carlo over :attr:`scale`."""
        return float(np.sqrt(np.mean(self.error**2))) / self.scale


def check_layout(
    layout: DopantLayout,
    *,
    vectors: int = 40,
    draws: int = 40_000,
    volts: float = 1.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> LayoutCheck:
    """Compare the two at random voltages within +-``volts``.

    Parameters
    ----------
    vectors:
        Voltage vectors, at least 3.
    draws:
        Jumps drawn in every copy of the network; four times as many halve the statistical error.
    progress:
        Hears how far it is.

    Raises
    ------
    ExperimentError
        Too few vectors for a correlation.
    """
    from hgx_drivers.simulated.devices.dopant import DopantNetwork, monte_carlo

    if vectors < 3:
        raise ExperimentError(f"{vectors} voltage vectors say nothing of a correlation.", remedy="Take 3 or more.")
    given = np.random.default_rng(seed).uniform(-volts, volts, (len(layout.driven), vectors))
    solved = DopantNetwork(layout, compiled=False).solve(given).currents[layout.output]
    walked, error = np.empty(vectors), np.empty(vectors)
    for start in range(0, vectors, _BATCH):
        part = slice(start, min(start + _BATCH, vectors))
        found = monte_carlo(layout, given[:, part], draws=draws, seed=seed + 1 + start)
        walked[part], error[part] = found.output, found.error
        if progress is not None:
            so_far = LayoutCheck(solved[: part.stop], walked[: part.stop], error[: part.stop])
            words = f"correlation {so_far.correlation:.5f}" if part.stop > 2 else ""
            progress(part.stop, vectors, words)
    return LayoutCheck(solved, walked, error)
