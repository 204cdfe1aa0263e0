"""Text as a terminal may have it: nothing in it that the terminal would act upon, nothing that it can't be sent."""

from __future__ import annotations

import codecs
import re

__all__ = ["HANDLER", "only_own_sequences", "presentable"]

#: Name under which the codecs know :func:`_spell`.
HANDLER = "hgx-spelled"

#: What a physicist writes for a character that the terminal's encoding hasn't.
_SPELLED = {
    "±": "+-", "µ": "u", "μ": "u", "Ω": "Ohm", "\N{OHM SIGN}": "Ohm", "°": " deg", "²": "^2", "³": "^3", "×": "x",
    "−": "-", "–": "-", "—": "-", "→": "->", "…": "...", "≤": "<=", "≥": ">=", "√": "sqrt", "σ": "sigma", "·": "*",
    "∞": "inf", "π": "pi", "•": "*",
}  # fmt: skip

#: Besides the control characters of ASCII (but for tab and newline) and those of Latin-1: what turns the direction of
#: writing round, separates lines for some programs only, and bytes of file names that are no text.
_ACTS = r"\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_NOT_SHOWN = re.compile(rf"[\x0d\x1b{_ACTS}]")
#: Colours, and what a progress bar needs: up, erase, hide and show the cursor.
_NOT_OURS = re.compile(rf"\x1b(?!\[(?:[0-9;]*m|[0-9]*[AK]|\?25[lh]))|[{_ACTS}]")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def only_own_sequences(text: str) -> str:
    """Return text with every control sequence escaped that isn't one of a colour or a progress bar."""
    return _NOT_OURS.sub(_escaped, text)


def presentable(text: str, encoding: str) -> str:
    r"""Return text with control characters written as escapes (``\x1b``), in characters that the encoding has."""
    shown = _NOT_SHOWN.sub(_escaped, text)
    try:
        return shown.encode(encoding, HANDLER).decode(encoding)
    except LookupError:  # nobody knows this encoding
        return shown.encode("ascii", HANDLER).decode("ascii")


def _spell(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SPELLED.get(c) or _backslashed(c) for c in error.object[error.start : error.end]), error.end


def _backslashed(character: str) -> str:
    return character.encode("ascii", "backslashreplace").decode("ascii")


codecs.register_error(HANDLER, _spell)
