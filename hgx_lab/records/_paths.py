"""Names for new records."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import count
from pathlib import Path

__all__ = ["new_record_path"]


def new_record_path(directory: str | Path, name: str, time: datetime) -> Path:
    """A free path ``DIRECTORY/2026-11-23T17-05-12_name.h5``, with ``_2``, ``_3`` ... where that is taken.

    Sorting the names sorts the runs. The file isn't created; the writer refuses if somebody else was faster.
    """
    slug = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
    stem = f"{time:%Y-%m-%dT%H-%M-%S}_{slug}"
    candidates = (Path(directory) / f"{stem}{'' if n == 1 else f'_{n}'}.h5" for n in count(1))
    return next(path for path in candidates if not path.exists())
