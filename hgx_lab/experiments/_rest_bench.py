"""``hgx rest``: a bench is brought to rest without a run, from wherever its outputs stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hgx_drivers.errors import DriverError
from hgx_lab.acquisition import Event, Message
from hgx_lab.config import RunFile
from hgx_lab.errors import HgxError, OutputsUnknown, RecordError
from hgx_lab.experiments._audience import Audience, SilentAudience
from hgx_lab.experiments._bench import closing_bench, open_bench
from hgx_lab.experiments._generators import disconnect_all
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._known_outputs import LevelSources, levels_text
from hgx_lab.experiments._laboratory import Source
from hgx_lab.experiments._session import RecordedRun, recorded
from hgx_lab.experiments._to_rest import beyond_limits, card_alone, play_to_rest
from hgx_lab.units import format_quantity

__all__ = ["Rested", "rest_bench"]

#: How its command states voltages.
_OPTION = "--from"


@dataclass(frozen=True, slots=True)
class Rested:
    """A bench at rest: V by electrode before and after, seconds of the ramp, generators that were disconnected.

    ``record`` is None where none could be written.
    """

    before: Mapping[str, float]
    after: Mapping[str, float]
    seconds: float
    generators: int
    record: Path | None


def rest_bench(
    run: RunFile,
    *,
    record: Path,
    outputs_at: Mapping[str, float] | None = None,
    source: Source | None = None,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
) -> Rested:
    """Disconnect the generators of a bench, and take the card's outputs down the ramp to rest, through the guard.

    It moves from measured voltages, or from those that somebody states for this one call. The ramp isn't interrupted by
    signals. A disk that is full or a folder that can't be written to keeps no output from rest; it is told.

    Parameters
    ----------
    run:
        Bench, electrodes with their rest and limits, and the rest slope.
    record:
        Record to create.
    outputs_at:
        V by electrode, where the card can't measure its outputs; no record counts here.
    source, audience, interrupts:
        As for :func:`laboratory`.

    Raises
    ------
    OutputsUnknown
        Nothing tells where the outputs stand. Nothing was touched, generators neither.
    RunInterrupted
        A signal came before anything moved.
    DriverError, HgxError
        Something isn't at rest: the card, or a generator whose tone may still be on. What could be was brought to rest.
    """
    interrupts, source = interrupts or Interrupts(), source or Source()
    notes = _Notes(audience or SilentAudience())
    with interrupts.signals(), ExitStack() as stack:
        try:
            opened = recorded(
                record,
                "rest",
                run,
                text=source.text,
                run_file=source.path,
                header={"parent": dict(source.parent)},
                tables=(),
                coordinates=(),
                raw=None,
            )
            notes.session = stack.enter_context(opened)
        except (RecordError, OSError) as error:
            notes.tell(f"There will be no record of this: {error}")
        return _rest(run, outputs_at, interrupts, notes)


class _Notes:
    """What happens goes to the audience, and to the record as long as there is one."""

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self.session: RecordedRun | None = None

    def tell(self, message: str, /, *, kind: str = "bench", **data: Any) -> None:
        """Tell a step."""
        self.write(lambda session: session.writer.event(kind, None, message, **data))
        self._audience.note(message)

    def hear(self, message: Message) -> None:
        """Keep an event of the stream."""
        if isinstance(message, Event):
            kind, data = str(message.kind), message.data
            self.write(lambda session: session.writer.event(kind, message.sample, message.message, **data))
            self._audience.event(message)

    def write(self, call: Callable[[RecordedRun], None]) -> None:
        """Do something to the record; one that can't be written is given up, and told."""
        if self.session is None:
            return
        try:
            call(self.session)
        except RecordError as error:
            self.session = None
            self._audience.note(f"The record of this is incomplete: {error}")


def _rest(run: RunFile, outputs_at: Mapping[str, float] | None, interrupts: Interrupts, notes: _Notes) -> Rested:
    alone = card_alone(run)
    try:
        bench = open_bench(alone, tell=notes.tell, levels=LevelSources(outputs_at, option=_OPTION))
    except OutputsUnknown:
        raise
    except (DriverError, HgxError):
        # The card stays where it is; a tone that can be ended needn't.
        _disconnect(run, notes)
        raise
    with closing_bench(bench, tell=notes.tell):
        notes.write(lambda session: session.identify(bench.card.identity))
        interrupts.check()
        before = bench.card.levels()
        if found := beyond_limits(run, bench):
            notes.tell(f"Found beyond its limits: {found}.", kind="beyond-limits")
        slope = format_quantity(run.safety.rest_slope, "V/s")
        notes.tell(f"The outputs stand at {levels_text(run, before)}; they go to rest at {slope}.")
        # Whoever finds this record after a kill has to see which card it had.
        notes.write(lambda session: session.writer.flush())
        generators, failures = _disconnect(run, notes)
        seconds = play_to_rest(alone, bench, notes.hear)
        after = bench.card.levels()
    text = f"The outputs are at rest: {levels_text(run, after)}."
    if failures:
        raise DriverError(
            f"{text} But a generator could not be switched off: {failures[0]} Its tone may still be "
            "on the electrodes: disconnect the device.",
            remedy="Disconnect the device before you touch the bench.",
        )
    notes.write(lambda session: session.conclude(text, solved=True, seconds=seconds))
    notes.write(lambda session: session.close(None))
    record = None if notes.session is None else notes.session.writer.path
    names = [e.name for e in run.electrodes]
    return Rested(
        dict(zip(names, before.tolist(), strict=True)),
        dict(zip(names, after.tolist(), strict=True)),
        seconds,
        generators,
        record,
    )


def _disconnect(run: RunFile, notes: _Notes) -> tuple[int, list[Exception]]:
    """Disconnect the generators; how many there are, and what failed."""
    count, failures = disconnect_all(run)
    for failure in failures:
        notes.tell(
            f"A generator could not be switched off: {failure} Its tone may still be on the electrodes: disconnect the "
            "device."
        )
    if count:
        notes.tell(f"Generators disconnected: {count - len(failures)} of {count}.")
    return count, failures
