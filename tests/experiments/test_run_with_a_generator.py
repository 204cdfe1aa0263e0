"""The tones of two electrodes from a waveform generator, over its socket, on the bench of an NI card over gRPC."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from hgx_drivers.errors import DriverError, OutputUnderflow, RangeError
from hgx_drivers.simulated import Underflow
from hgx_drivers.waveform_generator import (
    GeneratorDisconnected,
    GeneratorError,
    GeneratorMismatch,
    GeneratorRefused,
    GeneratorTimeout,
    ScpiError,
)
from hgx_lab import open_record
from hgx_lab.config import parse_run_file
from hgx_lab.errors import ConfigurationError
from hgx_lab.experiments import train
from hgx_lab.experiments._learning import make_box
from hgx_lab.experiments._points import random_points
from hgx_lab.records import Record
from tests.support.or_gate import SIMULATED
from tests.support.runs import Heard
from tests.support.wired_generator import COMMON, NI, Table, parsed, wired_table

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")
pytest.importorskip("pyvisa_py")


@pytest.fixture
def table() -> Iterator[Table]:
    with wired_table() as wired:
        yield wired


def tones_of(volts: np.ndarray, hz: float, start: int, periods: int) -> float:
    """Peak of a tone in base periods of 200 samples from ``start`` on."""
    n = np.arange(start, start + 200 * periods)
    return float(np.abs(2 * np.mean(volts[n] * np.exp(-2j * np.pi * hz * n / 20e3))))


def assert_derivatives_agree(here: Record, there: Record) -> None:
    # The first iteration is at the same controls on both benches, with noise of its own on each.
    first, second = here["iterations"].isel(iteration=0), there["iterations"].isel(iteration=0)
    assert np.array_equal(first["controls"].values, second["controls"].values)
    spread = np.hypot(first["derivative_std"].values, second["derivative_std"].values)
    pulls = (first["derivative"].values - second["derivative"].values) / spread
    assert np.all(np.abs(pulls) < 4.5)
    assert np.sqrt(np.mean(pulls**2)) < 2


def assert_at_rest(table: Table) -> None:
    assert np.all(np.abs(table.card.levels()) < 1e-3)
    assert not any(o.on for o in table.instrument.outputs)


@pytest.mark.parametrize(
    ("maker", "driver", "load", "ohms"),
    [
        ("Keysight", "keysight", "high", 1e38),
        ("Keysight", "keysight", "50 Ohm", 50.0),
        ("Keysight", "pymeasure:Agilent33500", "high", 1e38),
        ("Siglent", "siglent", "high", 1e38),
    ],
)
def test_the_same_gate_is_learned_with_tones_of_the_generator(
    maker: str, driver: str, load: str, ohms: float, tmp_path: Path
) -> None:
    alone = train(parsed(SIMULATED), record=tmp_path / "simulated.h5")
    with wired_table(ohms, maker=maker) as table:
        table.driver = driver
        result = train(table.run(load), record=tmp_path / "generator.h5")
        assert_at_rest(table)
        assert np.max(np.abs(table.seen())) <= 1.0 + 1e-9
    assert alone.outcome.solved
    assert result.outcome.solved
    with open_record(alone.record) as here, open_record(result.record) as there:
        assert there.status == "completed"
        instruments = [e.message for e in there.events if e.kind == "instrument"]
        assert len(instruments) == 2
        assert maker in instruments[1]
        told = [e.message for e in there.events if e.kind == "generator"]
        assert len(told) == 3
        assert ("was triggered" in told[1]) == (maker == "Keysight")
        assert_derivatives_agree(here, there)


def test_the_electrodes_see_what_was_scheduled_and_the_card_gives_what_is_missing(table: Table, tmp_path: Path) -> None:
    write = table.card.write
    blocks: list[np.ndarray] = []
    table.card.write = lambda samples: (blocks.append(np.array(samples)), write(samples))[1]  # type: ignore[method-assign]
    common = COMMON + "calibration: {kind: fixed, delay: 60 us}\n"
    result = train(table.run(common=common), record=tmp_path / "shares.h5")
    assert result.outcome.solved
    own, seen = np.concatenate(blocks, axis=1), table.seen()
    assert any(name == "export_signal" and "/Dev1/PFI0" in arguments for name, arguments in table.rig.calls)
    with open_record(result.record) as there:
        first = int(there["iterations"]["sample"].values[0])
        (ramp,) = [e.sample for e in there.events if e.kind == "ramp-to-rest"]
    assert ramp is not None
    plateau = first + 100
    for electrode, hz in ((2, table.instrument.outputs[0].hz), (3, table.instrument.outputs[1].hz)):
        assert tones_of(seen[electrode], hz, plateau, 1) == pytest.approx(0.02, rel=1e-3)
        assert tones_of(own[electrode], hz, plateau, 1) < 1e-6
    # The validation is the last thing before the outputs go to rest: no tones for the device, by the card's doing.
    for electrode, hz in ((2, table.instrument.outputs[0].hz), (3, table.instrument.outputs[1].hz)):
        assert tones_of(seen[electrode], hz, ramp - 400, 1) < 1e-6
        assert tones_of(own[electrode], hz, ramp - 400, 1) == pytest.approx(0.02, rel=1e-3)


def test_a_card_that_breaks_down_takes_the_generator_along(tmp_path: Path) -> None:
    with wired_table(faults=(Underflow(12_000),)) as table:
        record = tmp_path / "underflow.h5"
        with pytest.raises(OutputUnderflow):
            train(table.run(), record=record)
        assert_at_rest(table)
        # Faded in steps of a fifth before the output opened.
        levels = [c for c in table.instrument.commands() if c.startswith("SOUR1:VOLT 0.")]
        assert [float(c.split()[1]) for c in levels[-5:]] == pytest.approx([0.4, 0.32, 0.24, 0.16, 0.08])
    with open_record(record) as there:
        kinds = [e.kind for e in there.events]
    assert kinds.index("underflow") < kinds.index("generator", kinds.index("underflow")) < len(kinds)
    assert "at-rest" in kinds[kinds.index("underflow") :]


@pytest.mark.parametrize(
    ("where", "how", "error"),
    [
        ("SOUR1:FREQ ", "error", ScpiError),
        ("OUTP2 ON", "error", ScpiError),
        ("OUTP1:LOAD INF", "deny", GeneratorMismatch),
        ("SOUR2:VOLT?", "silent", GeneratorTimeout),
        ("SOUR2:VOLT?", "late", GeneratorTimeout),
        ("SOUR2:VOLT?", "drop", GeneratorDisconnected),
    ],
)
def test_a_fault_of_the_generator_ends_at_rest(
    table: Table, tmp_path: Path, where: str, how, error: type[DriverError]
) -> None:
    table.instrument.fail(where, how)
    table.timeout = "0.5 s"
    record = tmp_path / "fault.h5"
    with pytest.raises(error) as caught:
        train(table.run(), record=record)
    assert caught.value.remedy
    assert str(caught.value)[:2] in ("c:", "d:") or how == "drop"
    assert_at_rest(table)
    with open_record(record) as there:
        assert there.status == "failed"


@pytest.mark.parametrize("how", ["vanish", "deaf"])
def test_a_generator_that_cannot_be_switched_off_does_not_keep_the_card_from_rest(
    table: Table, tmp_path: Path, how: Literal["vanish", "deaf"]
) -> None:
    table.instrument.fail("SOUR1:VOLT 0.32", how)  # the first step of the fade
    table.timeout = "0.5 s"
    record = tmp_path / "gone.h5"
    with pytest.raises(GeneratorError) as caught:
        train(table.run(), record=record)
    assert np.all(np.abs(table.card.levels()) < 1e-3)
    with open_record(record) as there:
        events = [(e.kind, e.message) for e in there.events]
    kinds = [kind for kind, _ in events]
    (told,) = [message for kind, message in events if kind == "not-at-rest"]
    assert "Disconnect the device" in told
    assert str(caught.value).split()[0] in told
    assert kinds.index("not-at-rest") < len(kinds) - 1 - kinds[::-1].index("at-rest")


@pytest.mark.parametrize(
    ("where", "how", "words"),
    [
        ("SOUR1:VOLT 0.32", "error", "The tone of c was switched off at once, for its fade failed"),
        ("OUTP1 OFF", "drop", "was asked twice"),
        ("OUTP2 OFF", "deny", "was asked twice"),
    ],
)
def test_a_generator_that_obeys_in_the_end_is_told_as_it_was_and_fails_nothing(
    table: Table, tmp_path: Path, where: str, how: Any, words: str
) -> None:
    # Outputs were disconnected when the generator was opened; this is about the end.
    heard = Heard({"iteration": lambda it: table.instrument.fail(where, how) if it.index == 0 else None})
    result = train(table.run(), record=tmp_path / "obeyed.h5", audience=heard)
    assert result.outcome.solved
    assert_at_rest(table)
    with open_record(result.record) as there:
        assert there.status == "completed"
        assert [words in e.message for e in there.events if e.kind == "generator"] == [False, False, True]
        assert "not-at-rest" not in [e.kind for e in there.events]


def test_a_refused_port_is_told_before_anything_moves(table: Table, tmp_path: Path) -> None:
    run = table.run()
    table.instrument.vanish()
    with pytest.raises(GeneratorRefused, match="can't be opened"):
        train(run, record=tmp_path / "refused.h5")
    assert not table.card.seen


def test_a_frequency_that_the_generator_cannot_hit_is_refused_before_anything_moves(
    table: Table, tmp_path: Path
) -> None:
    common = COMMON.replace("period: 10 ms", "period: 10.35 ms")
    with pytest.raises(RangeError, match="the nearest is"):
        train(table.run(common=common), record=tmp_path / "off.h5")
    assert not table.card.seen


@pytest.mark.parametrize(
    ("wrong", "message"),
    [("{c: 1, c2: 2}", "no electrode c2"), ("{c: 1, d: 1}", "output 1 is taken"), ("{a: 1}", "no electrode a")],
)
def test_channels_are_checked_against_electrodes(wrong: str, message: str) -> None:
    text = NI % ("h:1", "keysight", "TCPIP0::h::5025::SOCKET", "high", "2 s")
    with pytest.raises(ConfigurationError, match=message):
        parse_run_file(text.replace("{c: 1, d: 2}", wrong) + COMMON)


@pytest.mark.parametrize(("key", "volts"), [("start", "0.97 V"), ("start", "-0.97 V"), ("rest", "0.97 V")])
def test_rest_and_start_leave_room_for_taking_the_tone_away(key: str, volts: str) -> None:
    """20 mV of the card's and 20 mV of the generator's, should the card break down in the wrong moment."""
    bench = NI % ("h:1", "keysight", "TCPIP0::h::5025::SOCKET", "high", "2 s")
    common = COMMON.replace("start: 0.2 V", f"{key}: {volts}")
    parse_run_file(SIMULATED + common)
    with pytest.raises(ConfigurationError, match=r"no room for taking away a generator's tone of 20 mV"):
        parse_run_file(bench + common)
    parse_run_file(bench + common.replace("0.97", "0.96"))


def test_controls_and_random_points_keep_the_room_of_a_generator() -> None:
    run = parsed(NI % ("h:1", "keysight", "TCPIP0::h::5025::SOCKET", "high", "2 s"))
    box = make_box(run)
    np.testing.assert_allclose([box.lower, box.upper], [[-0.96] * 2, [0.96] * 2])
    points = random_points(run, 4000, purpose=1)
    assert np.all(np.abs(points[:, 2:]) <= 0.96)
    assert np.abs(points[:, 2:]).max() > 0.959


def test_the_start_must_be_given_out() -> None:
    text = (NI % ("h:1", "keysight", "TCPIP0::h::5025::SOCKET", "high", "2 s")).replace("  start_out: /Dev1/PFI0\n", "")
    with pytest.raises(ConfigurationError, match="start_out"):
        parse_run_file(text + COMMON)


def test_another_maker_than_the_run_file_says_is_refused(table: Table, tmp_path: Path) -> None:
    table.driver = "siglent"
    with pytest.raises(GeneratorRefused, match="isn't a generator that is known"):
        train(table.run(), record=tmp_path / "maker.h5")
    assert not table.card.seen


def test_frequencies_between_the_bins_are_bridged(table: Table, tmp_path: Path) -> None:
    """1.01 kHz has 10.1 periods in 10 ms, and is a frequency of the generator all the same."""
    manual = "tones: {plan: manual, bridge: true, frequencies: [1.01 kHz, 2.33 kHz], period: 10 ms, amplitude: 20 mV}"
    common = re.sub(r"^tones: .*$", manual, COMMON, flags=re.MULTILINE) + "calibration: {kind: fixed, delay: 60 us}\n"
    alone = train(parsed(SIMULATED, common), record=tmp_path / "simulated.h5")
    result = train(table.run(common=common), record=tmp_path / "bridged.h5")
    assert sorted(o.hz for o in table.instrument.outputs) == [1010.0, 2330.0]
    assert result.outcome.solved
    assert_at_rest(table)
    with open_record(alone.record) as here, open_record(result.record) as there:
        assert_derivatives_agree(here, there)


def test_a_guardian_is_dismissed_when_card_and_generator_are_at_rest(tmp_path: Path) -> None:
    with wired_table() as table:
        result = train(table.run(common=COMMON + "safety: {guardian: true}\n"), record=tmp_path / "guarded.h5")
        assert_at_rest(table)
    with open_record(result.record) as there:
        assert [e.kind for e in there.events].count("guardian") == 1
    assert not list(tmp_path.glob("*.guardian.log"))
