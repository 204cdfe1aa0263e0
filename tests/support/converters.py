"""What the device sees, sample by sample, for as long as its plant is there."""

from __future__ import annotations

import numpy as np

from hgx_drivers.simulated import Plant

__all__ = ["Converters"]


class Converters:
    """Every block of volts that a plant is given, after where its electrodes stood before."""

    def __init__(self, plant: Plant) -> None:
        self._blocks = [plant.standing_volts[:, None]]
        self._process = plant.process
        plant.process = self._seen  # type: ignore[method-assign]

    def _seen(self, volts: np.ndarray) -> np.ndarray:
        self._blocks.append(volts.copy())
        return self._process(volts)

    @property
    def history(self) -> np.ndarray:
        """Volts, (electrodes, samples)."""
        return np.concatenate(self._blocks, axis=1)

    @property
    def moved(self) -> bool:
        """Whether any electrode was ever given another voltage."""
        return bool(np.any(np.diff(self.history, axis=1)))

    def assert_came_in(
        self, low: np.ndarray, high: np.ndarray, slew: np.ndarray, rest_slope: float, rate_hz: float
    ) -> None:
        """Beyond a limit nothing went outwards or faster than the rest slope; inside, limits and slew held.

        A level that was measured is off by the rounding of its mean.
        """
        before, after = self.history[:, :-1], self.history[:, 1:]
        above, below = before > high[:, None] + 2e-9, before < low[:, None] - 2e-9
        inside = ~(above | below)
        assert np.all(after[above] <= before[above] + 1e-12)
        assert np.all(after[below] >= before[below] - 1e-12)
        lows, highs = (np.broadcast_to(v[:, None], before.shape) for v in (low, high))
        assert np.all((after[inside] >= lows[inside] - 2e-9) & (after[inside] <= highs[inside] + 2e-9))
        assert np.all(after[above] >= lows[above] - 2e-9) and np.all(after[below] <= highs[below] + 2e-9)
        step = np.abs(after - before) * rate_hz
        assert np.all(step <= slew[:, None] + 1e-3), step.max()
        assert np.all(step[~inside] <= rest_slope + 1e-3), step[~inside].max()
