"""A calibration from a file: refused on another bench, and told when it is old."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hgx_lab.config import RunFile, SavedCalibration
from hgx_lab.config.calibration_file import InstrumentIdentity, load_calibration
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments._bench import Bench
from hgx_lab.signals import Fingerprint

__all__ = ["check_saved_calibration", "identities", "stored_fingerprint"]


def identities(bench: Bench) -> tuple[InstrumentIdentity, ...]:
    """Return who all instruments of a bench are."""
    everyone = (bench.card.identity, *(generator.device.identity for generator in bench.generators))
    return tuple(InstrumentIdentity(maker=one.maker, model=one.model, serial=one.serial) for one in everyone)


def check_saved_calibration(run: RunFile, bench: Bench, *, warn: Callable[..., None]) -> None:
    """Compare the calibration that a run names, if it does, with its open bench; nothing has moved yet.

    ``warn`` hears, with its data, that the calibration is older than the run file allows.

    Raises
    ------
    CalibrationError
        It was made with other instruments, channels or at another rate.
    """
    if not isinstance(run.calibration, SavedCalibration):
        return
    path = run.calibration.file
    saved = load_calibration(Path(path))
    settings = bench.settings
    sides: list[tuple[str, Any, Any]] = [
        ("instruments", _names(saved.instruments), _names(identities(bench))),
        ("rate", f"{saved.rate_hz:.12g} Hz", f"{bench.rate_hz:.12g} Hz"),
        ("outputs", saved.outputs, {c.name: c.terminal for c in settings.outputs}),
        ("inputs", saved.inputs, {c.name: c.terminal for c in settings.inputs}),
    ]
    for what, then, now in sides:
        if then != now:
            raise CalibrationError(
                f"The calibration {path} was made with other {what}: {then} there, {now} on this bench.",
                remedy=f"Calibrate this bench: hgx calibrate FILE --output {path}",
            )
    written = saved.written if saved.written.tzinfo else saved.written.replace(tzinfo=UTC)
    age = (datetime.now(UTC) - written).total_seconds()
    if age > run.calibration.oldest:
        warn(
            f"The calibration {path} is {age / 86400:.1f} days old; {run.calibration.oldest / 86400:g} days are "
            "allowed. Calibrate again with: hgx calibrate FILE",
            age_seconds=age,
            oldest_seconds=run.calibration.oldest,
        )


def stored_fingerprint(run: RunFile) -> Fingerprint | None:
    """Return the fingerprint that a run's self-test compares with: of its own file, else of its calibration.

    Raises
    ------
    CalibrationError
        A file can't be read, or the one that the self-test names holds no fingerprint.
    SignalError
        What it holds isn't one.
    """
    named = None if run.self_test is None else run.self_test.fingerprint
    path = named or (run.calibration.file if isinstance(run.calibration, SavedCalibration) else None)
    if path is None:
        return None
    stored = load_calibration(Path(path)).fingerprint
    if stored is None and named is not None:
        raise CalibrationError(
            f"The calibration {path} holds no fingerprint.", remedy=f"Write it with: hgx calibrate FILE --output {path}"
        )
    return None if stored is None else Fingerprint.from_dict(stored)


def _names(instruments: tuple[InstrumentIdentity, ...]) -> str:
    return "; ".join(sorted(f"{i.maker} {i.model}, serial {i.serial}" for i in instruments))
