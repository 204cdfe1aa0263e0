"""The user's file on the disk: read, and written only when asked, never over a change that somebody else made."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

__all__ = ["UserFile", "write_whole"]


class UserFile:
    """A run file with the text it had when it was last read or written here."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text(encoding="utf-8-sig")

    def changed_on_disk(self) -> bool:
        """Whether somebody else has written or removed it since."""
        try:
            return self.path.read_text(encoding="utf-8-sig") != self.text
        except (OSError, UnicodeDecodeError):
            return True

    def write(self, text: str) -> None:
        """Replace the file at once: whoever reads it meanwhile gets the old or the new text whole."""
        write_whole(self.path, text)
        self.text = text


def write_whole(path: Path, text: str) -> None:
    """Write a text file so that it is there whole or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        mode = path.stat().st_mode if path.exists() else 0o644
        Path(name).chmod(mode & 0o777)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
