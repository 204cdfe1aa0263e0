"""A calibration from a file: refused on another bench, told when it is old, and what it makes of the currents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hgx_lab.config import RunFile, SavedCalibration
from hgx_lab.config.calibration_file import InstrumentIdentity, load_calibration
from hgx_lab.errors import CalibrationError
from hgx_lab.experiments._bench import Bench
from hgx_lab.signals import Fingerprint
from hgx_lab.units import format_quantity

__all__ = ["check_saved_calibration", "corrected_bench", "identities", "stored_fingerprint"]


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
        It was made with other instruments or channels, at another rate, or with another gain of the amplifier.
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
        ("gain of the amplifier", *map(_gain, (saved.converter.nominal_volts_per_ampere, 1 / bench.amperes_per_volt))),
    ]
    for what, then, now in sides:
        if then != now:
            raise CalibrationError(
                f"The calibration {path} was made with {_other(what)}: {then} there, {now} on this bench.",
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


def corrected_bench(run: RunFile, bench: Bench, *, tell: Callable[..., None]) -> Bench:
    """Return the bench with the gain and the offset of the calibration that the run names, if that has both.

    They are the converter's own where a known load stood in place of the device. Without one the gain is the nominal
    one and the offset holds the device's current at rest, and neither is used. ``tell`` hears, with its data, which
    of the two it is.
    """
    if not isinstance(run.calibration, SavedCalibration):
        return bench
    path = run.calibration.file
    converter = load_calibration(Path(path)).converter
    nominal, gain, offset = (
        converter.nominal_volts_per_ampere,
        converter.gain_volts_per_ampere,
        converter.offset_volts,
    )
    if gain is None:
        tell(
            f"Currents are told by the nominal gain and with the converter's offset: the calibration {path} was made "
            "without a known load.",
            file=path,
            corrected=False,
            nominal_volts_per_ampere=nominal,
        )
        return bench
    gain_std, offset_std = converter.gain_std_volts_per_ampere, converter.offset_std_volts
    tell(
        f"Currents are corrected by the calibration {path}: gain {_pair(gain / nominal, gain_std, abs(nominal))} of "
        f"the nominal one, offset {_pair(offset * 1e3, offset_std, 1e-3)} mV.",
        file=path,
        corrected=True,
        nominal_volts_per_ampere=nominal,
        gain_volts_per_ampere=gain,
        gain_std_volts_per_ampere=gain_std,
        offset_volts=offset,
        offset_std_volts=offset_std,
    )
    return replace(
        bench,
        amperes_per_volt=1 / gain,
        overload_amperes=bench.overload_amperes / abs(gain * bench.amperes_per_volt),
        offset_amperes=offset / gain,
    )


def _pair(value: float, std: float | None, unit: float) -> str:
    return f"{value:.5g}" if std is None else f"{value:.5g} ± {std / unit:.2g}"


def _gain(volts_per_ampere: float) -> str:
    return format_quantity(volts_per_ampere, "V/A", digits=6)


def _other(what: str) -> str:
    return f"another {what}" if what in ("rate", "gain of the amplifier") else f"other {what}"


def _names(instruments: tuple[InstrumentIdentity, ...]) -> str:
    return "; ".join(sorted(f"{i.maker} {i.model}, serial {i.serial}" for i in instruments))
