"""What it takes to reproduce a figure: runs, a drawing, and what to compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from matplotlib.figure import Figure

__all__ = ["Comparison", "Job", "Paths", "Recipe"]

#: Record of every job, by the name of the job.
Paths: TypeAlias = Mapping[str, Path]


@dataclass(frozen=True, slots=True)
class Job:
    """One run that a figure needs.

    ``text`` is its run file. With ``replay`` the solution of a training is played once more, every sample kept, into
    a record of its own that :data:`Paths` has under the name with "-replay" behind it.
    """

    name: str
    text: str
    replay: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One line under a figure: what was published, what came out here, and whether that is what it should be."""

    what: str
    published: str
    ours: str
    met: bool


@dataclass(frozen=True, slots=True)
class Recipe:
    """One figure of the paper.

    Parameters
    ----------
    name:
        As it is asked for: ``fig4a``.
    title:
        What it shows.
    jobs:
        The runs; figures may share jobs, which are then done once.
    draw, compare:
        From the records of the jobs to the figure and the lines under it.
    """

    name: str
    title: str
    jobs: tuple[Job, ...]
    draw: Callable[[Paths], Figure]
    compare: Callable[[Paths], list[Comparison]]
