"""Where the outputs of a card stand when it is opened: measured, stated for this one start, or left by the last run.

The first move starts from there, so a wrong voltage is a jump on the device. What a run file says can't count: it was
true when it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DriverError
from hgx_drivers.interface import DaqCard, StatesLevels
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import HgxError, OutputsUnknown
from hgx_lab.experiments._device import Tell, say_nothing
from hgx_lab.experiments._last_use import LastUse, last_use
from hgx_lab.signals import Floats
from hgx_lab.units import format_quantity

__all__ = ["LevelSources", "learn_levels", "levels_text", "unknown_outputs"]

#: What is stated and what is measured may differ by this, V: a reading of a voltmeter, and the card's own errors.
_AGREE_WITHIN = 20e-3


@dataclass(frozen=True, slots=True)
class LevelSources:
    """What counts, beside the card's own measurement, when a bench is opened.

    Parameters
    ----------
    stated:
        V by the electrode's name, which somebody vouches for now. Whoever states some has to state all that the card
        can't measure.
    folders:
        Where a record of this card may tell how the run before left it.
    ignoring:
        The record that is being made now.
    option:
        How voltages are stated on the command line, for messages.
    """

    stated: Mapping[str, float] | None = None
    folders: tuple[Path, ...] = ()
    ignoring: Path | None = None
    option: str = "--outputs-at"


def learn_levels(run: RunFile, card: DaqCard, sources: LevelSources, tell: Tell) -> bool:
    """See to it that an open card knows all its levels; whether it has measured all of them by itself.

    ``tell`` hears where the others are from.

    Raises
    ------
    OutputsUnknown
        Nothing that counts tells where an output stands, or two that count contradict each other. Nothing has moved.
    """
    names = [e.name for e in run.electrodes]
    levels = card.levels()
    stated = np.array([(sources.stated or {}).get(name, np.nan) for name in names])
    if np.any(apart := np.abs(levels - stated) > _AGREE_WITHIN):
        index = int(np.argmax(apart))
        raise OutputsUnknown(
            f"{sources.option} says {_volts(stated[index])} at {names[index]}, and the card measures "
            f"{_volts(levels[index])} there.",
            remedy=f"Leave {sources.option} out: the card measures its outputs.",
        )
    if not np.any(unknown := np.isnan(levels)):
        return True
    if sources.stated is not None:
        _take(run, card, stated, unknown, sources, f"{sources.option} leaves them out.")
        tell(f"Outputs as stated for this start: {levels_text(run, card.levels())}.", kind="outputs", origin="stated")
        return False
    left = last_use(card.identity.serial, sources.folders, ignoring=sources.ignoring) if sources.folders else None
    volts, problem = _vouched(run, card, left, sources)
    _take(run, card, volts, unknown, sources, problem)
    if left is not None and left.ended is not None:
        tell(
            f"Outputs as the last run of this card left them at rest, {left.ended.astimezone():%Y-%m-%d %H:%M}: "
            f"{levels_text(run, card.levels())} ({left.path}). If anything has moved them since, stop now and state "
            f"where they stand: {sources.option}.",
            kind="outputs",
            origin="record",
            record=str(left.path),
        )
    return False


def levels_text(run: RunFile, levels: Floats) -> str:
    """Volts (electrodes,) by name, ``e0 0 V, e1 0.8 V``; without names where all are the same."""
    if np.all(levels == levels[0]):
        return _volts(levels[0])
    return ", ".join(f"{e.name} {_volts(volts)}" for e, volts in zip(run.electrodes, levels, strict=True))


def _vouched(run: RunFile, card: DaqCard, left: LastUse | None, sources: LevelSources) -> tuple[Floats, str]:
    """What the last run left, (electrodes,) with NaN where it says nothing, and why."""
    nothing = np.full(len(run.electrodes), np.nan)
    if not sources.folders:
        return nothing, ""
    serial = card.identity.serial
    if left is None:
        where = ", ".join(dict.fromkeys(str(folder) for folder in sources.folders))
        return nothing, f"No record of this card (serial {serial}) in {where} tells how it was left."
    if left.problem:
        return nothing, f"The last record of this card (serial {serial}) {left.problem}: {left.path}."
    device = run.bench.device if isinstance(run.bench, NiBench) else ""
    rest = {_full(terminal, left.device): volts for terminal, volts in left.rest_volts.items()}
    named = run.bench.outputs if isinstance(run.bench, NiBench) else {}
    terminals = [_full(named.get(e.name, f"ao{i}"), device) for i, e in enumerate(run.electrodes)]
    if left.serials != serial or not rest.keys() >= {*terminals}:
        return nothing, f"The last run of this card (serial {serial}) used other modules or outputs: {left.path}."
    return np.array([rest[terminal] for terminal in terminals]), ""


def _full(terminal: str, device: str) -> str:
    terminal = terminal.lstrip("/")
    return terminal if "/" in terminal else f"{device}/{terminal}"


def _take(
    run: RunFile, card: DaqCard, volts: Floats, unknown: NDArray[np.bool_], sources: LevelSources, problem: str
) -> None:
    """Let the card know where its outputs stand; refuse where it still wouldn't."""
    if not isinstance(card, StatesLevels):
        raise OutputsUnknown(
            f"{card.identity.model} doesn't know the voltages at its outputs, and its driver can't be given any.",
            remedy="Disconnect the device, and give the driver a method state_levels.",
        )
    if np.any(missing := unknown & np.isnan(volts)):
        names = ", ".join(e.name for e, lacks in zip(run.electrodes, missing, strict=True) if lacks)
        key = run.bench.outputs_known_at_volts if isinstance(run.bench, NiBench) else None
        old = (
            ""
            if key is None
            else f" bench.outputs_known_at_volts, {_volts(key)}, held when it was written: no proof now."
        )
        raise OutputsUnknown(
            f"The card can't measure its outputs {names}, so any move could be a jump. {problem}{old}".rstrip(),
            remedy="Disconnect the device, or measure the voltages at its electrodes. Then state what stands there "
            f"now: {sources.option} 0V for all, or {sources.option} {run.electrodes[0].name}=0.8V and so on.",
        )
    card.state_levels(np.where(unknown, volts, np.nan))


def unknown_outputs(run: RunFile, sources: LevelSources) -> str:
    """Look, before a run, whether it will have to be told where its outputs stand: why, or nothing if it won't.

    The card is opened and let go again; nothing moves. Whatever else is wrong with it the run itself will say.
    """
    from hgx_lab.experiments._bench import open_card

    if not isinstance(run.bench, NiBench):
        return ""
    try:
        card = open_card(run)
    except (DriverError, HgxError):
        return ""
    try:
        learn_levels(run, card, sources, say_nothing)
    except OutputsUnknown as error:
        return error.message
    except (DriverError, HgxError):
        return ""
    finally:
        card.close()
    return ""


def _volts(volts: float) -> str:
    return format_quantity(float(volts), "V", digits=4)
