"""The user's file on the disk: read, and written only when asked, never over a change that somebody else made."""

from __future__ import annotations

from pathlib import Path

from hgx_lab.dashboard._write import write_whole

__all__ = ["UserFile"]


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
