"""What the figures of a training run draw, in one place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from hgx_lab.errors import RecordError
from hgx_lab.records import Record

__all__ = ["History", "history"]


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """The iterations of a run (n of them, perhaps none), its validation, and names, limits and targets."""

    iterations: xr.Dataset
    validation: xr.Dataset
    controls: list[str]
    cases: list[str]
    minimum: NDArray[np.float64]  # (control,) V, NaN where unknown
    maximum: NDArray[np.float64]
    target: NDArray[np.float64]  # (case,), NaN where unknown

    @property
    def number(self) -> NDArray[np.int64]:
        """The number of each iteration, (n,)."""
        return np.asarray(self.iterations["iteration"].values, dtype=np.int64)

    @property
    def best(self) -> int | None:
        """Position of the iteration with the lowest loss; None before there is one."""
        loss = self.iterations["loss"].values
        return int(np.nanargmin(loss)) if np.isfinite(loss).any() else None

    @property
    def restarts(self) -> NDArray[np.int64]:
        """Positions where the search started anew."""
        return np.flatnonzero(np.diff(self.iterations["restart"].values) != 0) + 1

    @property
    def high(self) -> NDArray[np.bool_]:
        """Which cases should give a high output, (case,)."""
        known = self.target[np.isfinite(self.target)]
        middle = (known.min() + known.max()) / 2 if known.size else np.nan
        return self.target > middle

    @property
    def trained(self) -> xr.Dataset:
        """The rows of the validation on the training cases."""
        chosen = self.validation.isel(validation=self.validation["set"].values == 0)
        if "validation_case" not in chosen.dims:
            return chosen
        return chosen.isel(validation_case=slice(len(self.cases))).rename(validation_case="case")


def history(record: Record) -> History:
    """Read what the figures need from a finished or running record of a training run.

    Raises
    ------
    RecordError
        The record isn't one of a training run.
    """
    if not {"iterations", "validation"} <= set(record.tables):
        raise RecordError(f"{record.path} isn't a training run: it has the tables {', '.join(record.tables)}.")
    iterations = record["iterations"]

    def along(name: str, dim: str) -> NDArray[np.float64]:
        if name in iterations.coords:
            return np.asarray(iterations[name].values, dtype=np.float64)
        return np.full(iterations.sizes[dim], np.nan)

    def names(dim: str) -> list[str]:
        if dim in iterations.coords:
            return [str(name) for name in iterations[dim].values]
        return [str(i) for i in range(iterations.sizes[dim])]

    return History(
        iterations=iterations,
        validation=_last_validation(record["validation"]),
        controls=names("control"),
        cases=names("case"),
        minimum=along("control_minimum", "control"),
        maximum=along("control_maximum", "control"),
        target=along("target", "case"),
    )


def _last_validation(validation: xr.Dataset) -> xr.Dataset:
    """Of several validations, of goals that weren't confirmed at first, the one that ended the run."""
    if not validation.sizes["validation"]:
        return validation
    iteration = validation["iteration"].values
    return validation.isel(validation=iteration == iteration[-1])
