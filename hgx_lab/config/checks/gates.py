"""Checks of the inputs of an experiment that tries all gates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hgx_lab.config.electrodes import Electrode
from hgx_lab.config.problems import Finding, did_you_mean
from hgx_lab.units import format_quantity

__all__ = ["CHECKS"]


def _inputs(inputs: dict[str, tuple[float, float]], electrodes: tuple[Electrode, ...]) -> Iterator[Finding]:
    by_name = {electrode.name: electrode for electrode in electrodes}
    names = [electrode.name for electrode in electrodes if electrode.role == "input"]
    for name, levels in inputs.items():
        electrode = by_name.get(name)
        if electrode is None:
            message = f"there is no electrode {name[:40]!r}."
            yield Finding(("inputs", name), message, ", ".join(names), did_you_mean(name, names), at_key=True)
            continue
        if electrode.role != "input":
            message = f"{name} is of role {electrode.role}, and must be an input."
            yield Finding(("inputs", name), message, ", ".join(names), at_key=True)
        if levels[0] == levels[1]:
            yield Finding(("inputs", name), f"the levels are the same: {format_quantity(levels[0], 'V')}.")
        low, high = electrode.limits
        for index, level in enumerate(levels):
            if low < high and not low <= level <= high:
                message = f"{format_quantity(level, 'V')} is outside the limits of {name}."
                allowed = f"{format_quantity(low, 'V')} to {format_quantity(high, 'V')}"
                yield Finding(("inputs", name, index), message, allowed)


CHECKS: Final = (_inputs,)
