"""What is wrong in a run file, where, what would be allowed, and the error that carries all of it at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from hgx_lab.errors import ConfigurationError

__all__ = ["Finding", "KeyPath", "Problem", "RunFileError", "did_you_mean", "key_path_text", "nearest", "shown"]

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a value, before anybody knows on which line of which file the value stands.

    ``at_key`` tells that the key itself is the culprit, and not the value behind it. ``or_at`` are other values that
    the finding is about: where the file leaves ``path`` to its default, the first of them that it gives is shown.
    """

    path: KeyPath
    message: str
    allowed: str = ""
    suggestion: str = ""
    at_key: bool = False
    or_at: tuple[KeyPath, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem at a place of a file; its text is ``file:line: key.path: message``.

    ``line`` and ``column`` count from 1; both are 1 when the file as a whole is the problem. ``value`` is what the
    file says there, shortened.
    """

    file: str
    line: int
    column: int
    path: str
    value: str
    message: str
    allowed: str = ""
    suggestion: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}: " + (f"{self.path}: " if self.path else "")
        allowed = f" Allowed: {self.allowed}." if self.allowed else ""
        suggestion = f" {self.suggestion}" if self.suggestion else ""
        # One line, whatever stands in the file.
        return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in f"{place}{self.message}{allowed}{suggestion}")


class RunFileError(ConfigurationError):
    """A run file can't be used; carries every problem of it, in the order of its lines."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.line, p.column)))
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The valid word that is most like a wrong one, whatever its case; None when nothing is like it."""
    candidates = {w.lower(): w for w in words}
    plain = word.lower().replace(" ", "_")
    close = get_close_matches(plain, list(candidates), n=1, cutoff=0.6)
    if not close:
        close = get_close_matches(plain.replace("_", "-"), list(candidates), n=1, cutoff=0.6)
    return candidates[close[0]] if close else None


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A sentence with the nearest valid word; empty when nothing is like it."""
    near = nearest(word, words)
    return f'Did you mean "{near}"?' if near else ""


def shown(value: object) -> str:
    """A value as it stands in a run file, shortened to one line."""
    if isinstance(value, Mapping):
        text = "{...}" if value else "{}"
    elif isinstance(value, (list, tuple)):
        text = "[...]" if value else "[]"
    elif value is None or isinstance(value, bool):
        text = {None: "null", True: "true", False: "false"}[value]
    elif isinstance(value, int) and value.bit_length() > 1000:
        text = "a huge number"
    else:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= 60 else text[:57] + "..."


def key_path_text(path: KeyPath) -> str:
    """``("electrodes", 2, "limits")`` as people read it: ``electrodes[2].limits``."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if part.isprintable() else ascii(part)[1:-1]
            text += f".{shown}" if text else shown
    return text if len(text) <= 120 else text[:117] + "..."
