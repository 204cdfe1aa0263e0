"""The way of every text to the terminal: nothing in a text is markup, and nothing in it is obeyed by the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import IO, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import Progress, ProgressColumn, Task, TextColumn
from rich.segment import Segment
from rich.status import Status
from rich.text import Text

from hgx_lab.cli._characters import presentable

__all__ = [
    "Screen",
    "Words",
    "console",
    "duration_text",
    "error_console",
    "json_text",
    "print_line",
    "progress_bar",
    "size_text",
    "styled",
]

_LEAST_WIDTH, _USUAL_WIDTH = 20, 80


class Screen(Console):
    """A console to which a text is a text: ``[bold]``, ``:smile:`` and control sequences in it are shown, not done.

    Styles come as arguments, or from :func:`styled`. The encoding of the stream is respected: characters that it
    hasn't are spelled out.
    """

    def __init__(self, *, stderr: bool = False, width: int | None = None, file: IO[str] | None = None) -> None:
        super().__init__(stderr=stderr, width=width, file=file, markup=False, emoji=False, highlight=False)
        if self.width < _LEAST_WIDTH:  # COLUMNS=0, say: nothing at all would be shown
            self.width = _USUAL_WIDTH

    def render_str(self, text: str, **how: Any) -> Text:
        """Make a text of a string, whatever the caller says of markup."""
        how.update(markup=False, emoji=False)
        return super().render_str(presentable(text, self.encoding), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Render anything; texts that were made elsewhere come out presentable too."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(presentable(text, self.encoding), style)

    def status(self, status: RenderableType, **how: Any) -> Status:
        """Show what goes on, with something that turns."""
        text = self.render_str(status) if isinstance(status, str) else status
        return super().status(text, spinner="line", **how)


class Words(TextColumn):
    """A column of a progress bar with a text in one style, filled from its task."""

    def __init__(self, template: str, style: str = "none") -> None:
        super().__init__(template, style=style, markup=False)

    def render(self, task: Task) -> Text:
        """Fill the text in."""
        return Text(presentable(self.text_format.format(task=task), "utf-8"), style=self.style)


def styled(*parts: str | tuple[str, str]) -> Text:
    """Make one text of several; a part with a style is a pair."""
    pairs = ((part, "") if isinstance(part, str) else part for part in parts)
    return Text.assemble(*((presentable(text, "utf-8"), style) for text, style in pairs))


def progress_bar(out: Screen, *columns: ProgressColumn) -> Progress:
    """Make a progress bar that goes away when it is done; nothing where there is no terminal."""
    return Progress(*columns, console=out, transient=True, disable=not out.is_terminal)


def console(width: int | None = None) -> Screen:
    """Standard output, for results; as wide as the terminal unless told."""
    return Screen(width=width)


def error_console() -> Screen:
    """Standard error, for what went wrong and what goes on."""
    return Screen(stderr=True)


def print_line(text: str) -> None:
    """Print a line for programs on standard output, as it is."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Write JSON that standard output can take: its own escapes for characters that the encoding hasn't."""
    utf = (getattr(sys.stdout, "encoding", None) or "").lower().startswith("utf")
    return json.dumps(value, indent=indent, ensure_ascii=not utf)


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
