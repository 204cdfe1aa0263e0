"""The way to rest by itself: a stream in which nothing happens, and whose end is the ramp, as at the end of any run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from hgx_drivers.errors import DriverError
from hgx_lab.acquisition import Event, EventKind, Message
from hgx_lab.config import RunFile
from hgx_lab.config.bench import NiBench
from hgx_lab.errors import AcquisitionError, HgxError
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._device import Tell
from hgx_lab.experiments._known_outputs import levels_text
from hgx_lab.experiments._stream import Listening, hear_all, ignore, make_stream, voltage_guard
from hgx_lab.signals import Demodulator, ToneBank
from hgx_lab.units import format_quantity

__all__ = ["beyond_limits", "bring_in", "card_alone", "play_to_rest"]


def card_alone(run: RunFile) -> RunFile:
    """The run without what only a run needs of its bench: watchdog, generators."""
    if not isinstance(run.bench, NiBench):
        return run
    return run.model_copy(update={"bench": run.bench.model_copy(update={"watchdog": None, "generators": ()})})


def beyond_limits(run: RunFile, bench: Bench) -> str:
    """Which outputs stand beyond their limits now, in words; empty if none does."""
    levels = bench.card.levels()
    outside = voltage_guard(run).beyond(levels) & np.isfinite(levels)
    return ", ".join(
        f"{e.name} at {format_quantity(float(volts), 'V', digits=4)} ({format_quantity(e.limits[0], 'V')} to "
        f"{format_quantity(e.limits[1], 'V')})"
        for e, volts, out in zip(run.electrodes, levels, outside, strict=True)
        if out
    )


def bring_in(run: RunFile, bench: Bench, tell: Tell, hear: Callable[[Message], None]) -> None:
    """Bring all outputs to rest if one stands beyond its limits, and say so; otherwise nothing moves.

    To rest and not just inside: from there every run can start, and it is the one way that each of them has anyhow.

    Raises
    ------
    HgxError, DriverError
        The outputs aren't at rest.
    """
    if not (found := beyond_limits(run, bench)):
        return
    slope = format_quantity(run.safety.rest_slope, "V/s")
    tell(
        f"Found beyond its limits: {found}. First of all the outputs go to rest, at {slope}.",
        kind="beyond-limits",
        volts=dict(zip([e.name for e in run.electrodes], bench.card.levels().tolist(), strict=True)),
    )
    play_to_rest(run, bench, hear)
    tell(f"The outputs are at rest: {levels_text(run, bench.card.levels())}.")


def play_to_rest(run: RunFile, bench: Bench, hear: Callable[[Message], None] = ignore) -> float:
    """Take the outputs of an open bench from where they stand down their ramp; seconds that took on the bench.

    Nothing interrupts it. ``hear`` gets the stream's events when it is over.

    Raises
    ------
    HgxError, DriverError
        The outputs aren't at rest.
    """
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
    try:
        with stream:
            pass
    except (HgxError, DriverError):
        raise
    except Exception as error:
        raise AcquisitionError(f"The ramp failed: {type(error).__name__}: {error}") from error
    finally:
        messages = stream.leftovers()
        hear_all(messages, hear)
    if not any(isinstance(message, Event) and message.kind == EventKind.AT_REST for message in messages):
        raise AcquisitionError("The ramp ended without a word of rest.")
    return stream.samples / bench.rate_hz
