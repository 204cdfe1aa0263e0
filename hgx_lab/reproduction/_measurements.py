"""Figures 2c, 3b, 3c, 3d: noise, and how well derivatives can be measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from hgx_lab.errors import RecordError
from hgx_lab.figures import figure_of
from hgx_lab.records import open_record
from hgx_lab.reproduction._recipe import Comparison, Job, Paths, Recipe
from hgx_lab.reproduction._run_files import run_file_text

__all__ = ["FIG2C", "FIG3B", "FIG3C", "FIG3D"]

#: Level of the published noise at 1 kHz, A^2/Hz.
_PUBLISHED_LEVEL = 1e-23
#: What the error of a derivative may differ from the theory at any spacing.
_MOST_DEVIATION = 0.15
#: Share of the variance of derivatives measured one by one that those measured at once must explain.
_LEAST_R_SQUARED = 0.998


def _found(path: Path) -> dict[str, Any]:
    """The numbers with which a measurement ended."""
    with open_record(path) as record:
        if record.status != "completed":
            raise RecordError(f"{path} is {record.status}: {record.reason}")
        return next(event.data for event in reversed(record.events) if event.kind == "outcome")


def _drawn(name: str) -> Callable[[Paths], Figure]:
    def draw(paths: Paths) -> Figure:
        with open_record(paths[name]) as record:
            return figure_of(record)

    return draw


def _noise(paths: Paths) -> list[Comparison]:
    found = _found(paths["fig2c"])
    level = float(found["level"])
    ours = f"{1e18 * level:.3g} nA^2/Hz at 1 kHz, falling as 1/f^{found['exponent']:.2f}"
    met = abs(level / _PUBLISHED_LEVEL - 1.0) < 0.1
    return [Comparison("noise", "about 1e-5 nA^2/Hz at 1 kHz", ours, met)]


def _spacing(paths: Paths) -> list[Comparison]:
    found = _found(paths["fig3b"])
    windows, chain = float(found["worst_deviation"]), float(found["worst_deviation_low_pass"])
    return [
        Comparison(
            "error against spacing",
            "the expected error at every spacing",
            f"within {windows:.1%} of it; of that of a low-pass chain within {chain:.1%}",
            windows <= _MOST_DEVIATION and chain <= _MOST_DEVIATION,
        )
    ]


def _accuracy(name: str, published: str) -> Callable[[Paths], list[Comparison]]:
    def compare(paths: Paths) -> list[Comparison]:
        found = _found(paths[name])
        windows, chain = float(found["r_squared"]), float(found["r_squared_low_pass"])
        ours = f"R^2 {windows:.5f} with windows of whole periods, {chain:.3f} with a low-pass chain"
        return [Comparison("all at once against one at a time", published, ours, windows >= _LEAST_R_SQUARED)]

    return compare


FIG2C = Recipe("fig2c", "Noise", (Job("fig2c", run_file_text("fig2c")),), _drawn("fig2c"), _noise)
FIG3B = Recipe("fig3b", "Error and spacing", (Job("fig3b", run_file_text("fig3b")),), _drawn("fig3b"), _spacing)
FIG3C = Recipe(
    "fig3c",
    "Derivatives at 10 Hz spacing",
    (Job("fig3c", run_file_text("fig3c")),),
    _drawn("fig3c"),
    _accuracy("fig3c", "1000 settings, 10 Hz, 0.1 s: low-pass chain, wide scatter"),
)
FIG3D = Recipe(
    "fig3d",
    "Derivatives at 40 Hz spacing",
    (Job("fig3d", run_file_text("fig3c", {"name": "fig3d", "spacing": "40 Hz"})),),
    _drawn("fig3d"),
    _accuracy("fig3d", "1000 settings, 40 Hz, 0.1 s: low-pass chain, narrow scatter"),
)
