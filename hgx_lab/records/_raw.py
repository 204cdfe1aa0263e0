"""Raw input samples of a record, labelled with their sample index."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hgx_lab.records._json import loads
from hgx_lab.records._lines import Read

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["read_raw"]


def read_raw(
    attributes: Mapping[str, Any], read: Read, counts: tuple[int, int], start: int | None, stop: int | None
) -> xr.DataArray:
    """Samples with index in [start, stop) of those kept; only these are read from the file.

    Parameters
    ----------
    attributes, read:
        Attributes of the group "raw", and what reads a part of a data set by its name.
    counts:
        How many samples and stretches are complete.
    """
    import xarray as xr

    samples, stretches = counts
    first, position = read("raw/stretches", slice(stretches)).T
    lengths = np.diff(np.append(position, samples))
    low = first if start is None else np.clip(start, first, first + lengths)
    high = first + lengths if stop is None else np.clip(stop, low, first + lengths)
    channels = loads(attributes["channels"])
    # An empty piece first: of the right type and shape even if there is nothing to read.
    pieces = [read("raw/samples", np.s_[:, :0])]
    indices = [np.empty(0, dtype=np.int64)]
    for begin, end, shift in zip(low, high, position - first, strict=True):
        if end > begin:
            pieces.append(read("raw/samples", np.s_[:, begin + shift : end + shift]))
            indices.append(np.arange(begin, end))
    sample = np.concatenate(indices)
    values = np.concatenate(pieces, axis=1)
    if values.dtype.kind == "i":
        values = values * read("raw/scale", ())[:, None]
    rate = float(attributes["rate_hz"])
    coordinates = {"channel": channels, "sample": sample, "time": ("sample", sample / rate)}
    attrs = {"units": attributes["unit"], "rate_hz": rate}
    return xr.DataArray(values, coordinates, ("channel", "sample"), "raw", attrs)
