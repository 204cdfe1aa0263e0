"""Opens what a run needs, a record and a bench, and closes both whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from hgx_lab.config import RunFile
from hgx_lab.experiments._audience import Audience, SilentAudience
from hgx_lab.experiments._bench import closing_bench, open_bench
from hgx_lab.experiments._guardian import check_measured, guarded
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._isolated import Isolated
from hgx_lab.experiments._known_outputs import LevelSources
from hgx_lab.experiments._saved_calibration import check_saved_calibration, corrected_bench
from hgx_lab.experiments._session import RecordedRun, ending_of, recorded
from hgx_lab.experiments._to_rest import bring_in
from hgx_lab.experiments._workplace import Laboratory
from hgx_lab.records import Coordinate, RawSpec, TableSpec

__all__ = ["Declaration", "Laboratory", "Source", "laboratory"]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """Where a run comes from: the text of its run file, and, when it continues another, that one's checkpoint."""

    text: str = ""
    path: Path | None = None
    checkpoint: Mapping[str, Any] | None = None
    parent: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, eq=False)
class Declaration:
    """What a record will hold; nothing can be added once it is open."""

    tables: tuple[TableSpec, ...]
    coordinates: tuple[Coordinate, ...]
    header: Mapping[str, Any] = field(default_factory=dict[str, Any])
    raw: RawSpec | None = None


@contextmanager
def _told(audience: Audience) -> Iterator[list[RecordedRun]]:
    """Tell the audience how what is in the block ended, with the reason of the session that is put in the list."""
    sessions: list[RecordedRun] = []
    try:
        yield sessions
    except BaseException as error:
        audience.ended(*ending_of(error))
        raise
    audience.ended("completed", sessions[0].reason if sessions else "")


@contextmanager
def laboratory(
    run: RunFile,
    experiment: str,
    declaration: Declaration,
    *,
    record: Path,
    source: Source | None = None,
    audience: Audience | None = None,
    interrupts: Interrupts | None = None,
    outputs_at: Mapping[str, float] | None = None,
    check_calibration: bool = True,
) -> Iterator[Laboratory]:
    """Open the record and the bench of a run; whatever leaves the block closes both, the record with its reason.

    Parameters
    ----------
    run, experiment:
        A validated run file, and the name of its kind.
    declaration:
        What the record will hold.
    record:
        File to create.
    source:
        The run file's text, and the checkpoint to go on from.
    audience:
        Who watches. What it raises is noted, in the record and on standard error, and doesn't end the run.
    interrupts:
        Where a stop is asked for; signals are listened to inside the block.
    outputs_at:
        V by the electrode's name that stand at the outputs now, where the card can't measure them. If not given, the
        newest record of the card tells, in the run's folder of records or beside its own, if it ended at rest.
    check_calibration:
        Whether a calibration that the run takes from a file must have been made on this bench.

    Raises
    ------
    RecordError, DriverError, ExperimentError, CalibrationError, AcquisitionError
        The record or the bench can't be opened, nothing tells where its outputs stand, a saved calibration is another
        bench's, or a guardian can't be had; nothing has moved then.
    """
    source, interrupts = source or Source(), interrupts or Interrupts()
    watching = Isolated(audience or SilentAudience())
    opened = recorded(
        record,
        experiment,
        run,
        text=source.text,
        run_file=source.path,
        header={**declaration.header, "parent": dict(source.parent)},
        tables=declaration.tables,
        coordinates=declaration.coordinates,
        raw=declaration.raw,
    )
    with _told(watching) as sessions, interrupts.signals(), opened as session:
        sessions.append(session)
        watching.note_event = session.writer.event
        watching.began(record, run)

        def tell(message: str, *, kind: str = "bench", **data: Any) -> None:
            try:
                session.writer.event(kind, None, message, **data)
            finally:  # a record that can't take it is no reason not to say it
                watching.note(message)

        with guarded(run, record, partial(tell, kind="guardian")) as guardian:
            folders = (Path(run.record.directory), record.parent)
            levels = LevelSources(outputs_at, folders, ignoring=record)
            bench = open_bench(run, tell=tell, sessions=guardian.sessions, levels=levels)
            with closing_bench(bench, tell=tell), guardian.seeing(run, bench):
                check_measured(run, bench)
                for identity in (bench.card.identity, *(g.device.identity for g in bench.generators)):
                    session.identify(identity)
                if watchdog := getattr(bench.card, "watchdog", ""):
                    tell(watchdog, kind="watchdog")
                if check_calibration:
                    check_saved_calibration(run, bench, warn=partial(tell, kind="old-calibration"))
                    bench = corrected_bench(run, bench, tell=partial(tell, kind="calibration"))
                # Whoever finds this record after a kill has to see which card it had.
                session.writer.flush()
                guardian.hold()
                opened_laboratory = Laboratory(run, bench, session, watching, interrupts, guardian)
                bring_in(run, bench, tell, opened_laboratory.hear)
                opened_laboratory.self_test(compare=check_calibration)
                yield opened_laboratory
