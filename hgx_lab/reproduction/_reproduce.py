"""From names of figures to files on the disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from hgx_lab.config.problems import did_you_mean
from hgx_lab.errors import ExperimentError, RecordError
from hgx_lab.reproduction._jobs import JobDone, do_jobs
from hgx_lab.reproduction._recipe import Comparison, Recipe

__all__ = ["FIGURES", "Reproduced", "recipes_of", "reproduce"]

#: Figures that can be asked for, and the module that knows each.
FIGURES: Final[Mapping[str, str]] = {
    "fig2c": "_measurements",
    "fig3b": "_measurements",
    "fig3c": "_measurements",
    "fig3d": "_measurements",
    "fig4a": "_gates",
    "fig4b": "_sphere",
    "fig4c": "_sphere",
    "fig4d": "_sphere",
}


@dataclass(frozen=True, slots=True)
class Reproduced:
    """A figure that has been made: its files, and what it came to beside what was published."""

    name: str
    title: str
    files: tuple[Path, ...]
    comparisons: tuple[Comparison, ...]


def recipes_of(names: Sequence[str]) -> list[Recipe]:
    """Recipes of figures by name, each once, in the order of the paper; "all" stands for all of them.

    Raises
    ------
    ExperimentError
        There is no such figure.
    """
    for name in names:
        if name not in FIGURES and name != "all":
            raise ExperimentError(
                f"There is no figure {name!r} to reproduce.",
                remedy=did_you_mean(name, FIGURES) or f"Take one of {', '.join(FIGURES)}, or all.",
            )
    chosen = [name for name in FIGURES if name in names or "all" in names]
    return [getattr(import_module(f"{__package__}.{FIGURES[name]}"), name.upper()) for name in chosen]


def reproduce(
    names: Sequence[str], folder: Path, *, processes: int = 2, hear: Callable[[JobDone], None] = lambda done: None
) -> Iterator[Reproduced]:
    """Do the runs of some figures, then draw and compare one figure after the other.

    Parameters
    ----------
    names:
        Of :data:`FIGURES`, or "all".
    folder:
        Gets a PNG and a PDF of each figure; the records go into its subfolder ``records``.
    processes, hear:
        See :func:`do_jobs`.

    Raises
    ------
    ExperimentError, JobFailed, RecordError
        No such figure, a run that failed, a file that can't be written.
    """
    recipes = recipes_of(names)
    jobs = [job for recipe in recipes for job in recipe.jobs]
    paths = do_jobs(jobs, folder / "records", processes=processes, hear=hear)
    for recipe in recipes:
        figure = recipe.draw(paths)
        files = tuple(folder / f"{recipe.name}.{ending}" for ending in ("png", "pdf"))
        for file in files:
            try:
                figure.savefig(file, dpi=200)
            except OSError as error:
                raise RecordError(f"The figure {file} can't be written: {error}.") from error
        yield Reproduced(recipe.name, recipe.title, files, tuple(recipe.compare(paths)))
