"""Figures and summaries of a record, finished or running.

Matplotlib is used through its objects only: no pyplot, no window, no global settings, any thread.
"""

from __future__ import annotations

from hgx_lab.figures._device import device_figure, save_device_figure
from hgx_lab.figures._draw import figure_of, save_figures
from hgx_lab.figures._history import History, history
from hgx_lab.figures._outputs import plot_final_outputs, plot_outputs
from hgx_lab.figures._overview import training_overview
from hgx_lab.figures._panels import plot_controls, plot_derivatives, plot_gradient, plot_loss
from hgx_lab.figures._render import render_summary
from hgx_lab.figures._style import si_scale, si_text
from hgx_lab.figures._summary import CaseResult, RunSummary, TrainingResult, summary

__all__ = [
    "CaseResult",
    "History",
    "RunSummary",
    "TrainingResult",
    "device_figure",
    "figure_of",
    "history",
    "plot_controls",
    "plot_derivatives",
    "plot_final_outputs",
    "plot_gradient",
    "plot_loss",
    "plot_outputs",
    "render_summary",
    "save_device_figure",
    "save_figures",
    "si_scale",
    "si_text",
    "summary",
    "training_overview",
]
