"""Consoles and small pieces of text."""

from __future__ import annotations

from rich.console import Console

__all__ = ["console", "duration_text", "error_console", "size_text"]


def console(width: int | None = None) -> Console:
    """Standard output, for results; as wide as the terminal unless told."""
    return Console(highlight=False, width=width)


def error_console() -> Console:
    """Standard error, for what went wrong and what goes on."""
    return Console(stderr=True, highlight=False)


def duration_text(seconds: float) -> str:
    """A duration as people say it: 4.2 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 1:
        return f"{seconds * 1e3:.3g} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size_text(size: float) -> str:
    """A file size with a decimal prefix."""
    for prefix in ("", "k", "M", "G"):
        if size < 1000:
            return f"{size:.3g} {prefix}B"
        size /= 1000
    return f"{size:.3g} TB"
