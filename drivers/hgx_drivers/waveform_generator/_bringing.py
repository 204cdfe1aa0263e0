"""Brings settings to what is wanted, whatever the previous user left, and says what was changed.

A setting is asked for before it is set, so that an instrument in order isn't touched, and all are asked for again
after the last was set: one setting can change another. Entries of the error queue that come meanwhile, such as a
settings conflict that the next setting resolves, are kept for the refusal; what counts is what the instrument says at
the end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hgx_drivers.waveform_generator._setting import Row
from hgx_drivers.waveform_generator.errors import GeneratorMismatch, GeneratorTimeout, UnexpectedAnswer

__all__ = ["Talk", "bring", "check"]

#: Rounds of setting what differs. The second is for what the first uncovered.
_ROUNDS = 2


class Talk(Protocol):
    """How a driver talks about one channel, by its own connection."""

    def ask(self, question: str) -> str:
        """The answer."""
        ...

    def ask_if_known(self, question: str) -> str | None:
        """The answer; None where the firmware doesn't know the question."""
        ...

    def put(self, command: str) -> str:
        """Send a command; what the error queue said, empty if nothing."""
        ...


Extract = Callable[[str, str], "str | None"]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Asks each question once until something is set."""

    talk: Talk
    extract: Extract
    answers: dict[str, str | None]

    def read(self, row: Row, channel: str) -> str | None:
        """What the instrument says of a setting; None where it hasn't got it."""
        if row.question not in self.answers:
            ask = self.talk.ask_if_known if row.setting.optional else self.talk.ask
            self.answers[row.question] = ask(row.question)
        answer = self.answers[row.question]
        found = None if answer is None else self.extract(answer, row.setting.key)
        if found is None and not row.setting.optional:
            raise UnexpectedAnswer(
                f"the {row.title} can't be read: {row.question!r} gave {answer!r}.",
                channel=channel,
                remedy="This firmware isn't known. The output stays off; look the question up in the programming "
                f"guide ({row.setting.where}).",
            )
        return found


def bring(rows: Sequence[Row], talk: Talk, extract: Extract, channel: str) -> tuple[str, ...]:
    """Set what differs, in the order of the rows, and read all of it back; what was changed, for people.

    Raises
    ------
    GeneratorMismatch
        A setting stays as it is.
    UnexpectedAnswer
        A setting can't be read.
    """
    changed: dict[str, str] = {}
    errors: dict[str, str] = {}
    for _ in range(_ROUNDS):
        reader, untouched = _Reader(talk, extract, {}), True
        for place, row in enumerate(rows):
            try:
                found = reader.read(row, channel)
            except GeneratorTimeout:
                # Some questions have no answer while another setting is wrong: then that is what to tell.
                check([r for r in rows[:place] if r.title in changed], talk, extract, channel, errors)
                raise
            if found is None or row.setting.fits(found):
                continue
            untouched = False
            changed.setdefault(row.title, found)
            error = talk.put(row.command)
            if error:
                errors[row.title] = error
            reader.answers.clear()
        if untouched:
            break
    else:
        check(rows, talk, extract, channel, errors)
    return tuple(f"{title} was {found}" for title, found in changed.items())


def check(
    rows: Sequence[Row], talk: Talk, extract: Extract, channel: str, errors: dict[str, str] | None = None
) -> None:
    """Read settings back without touching any.

    Raises
    ------
    GeneratorMismatch
        By the first that isn't as it should be.
    UnexpectedAnswer
        A setting can't be read.
    """
    reader = _Reader(talk, extract, {})
    for row in rows:
        found = reader.read(row, channel)
        if found is None or row.setting.fits(found):
            continue
        said = (errors or {}).get(row.title, "")
        raise GeneratorMismatch(
            row.title,
            row.setting.wanted[0],
            found,
            channel=channel,
            remedy=f"Otherwise {row.setting.otherwise}. Set it on the instrument's front panel, or find out what keeps "
            f"it ({row.setting.where}){'; the instrument said ' + said if said else ''}. The output stays off.",
        )
