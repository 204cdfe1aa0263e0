"""What the newest record of a card says of its outputs: whether the run that used it last left them at rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hgx_lab.acquisition import EventKind
from hgx_lab.errors import RecordError
from hgx_lab.records import Record, open_record

__all__ = ["LastUse", "last_use"]

#: Events that say where the outputs are: the last of them counts.
_MOVES = (EventKind.STARTED, EventKind.RAMP, EventKind.AT_REST, EventKind.NOT_AT_REST)


@dataclass(frozen=True, slots=True)
class LastUse:
    """The run that had a card last.

    ``problem`` says why it doesn't tell where the outputs stand; empty where it ended at rest. ``rest_volts`` are V by
    terminal, as the run file names it, on the device ``device``.
    """

    path: Path
    started: datetime
    ended: datetime | None = None
    problem: str = ""
    serials: str = ""
    device: str = ""
    rest_volts: Mapping[str, float] = field(default_factory=dict[str, float])


def last_use(serials: str, folders: Iterable[Path], *, ignoring: Path | None = None) -> LastUse | None:
    """Find the newest record in these folders in which any of a card's serial numbers had outputs that moved.

    Parameters
    ----------
    serials:
        As the card's identity has them: several are joined by " + ".
    folders:
        Where records are looked for; not in folders inside them.
    ignoring:
        The record that is being made now.

    Returns
    -------
    None where there is none. A file that can't be read and is newer than any other counts, with its problem: it may be
    the one.
    """
    files: dict[Path, float] = {}
    for folder in folders:
        for path in folder.glob("*.h5") if folder.is_dir() else ():
            if ignoring is None or path.absolute() != ignoring.absolute():
                files[path.absolute()] = path.stat().st_mtime
    newest: LastUse | None = None
    for path, modified in sorted(files.items(), key=lambda item: item[1], reverse=True):
        # A record isn't written to before it has begun, so what is left began earlier.
        if newest is not None and modified < newest.started.timestamp():
            break
        found = _use(path, modified, {*serials.split(" + ")})
        if found is not None and (newest is None or found.started > newest.started):
            newest = found
    return newest


def _use(path: Path, modified: float, serials: set[str]) -> LastUse | None:
    try:
        with open_record(path) as record:
            return _use_of(record, serials)
    except RecordError as error:
        return LastUse(path, datetime.fromtimestamp(modified, UTC), problem=f"can't be read: {error.message}")


def _use_of(record: Record, serials: set[str]) -> LastUse | None:
    events = record.events
    # The card comes before the generators.
    card = next((event.data for event in events if event.kind == "instrument"), {})
    used, status = str(card.get("serial", "")), record.status
    unfinished = status in ("killed", "running")
    # Of a run that was killed in its first moments nobody knows which card it had, if it had one.
    nameless = unfinished and not card and _bench_of(record).get("kind") == "nidaq"
    if not nameless and not serials & {*used.split(" + ")}:
        return None
    moves = [event.kind for event in events if event.kind in _MOVES]
    if not moves and not unfinished:
        return None  # refused before anything moved
    started = datetime.fromisoformat(record.provenance["started"]).astimezone(UTC)
    ended = datetime.fromtimestamp(record.last_flush, UTC)
    problem = ""
    if status == "running":
        problem = "is being written now: a run has the card"
    elif status == "killed":
        problem = "has no end: its run was killed, with the outputs wherever they were"
    elif EventKind.NOT_AT_REST in moves or moves[-1] != EventKind.AT_REST:
        problem = "doesn't end with its outputs at rest"
    try:
        device, volts = _rest_volts(record.run_file)
    except (KeyError, TypeError, ValueError) as error:
        device, volts, problem = "", {}, problem or f"has a run file that can't be understood: {error!r}"
    return LastUse(record.path, started, ended, problem, used, device, volts)


def _bench_of(record: Record) -> Mapping[str, Any]:
    bench = record.run_file.get("bench")
    return bench if isinstance(bench, Mapping) else {}


def _rest_volts(run_file: Mapping[str, Any]) -> tuple[str, dict[str, float]]:
    bench = run_file["bench"]
    named: Mapping[str, str] = bench["outputs"]
    electrodes = run_file["electrodes"]
    return bench["device"], {named.get(e["name"], f"ao{index}"): float(e["rest"]) for index, e in enumerate(electrodes)}
