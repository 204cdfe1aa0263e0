"""What a guardian does when its run is gone: generators off, and the card down its ramp to rest."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from hgx_drivers.errors import DriverError
from hgx_lab.acquisition import Event, EventKind
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import AcquisitionError, HgxError
from hgx_lab.experiments._bench import Bench, open_bench
from hgx_lab.experiments._generators import disconnect_all
from hgx_lab.experiments._stream import Listening, make_stream
from hgx_lab.signals import Demodulator, Floats, ToneBank

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


def _card_alone(run: RunFile) -> RunFile:
    """The run without what it said of voltages before it began, which doesn't hold any more, and without generators."""
    if not isinstance(run.bench, NiBench):
        raise AcquisitionError("Only the bench of a card can be guarded.")
    without = {"outputs_known_at_volts": None, "watchdog": None, "generators": ()}
    return run.model_copy(update={"bench": run.bench.model_copy(update=without)})


def _ramp(run: RunFile, sessions: str, tell: Callable[[str], None]) -> str:
    """One attempt; returns where the outputs stand at its end."""
    alone = _card_alone(run)
    if isinstance(alone.bench, NiBench) and alone.bench.remote is not None:
        from hgx_drivers.nidaq import close_sessions

        if left := close_sessions(alone.bench.remote, sessions):
            tell(f"The server kept {left} tasks of the run; they are closed.")
    bench = open_bench(alone)
    try:
        bench.card.configure(bench.settings)
        levels = bench.card.levels()
        if not np.all(np.isfinite(levels)):
            raise AcquisitionError(
                f"The card can't measure its outputs ({_text(levels)} V), so any move could be a jump."
            )
        tell(f"The outputs stand at {_text(levels)} V; they go to rest.")
        _play(_with_room(alone, levels), bench)
        return _text(bench.card.levels())
    finally:
        bench.close()


def _with_room(run: RunFile, levels: Floats) -> RunFile:
    """The run with limits that hold the measured levels too.

    What is measured is off by some millivolts: an output at its limit must not be kept from leaving it. The ramp goes
    straight to rest, so it goes no further out.
    """
    electrodes = tuple(
        electrode.model_copy(
            update={"limits": (min(electrode.limits[0], float(volts)), max(electrode.limits[1], float(volts)))}
        )
        for electrode, volts in zip(run.electrodes, levels, strict=True)
    )
    return run.model_copy(update={"electrodes": electrodes})


def _play(run: RunFile, bench: Bench) -> None:
    """A stream in which nothing happens: at its end the outputs go down their ramp, as at the end of any run."""
    period = max(4, bench.block_samples)
    stream = make_stream(
        run,
        bench,
        tones_hz=np.array([bench.rate_hz / period]),
        electrode_of_tone=(0,),
        period_samples=period,
        bank=ToneBank([1], period),
        demodulator=Demodulator([1], period, len(bench.settings.inputs)),
        delay_samples=0,
        listening=Listening(),
    )
    with stream:
        pass
    events = [message for message in stream.leftovers() if isinstance(message, Event)]
    if stream.fault is not None and not isinstance(stream.fault, DriverError | HgxError):
        raise AcquisitionError(f"The ramp failed: {type(stream.fault).__name__}: {stream.fault}") from stream.fault
    if stream.fault is not None:
        raise stream.fault
    if not any(event.kind == EventKind.AT_REST for event in events):
        raise AcquisitionError("The ramp ended without a word of rest.")


def _text(levels: Floats) -> str:
    return np.array2string(levels, precision=4)
