"""What a guardian does when its run is gone: generators off, and the card down its ramp to rest."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from hgx_drivers.errors import DriverError
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import AcquisitionError, HgxError
from hgx_lab.experiments._bench import open_bench
from hgx_lab.experiments._generators import disconnect_all
from hgx_lab.experiments._to_rest import card_alone, play_to_rest
from hgx_lab.signals import Floats

__all__ = ["PATIENCE_SECONDS", "bring_to_rest", "reach"]

#: How long a card may be unreachable, or still reserved by the run that died, before the guardian gives up.
PATIENCE_SECONDS = 60.0
_AGAIN_SECONDS = 0.5


def reach(run: RunFile) -> None:
    """Find the card of a run, and with it everything that has to be imported; nothing is reserved.

    Raises
    ------
    DriverError
        Package, driver, server or device aren't there.
    """
    from hgx_drivers.nidaq import NiDaqCard

    if isinstance(run.bench, NiBench):
        NiDaqCard(run.bench.device, remote=run.bench.remote).close()


def bring_to_rest(
    run: RunFile, sessions: str, tell: Callable[[str], None], *, patience_seconds: float = PATIENCE_SECONDS
) -> bool:
    """Disconnect the generators and bring the card's outputs down their ramp; whether all of it worked.

    ``tell`` hears each step, and each reason once why the card can't be had yet.
    """
    count, failures = disconnect_all(run)
    for failure in failures:
        tell(
            f"A generator could not be switched off: {failure} Its tone may still be on the electrodes. Disconnect the "
            "device before you touch the bench."
        )
    if count > len(failures):
        tell(f"Generators disconnected: {count - len(failures)} of {count}.")
    deadline = time.monotonic() + patience_seconds
    said = ""
    while True:
        try:
            tell(f"The outputs are at rest: {_ramp(run, sessions, tell)} V.")
        except (DriverError, HgxError) as error:
            if str(error) != said:
                said = str(error)
                tell(f"Not yet: {said}")
        else:
            return not failures
        if time.monotonic() > deadline:
            tell("NOT AT REST: given up. The voltages are unknown. Disconnect the device before you touch the bench.")
            return False
        time.sleep(_AGAIN_SECONDS)


def _ramp(run: RunFile, sessions: str, tell: Callable[[str], None]) -> str:
    """One attempt; returns where the outputs stand at its end."""
    if not isinstance(run.bench, NiBench):
        raise AcquisitionError("Only the bench of a card can be guarded.")
    alone = card_alone(run)
    if isinstance(alone.bench, NiBench) and alone.bench.remote is not None:
        from hgx_drivers.nidaq import close_sessions

        if left := close_sessions(alone.bench.remote, sessions):
            tell(f"The server kept {left} tasks of the run; they are closed.")
    bench = open_bench(alone)
    try:
        bench.card.configure(bench.settings)
        tell(f"The outputs stand at {_text(bench.card.levels())} V; they go to rest.")
        play_to_rest(alone, bench)
        return _text(bench.card.levels())
    finally:
        bench.close()


def _text(levels: Floats) -> str:
    return np.array2string(levels, precision=4)
