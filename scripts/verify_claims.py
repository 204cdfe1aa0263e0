"""The lines that the verification scripts print: claim | target | ours | ok."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Claim", "Claims"]

_SEPARATOR = " | "


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, the target it is held to, the figure of this run, and whether it holds."""

    text: str
    target: str
    ours: str
    holds: bool

    @property
    def line(self) -> str:
        """One line that :meth:`parse` reads back."""
        return _SEPARATOR.join([self.text, self.target, self.ours, "ok" if self.holds else "MISSED"])

    @classmethod
    def parse(cls, line: str) -> Claim | None:
        """The claim of a line, or None where the line isn't one."""
        parts = line.rstrip("\n").split(_SEPARATOR)
        if len(parts) != 4 or parts[3] not in {"ok", "MISSED"}:
            return None
        return cls(parts[0], parts[1], parts[2], parts[3] == "ok")


class Claims:
    """Prints every claim as soon as it is known, and remembers whether one was missed."""

    def __init__(self) -> None:
        self._missed = 0

    def state(self, text: str, target: str, ours: str, holds: bool) -> None:
        """Print a claim with its figure."""
        self._missed += not holds
        print(Claim(text, target, ours, bool(holds)).line, flush=True)

    def at_least(self, text: str, figure: float, target: float, unit: str = "", digits: str = ".3g") -> None:
        """State that a figure reaches its target."""
        self.state(text, f">= {target:g}{unit}", f"{figure:{digits}}{unit}", figure >= target)

    def at_most(self, text: str, figure: float, target: float, unit: str = "", digits: str = ".3g") -> None:
        """State that a figure stays below its target."""
        self.state(text, f"<= {target:g}{unit}", f"{figure:{digits}}{unit}", figure <= target)

    @property
    def exit_code(self) -> int:
        """0 when everything holds, 1 otherwise."""
        return 1 if self._missed else 0
