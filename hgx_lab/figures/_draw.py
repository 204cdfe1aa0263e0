"""The figure that belongs to a record, whatever its experiment."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

from hgx_lab.errors import RecordError
from hgx_lab.figures._abundance import abundance_figure
from hgx_lab.figures._amplitude import amplitude_figure
from hgx_lab.figures._convergence import convergence_figure
from hgx_lab.figures._frequency_response import frequency_response_figure
from hgx_lab.figures._gradient_accuracy import gradient_accuracy_figure
from hgx_lab.figures._iv import iv_figure
from hgx_lab.figures._noise import noise_figure
from hgx_lab.figures._overview import training_overview
from hgx_lab.figures._tone_spacing import tone_spacing_figure
from hgx_lab.records import Record

__all__ = ["figure_of", "save_figures"]

#: One figure for each kind of experiment, by the name in its run file.
_FIGURES: dict[str, Callable[[Record], Figure]] = {
    "train": training_overview,
    "iv": iv_figure,
    "noise": noise_figure,
    "frequency-response": frequency_response_figure,
    "amplitude": amplitude_figure,
    "abundance": abundance_figure,
    "convergence": convergence_figure,
    "gradient-accuracy": gradient_accuracy_figure,
    "tone-spacing": tone_spacing_figure,
}


def figure_of(record: Record) -> Figure:
    """Draw a record, finished or running.

    Raises
    ------
    RecordError
        Nobody knows how to draw its experiment.
    """
    experiment = str(record.header.get("experiment", ""))
    draw = _FIGURES.get(experiment)
    if draw is None:
        raise RecordError(f"{record.path} is of the experiment {experiment!r}, which has no figure.")
    return draw(record)


def save_figures(record: Record, path: str | Path, *, dots_per_inch: float = 150.0) -> Path:
    """Write the figure to a PNG, PDF or SVG file, by the ending of its name.

    Raises
    ------
    RecordError
        The record has no figure, or the file can't be written.
    """
    path = Path(path)
    figure = figure_of(record)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=dots_per_inch)
    except (OSError, ValueError) as error:
        raise RecordError(f"The figure {path} can't be written: {error}.") from error
    return path
