"""No message and no page advises what can hurt the device without the word that keeps it safe.

A reset puts the outputs of many cards to 0 V in one step; a card or an instrument that is unplugged, switched off or
started again may do so too, and so does a wire that is pulled. Limits and slew rates are what the device bears, not
what a run would like. So whatever text advises one of these says, in the same breath, to disconnect the device, or that
it must bear it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

_MACHINE = r"(?:cards?|devices?|chassis|modules?|instrument|generator|amplifier|supply|computer|server)\b"
_WIRE = r"(?:(?<!10 MHz )cables?|power|supply|wires?|wiring|contacts?)\b"
_DISCONNECT = r"disconnect the device|device (?:is )?disconnected|without (?:the|a) device|no device connected"
#: Within a sentence, or a cell of a table.
_ON = r"(?:(?!\. )[^|]){0,60}"
_BEARS = r"device (?:bears|stands|allows)"


@dataclass(frozen=True)
class Danger:
    """A kind of advice, and the words that make it harmless."""

    what: str
    advice: str
    safe: str
    #: Whether pages are looked at too; they tell of the messages that say so.
    pages: bool = True


DANGERS = (
    Danger("a reset", rf"\breset(?:s|ting)?\b{_ON}\b(?:{_MACHINE}|outputs\b|NI MAX)", _DISCONNECT),
    Danger(
        "power",
        rf"\bpower[- ]?cycl|\bre-?plug|\bunplug\b|\breboot"
        rf"|\brestart(?:s|ing)?\b{_ON}\b{_MACHINE}|\bswitch (?:it|the \w+) (?:off|on)\b{_ON}\b{_MACHINE}"
        rf"|\b(?:switch|turn) (?:off|on) (?:the|your) {_MACHINE}",
        _DISCONNECT,
    ),
    Danger(
        "a wire", rf"\b(?:look at|check|pull|swap|change|replace|touch)\b(?:(?!\. )[^|:]){{0,60}}\b{_WIRE}", _DISCONNECT
    ),
    Danger("a wire in a table", r"\|[^|:]*\b(?:power and cable|cable and power)\b", _DISCONNECT),
    Danger("a step to zero", rf"\b(?:bring|set|take|put)\b{_ON}\bto (?:0 V|zero)\b", _DISCONNECT),
    Danger("outputs that are up", r"\b(?:outputs?|tones?) (?:may|might) (?:still )?be on\b", _DISCONNECT, pages=False),
    Danger("outputs nobody knows", r"\bvoltages? (?:is|are) unknown", _DISCONNECT, pages=False),
    Danger(
        "more than it bears",
        r"\b(?:widen|raise|enlarge|increase|relax|larger|higher|wider)\b(?:(?!\. )[^|;,]){0,40}"
        r"\b(?:limits?|slew|slopes?|amplitudes?)\b",
        rf"{_BEARS}|attenuator",
    ),
)

#: What tells and doesn't advise; each must still stand where it is said to.
TELLING = {
    "docs/decisions/0012-a-guardian-beside-the-run.md": "a reset puts the outputs of many cards to 0 V in one step",
}


def dangers_of(text: str, *, page: bool = False) -> list[str]:
    """The kinds of dangerous advice in a text that lacks the words which make it harmless."""
    flat = " ".join(text.split())
    return [
        danger.what
        for danger in DANGERS
        if danger.pages >= page
        and re.search(danger.advice, flat, re.IGNORECASE)
        and not re.search(danger.safe, flat, re.IGNORECASE)
    ]


def joined(node: ast.expr) -> str | None:
    """The text of an expression that is one: constants, f-strings, sums of them."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(joined(part) or "" if not isinstance(part, ast.FormattedValue) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        sides = joined(node.left), joined(node.right)
        return None if sides == (None, None) else "".join(side or "{}" for side in sides)
    return None


def texts_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of everything that a program may say; no docstrings."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        text = joined(node) if isinstance(node, ast.expr) else None
        if text is not None:
            yield getattr(node, "lineno", 0), text
        # An f-string's own parts belong to it; what is calculated inside of it may say something too.
        elif not isinstance(node, ast.JoinedStr):
            yield from texts_of(node)


def blocks_of(page: str) -> Iterator[tuple[int, str]]:
    """(line, text) of the paragraphs, list items, table rows and fenced blocks of a page."""
    block: list[str] = []
    first, fenced = 1, False
    for number, line in enumerate([*page.splitlines(), ""], 1):
        fence = line.lstrip().startswith("```")
        begins = not fenced and re.match(r"\s*(?:[-*|#>]|\d+\.)\s?", line) is not None
        if block and not fenced and (not line.strip() or begins or fence):
            yield first, "\n".join(block)
            block = []
        if not block:
            first = number
        if line.strip():
            block.append(line)
        if fence:
            fenced = not fenced
            if not fenced:
                yield first, "\n".join(block)
                block = []


def modules() -> list[Path]:
    return [*sorted((ROOT / "hgx_lab").rglob("*.py")), *sorted((ROOT / "drivers").rglob("*.py"))]


def pages() -> list[Path]:
    return [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def test_no_message_advises_what_can_hurt() -> None:
    found: list[str] = []
    count = 0
    for path in modules():
        for line, text in texts_of(ast.parse(path.read_text(encoding="utf-8"))):
            count += 1
            found += [f"{path.relative_to(ROOT)}:{line}: {what}: {text}" for what in dangers_of(text)]
    assert count > 5000
    assert not found, "\n".join(found)


def test_no_page_advises_what_can_hurt() -> None:
    found: list[str] = []
    for path in pages():
        name, page = path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        telling = TELLING.get(name)
        if telling is not None:
            assert telling in " ".join(page.split())
        for line, text in blocks_of(page):
            if telling is None or telling not in " ".join(text.split()):
                found += [f"{name}:{line}: {what}: {text}" for what in dangers_of(text, page=True)]
    assert len(pages()) > 30
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "advice",
    [
        "Another program or task uses the device: end it, or reset the device in NI MAX.",
        "Find out why the program fell silent, then reset the device in NI MAX.",
        "| -50103: reserved | another program has the card; close it, or reset the device in NI MAX |",
        "Reset the chassis and try again.",
        "Try resetting the module.",
        "Power-cycle the chassis.",
        "Unplug the card for ten seconds.",
        "Restart the NI gRPC device server.",
        "Reboot.",
        "Switch off the generator and start again.",
        "Switch it off, then on: the instrument needs it.",
        "Look at cable and power, and at the device's name in NI MAX.",
        "Look at the cable.",
        "Look at power and cable, and whether another program took the instrument. Its outputs may still be on.",
        "| `closed the connection` | power and cable; **the outputs may still be on** |",
        "Check the contacts and cables of these electrodes.",
        "Check the input's terminal, cable and the supply of the amplifier.",
        "Swap their cables; if the wires were meant to change, calibrate again with hgx calibrate.",
        "A generator could not be switched off. Its tone may still be on the electrodes.",
        "The outputs could not be brought to rest. Their voltages are unknown.",
        "Reset the card: its outputs are disconnected then.",
        "Bring the outputs to 0 V, then start again.",
        "Set every output to zero by hand.",
        "Make the slope longer, or raise the electrode's slew limit.",
        "Lower the voltage or the tone amplitude, or widen the electrode's limits.",
        "Lower the amplitude of the tones or timing.slope, or raise safety.slew.",
        "A larger amplitude of the tones or a longer self_test.duration helps.",
    ],
)
def test_advice_that_hurts_is_seen(advice: str) -> None:
    assert dangers_of(advice)
    assert dangers_of(advice.replace(" ", "\n", 3))


@pytest.mark.parametrize(
    "advice",
    [
        "Raise the lead or lower the rate.",
        "Look at the 10 MHz cable and the level of the reference.",
        "Disconnect the device, then reset the card in NI MAX.",
        "Bring the outputs to 0 V with the device disconnected, then start again.",
        "Make the slope longer, or raise the electrode's slew limit if the device bears it.",
        "Reset the &overload lamp",
        "Widen the band, or lengthen the period.",
    ],
)
def test_advice_that_helps_is_left_alone(advice: str) -> None:
    assert not dangers_of(advice)


def test_texts_are_found_however_they_are_written() -> None:
    code = (
        '"""Reset the card."""\n'
        "def f(x, name):\n"
        '    """Reset the card."""\n'
        '    a = f"Reset {name}, " "the card."\n'
        '    b = "Reset " + name + " the card."\n'
        '    c = {"key": ["Reset the card." if x else "Power-cycle it."]}\n'
        '    raise E("Reset", remedy="Reset the card.")\n'
    )
    hurting = [line for line, text in texts_of(ast.parse(code)) if dangers_of(text)]
    assert hurting == [4, 5, 6, 6, 7]


def test_blocks_of_a_page_are_paragraphs_items_rows_and_fences() -> None:
    page = "# A\n\nOne\ntwo.\n- item\n  goes on\n- next\n\n| a | b |\n|---|---|\n\n```sh\nx\n\ny\n```\nlast\n"
    assert [text for _, text in blocks_of(page)] == [
        "# A", "One\ntwo.", "- item\n  goes on", "- next", "| a | b |", "|---|---|", "```sh\nx\ny\n```", "last",
    ]  # fmt: skip
