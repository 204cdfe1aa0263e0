"""One page that tells how a training run went."""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hgx_lab.figures._history import History, history
from hgx_lab.figures._outputs import plot_final_outputs, plot_outputs
from hgx_lab.figures._panels import plot_controls, plot_derivatives, plot_gradient, plot_loss
from hgx_lab.records import Record

__all__ = ["training_overview"]

_PANELS: tuple[Callable[[Axes, History], None], ...] = (
    plot_loss,
    plot_outputs,
    plot_final_outputs,
    plot_controls,
    plot_derivatives,
    plot_gradient,
)


def training_overview(record: Record) -> Figure:
    """Loss, outputs, final outputs, controls, derivatives and gradient of a finished or running record.

    Raises
    ------
    RecordError
        The record isn't one of a training run.
    """
    data = history(record)
    figure = Figure(figsize=(11.0, 6.2), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, panel in zip(figure.subplots(2, 3).flat, _PANELS, strict=True):
        panel(axes, data)
    name = str(record.header.get("title") or record.path.stem)
    state = record.status if record.status != "running" else f"running, {data.number.size} iterations"
    figure.suptitle(f"{name}: {state}", x=0.008, ha="left", fontsize=11, fontweight="bold", parse_math=False)
    figure.get_layout_engine().set(w_pad=0.09, h_pad=0.07)  # type: ignore[union-attr]
    return figure
