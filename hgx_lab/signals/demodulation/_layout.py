"""How a window is divided: groups of base periods that are summed sample by sample, and batches of groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hgx_lab.signals.types import Floats

__all__ = ["WindowLayout"]

#: A group of base periods, and a batch of groups, fit into the second-level cache with this many samples.
_CACHE_SAMPLES = 32768
#: Spans of a long period are a multiple of this, and so of every length of sub-blocks.
_SPAN_UNIT = 1024
#: Reduced groups that are finished together.
_FINISHED_TOGETHER = 64
#: Groups a window is divided into at least, where it has the periods: their scatter is an error bar.
_GROUPS = 8


@dataclass(frozen=True, slots=True)
class WindowLayout:
    """``periods`` base periods as ``groups`` groups of ``group_periods`` (the last may be smaller)."""

    period_samples: int
    periods: int
    group_periods: int
    groups: int
    batch: int

    @classmethod
    def of(cls, period_samples: int, periods: int, channels: int) -> WindowLayout:
        """The division of a window of ``periods`` base periods."""
        fitting = _CACHE_SAMPLES // period_samples
        group_periods = max(1, min(fitting, periods // _GROUPS))
        groups = -(-periods // group_periods)
        batch = max(1, min(groups, _CACHE_SAMPLES // (period_samples * channels)))
        return cls(period_samples, periods, group_periods, groups, batch)

    @property
    def span(self) -> int:
        """Samples of a base period too long for the cache that are reduced at a time; 0: all of it."""
        if self.period_samples <= _CACHE_SAMPLES:
            return 0
        spans = -(-self.period_samples // _CACHE_SAMPLES)
        return -(-self.period_samples // (spans * _SPAN_UNIT)) * _SPAN_UNIT

    @property
    def finished_together(self) -> int:
        """Groups whose reduced rows are finished in one go, whole batches."""
        return self.batch * max(1, min(self.groups, _FINISHED_TOGETHER) // self.batch)

    @property
    def samples(self) -> int:
        """Samples of the window."""
        return self.period_samples * self.periods

    @property
    def group_samples(self) -> int:
        """Samples of every group but possibly the last."""
        return self.period_samples * self.group_periods

    @property
    def sizes(self) -> Floats:
        """Base periods in each group, shape (groups,)."""
        sizes = np.full(self.groups, float(self.group_periods))
        sizes[-1] = self.periods - (self.groups - 1) * self.group_periods
        return sizes

    @property
    def full_groups(self) -> int:
        """Groups of full size."""
        return self.periods // self.group_periods
