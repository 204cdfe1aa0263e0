"""What has to be true of several values of a run file together.

Each check is a generator of findings whose parameters are the sections it needs; it runs whenever those are sound.
``simulation`` is the bench where that is simulated.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from hgx_lab.config.bench import SimulatedBench
from hgx_lab.config.checks import bench, devices, electrodes, error_bars, gates, generators, moves, task, tones
from hgx_lab.config.problems import Finding

__all__ = ["cross_check"]

_CHECKS: Final[tuple[Callable[..., Iterator[Finding]], ...]] = (
    *bench.CHECKS,
    *devices.CHECKS,
    *electrodes.CHECKS,
    *tones.CHECKS,
    *error_bars.CHECKS,
    *generators.CHECKS,
    *moves.CHECKS,
    *task.CHECKS,
    *gates.CHECKS,
)


def cross_check(sections: Mapping[str, Any]) -> list[Finding]:
    """Findings of every check whose sections are there."""
    findings: list[Finding] = []
    if isinstance(bench_section := sections.get("bench"), SimulatedBench):
        sections = {**sections, "simulation": bench_section}
    for check in _CHECKS:
        needed = inspect.signature(check).parameters
        if all(name in sections for name in needed):
            found = check(**{name: sections[name] for name in needed})
            # What is said once of a value needn't be said again for each electrode that it concerns.
            findings += {finding.path: finding for finding in reversed(list(found))}.values()
    return findings
