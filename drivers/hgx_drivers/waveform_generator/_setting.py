"""Settings that change what leaves a connector, one a row: how an instrument is asked, and what is wanted.

No generator is assumed to be in a state that suits us: the last user may have left an output inverted, two channels
coupled or a sweep running. Each family has one table of such rows. What changes the output and isn't a row here is
sent and read back with every waveform: load, function, frequency, amplitude, offset, phase and burst.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from hgx_drivers.waveform_generator._levels import Model

__all__ = ["Row", "Setting", "Waveform", "rows"]

Waveform = Literal["sine", "arbitrary"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting, in the words of a family's language; ``{n}`` is the number of the output.

    Parameters
    ----------
    name:
        What people call it.
    otherwise:
        What happens at the connector with another value, as the end of "Otherwise ...".
    question, key:
        How to ask, and, where the answer is a list, the word before the value.
    wanted:
        Answers that are right; the first is told to people.
    command:
        What sets it.
    where:
        The maker's manual and section, with the page where it is known; "reported" is somebody else's observation.
    shared:
        Belongs to the whole instrument or acts between outputs, so it is looked at for all of them, used or not.
    outputs:
        Models with fewer outputs don't have it.
    series:
        Beginnings of the names of the models that have it; empty for all.
    optional:
        Firmware without it is fine: there it can't be set wrong.
    waveform:
        The waveform for which it matters; None for both.
    """

    name: str
    otherwise: str
    question: str
    wanted: tuple[str, ...]
    command: str
    where: str
    key: str = ""
    shared: bool = False
    outputs: int = 1
    series: tuple[str, ...] = ()
    optional: bool = False
    waveform: Waveform | None = None

    def fits(self, found: str) -> bool:
        """Whether an answer is one of those that are right: the same word in any case, or the same number."""
        word = found.strip().strip('"').upper()
        return word in self.wanted or any(_same_number(word, wanted) for wanted in self.wanted)


@dataclass(frozen=True, slots=True)
class Row:
    """A setting of one output."""

    setting: Setting
    output: int

    @property
    def question(self) -> str:
        """As it is asked."""
        return self.setting.question.format(n=self.output)

    @property
    def command(self) -> str:
        """As it is set."""
        return self.setting.command.format(n=self.output)

    @property
    def title(self) -> str:
        """For people; a shared setting that outputs have each for themselves says whose it is."""
        own = self.setting.shared and "{n}" in self.setting.question
        return f"{self.setting.name} of output {self.output}" if own else self.setting.name


def rows(table: Iterable[Setting], model: Model, output: int, waveform: Waveform) -> Sequence[Row]:
    """Rows that matter to one output playing a waveform, in the order of the table."""
    found: list[Row] = []
    for setting in table:
        fits_model = not setting.series or model.name.startswith(setting.series)
        if not fits_model or model.channels < setting.outputs or setting.waveform not in (None, waveform):
            continue
        everywhere = setting.shared and "{n}" in setting.question
        numbers = range(1, model.channels + 1) if everywhere else (output,)
        found += [Row(setting, number) for number in numbers]
    return found


def _same_number(a: str, b: str) -> bool:
    try:
        return float(a) == float(b)
    except ValueError:
        return False
