"""hgx-lab: train a physical device by gradient descent, in the device itself."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hgx_lab.records import open_record

__all__ = ["__version__", "open_record"]

try:
    __version__ = version("hgx-lab")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"


def __getattr__(name: str) -> Any:
    # Imported on first use, so that `hgx --help` doesn't pay for h5py and xarray.
    if name == "open_record":
        return import_module("hgx_lab.records").open_record
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
