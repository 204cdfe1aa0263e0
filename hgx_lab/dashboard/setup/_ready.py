"""The ready run files that come with the program."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import hgx_lab

__all__ = ["ready_files"]


def ready_files() -> dict[str, Path]:
    """Name to path, XOR first; those of the source tree, or those that were installed with the program."""
    package = Path(hgx_lab.__file__).parent
    places = (
        package.parent / "configs",
        package / "configs",
        Path(sysconfig.get_path("data")) / "share/hgx-lab/configs",
    )
    folder = next((place for place in places if (place / "xor.yaml").is_file()), None)
    if folder is None:
        return {}
    files = sorted(folder.glob("*.yaml"), key=lambda path: (path.stem != "xor", path.stem))
    return {path.stem: path for path in files}
