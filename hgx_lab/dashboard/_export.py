"""What is shown in a plot, as a picture for the lab book or as numbers."""

from __future__ import annotations

import csv
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyqtgraph.exporters as exporters
from pyqtgraph.Qt import QtWidgets

if TYPE_CHECKING:
    from hgx_lab.dashboard._plot import Plot

__all__ = ["export_menu", "save_plot"]

_FORMATS = {"PNG": "picture", "SVG": "drawing", "CSV": "data"}


def export_menu(plot: Plot) -> QtWidgets.QMenu:
    """Make the menu of a plot's right button."""
    menu: Any = QtWidgets.QMenu(plot)
    menu.addAction("Show &all").triggered.connect(lambda: plot.plot_item.enableAutoRange())
    menu.addSeparator()
    for suffix, what in _FORMATS.items():
        action = menu.addAction(f"Save {what} as &{suffix} ...")
        action.triggered.connect(lambda _=False, s=suffix: _ask(plot, s))
    return menu


def _ask(plot: Plot, suffix: str) -> None:
    name, _ = QtWidgets.QFileDialog.getSaveFileName(
        plot,
        f"Save as {suffix}",
        f"{plot.left[0]}.{suffix.lower()}".replace(" ", "-"),
        f"{suffix} (*.{suffix.lower()})",
    )
    if not name:
        return
    try:
        save_plot(plot, Path(name).with_suffix(f".{suffix.lower()}"))
    except OSError as error:
        QtWidgets.QMessageBox.warning(plot, "Not saved", f"{name} can't be written: {error.strerror or error}.")


def save_plot(plot: Plot, path: Path) -> None:
    """Write what a plot shows to a file whose ending says how: .png, .svg, .csv.

    Raises
    ------
    OSError
        The file can't be written, or the installed pyqtgraph makes no SVG with this Qt (PyQt6 6.11).
    """
    if path.suffix == ".csv":
        _save_numbers(plot, path)
        return
    path.open("ab").close()  # an exporter says nothing of a folder that isn't there
    make = exporters.SVGExporter if path.suffix == ".svg" else exporters.ImageExporter
    try:
        make(plot.plot_item).export(str(path))
    except ValueError as error:
        path.unlink(missing_ok=True)
        raise OSError(f"pyqtgraph can't read what this version of Qt draws ({error}); save a PNG instead") from error


def _save_numbers(plot: Plot, path: Path) -> None:
    """Two columns a series, named with their units; SI throughout."""
    shown = plot.series()
    x_head, y_unit = _head(*plot.bottom), plot.left[1]
    head = [name for series, _, _ in shown for name in (x_head, _head(series, y_unit))]
    columns = [column for _, x, y in shown for column in (x, y)]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head)
        writer.writerows(zip_longest(*columns, fillvalue=""))


def _head(words: str, unit: str) -> str:
    return f"{words} ({unit})" if unit else words
