"""Whether the device gets the generators' tones, told by the device: against known shares, and on a wired bench."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgx_drivers.waveform_generator import GeneratorStateError
from hgx_lab import open_record
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments import train
from hgx_lab.experiments._tone_check import tone_share
from tests.support.or_gate import SIMULATED
from tests.support.wired_generator import COMMON, Table, wired_table

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")
pytest.importorskip("pyvisa_py")

complexes = st.complex_numbers(min_magnitude=0.05, max_magnitude=3.0, allow_nan=False, allow_infinity=False)


@given(complexes, complexes)
def test_the_share_is_what_the_electrode_gets_over_what_it_should(share: complex, response: complex) -> None:
    """The card gives minus the tone in the first window and nothing in the second; the generator its share in both."""
    tone = 0.02 * response
    found = tone_share(np.array([(share - 1) * tone]), np.array([share * tone]), np.zeros(1), np.zeros(1))
    assert found.share[0] == pytest.approx(share, abs=1e-9)
    assert found.seen[0]
    assert bool(found.off_by(0.2)[0]) == (abs(share - 1) > 0.2 + 1e-9) or abs(abs(share - 1) - 0.2) < 1e-6


@pytest.mark.parametrize("share", [1.0, 0.0, -1.0, 0.98 * np.exp(0.3j)])
def test_the_error_of_a_share_is_its_scatter(share: complex, rng: np.random.Generator) -> None:
    count, std, tone = 20_000, 0.01, 1.0
    noise = std * (rng.normal(size=(2, count)) + 1j * rng.normal(size=(2, count)))
    ones = np.full(count, std)
    found = tone_share((share - 1) * tone + noise[0], share * tone + noise[1], ones, ones)
    scatter = float(np.sqrt(np.mean(np.abs(found.share - share) ** 2) / 2))
    # Never smaller than the scatter of one part, and at most twice that.
    assert 1.0 <= float(np.median(found.error)) / scatter < 2.1
    if share == 1.0:
        assert not np.any(found.off_by(0.05))
    if share == 0.0:
        assert np.all(found.off_by(0.2))


def test_a_device_that_does_not_respond_says_nothing(rng: np.random.Generator) -> None:
    noise = rng.normal(size=(2, 5000)) + 1j * rng.normal(size=(2, 5000))
    found = tone_share(noise[0], noise[1], np.ones(5000), np.ones(5000))
    assert np.count_nonzero(found.seen) == 0
    nothing = tone_share(np.zeros(1, complex), np.zeros(1, complex), np.ones(1), np.full(1, np.nan))
    assert not nothing.seen[0]
    assert not nothing.off_by(0.0)[0]


def assert_ended_at_rest(table: Table, record: Path) -> None:
    assert np.all(np.abs(table.card.levels()) < 1e-3)
    assert not any(output.on for output in table.instrument.outputs)
    with open_record(record) as there:
        assert there.status == "failed"
        assert len(there["iterations"]["iteration"]) == 0


@pytest.mark.parametrize(
    ("gain", "words"),
    [
        (-0.1, r"-(0\.9|1\.0)\d times of the tone of c"),
        (0.2, r"(1\.9|2\.0)\d times of the tone of c"),
        (0.0, r"0\.0\d times of the tone of c"),
    ],
)
def test_a_tone_that_arrives_otherwise_than_the_run_file_says_ends_the_run(
    gain: float, words: str, tmp_path: Path
) -> None:
    """Inverted by the summing input, twice as large, or not wired: the instrument knows nothing of it."""
    record = tmp_path / "r.h5"
    with wired_table(gain=gain) as table:
        with pytest.raises(AcquisitionError, match=words) as caught:
            train(table.run(), record=record)
        assert "summing_gain" in caught.value.remedy
        assert_ended_at_rest(table, record)


@pytest.mark.parametrize("maker", ["Keysight", "Siglent"])
def test_a_trigger_that_never_comes_ends_the_run_before_a_reading_counts(maker: str, tmp_path: Path) -> None:
    record = tmp_path / "r.h5"
    with wired_table(maker=maker) as table:
        table.instrument.trigger_connected = False
        # A Keysight says so itself; of a Siglent it is the device that tells.
        expected = (GeneratorStateError, "still waits") if maker == "Keysight" else (AcquisitionError, r"0\.0\d times")
        with pytest.raises(expected[0], match=expected[1]):
            train(table.run(), record=record)
        assert_ended_at_rest(table, record)


def test_tones_that_the_device_does_not_respond_to_are_noted(tmp_path: Path) -> None:
    simulated = SIMULATED.replace("{kind: smooth, seed: 5}", "{kind: linear, conductances: [30 nS, 20 nS, 0 S, 0 S]}")
    common = COMMON.replace("iterations: 60", "iterations: 2")
    with wired_table(simulated=simulated) as table:
        result = train(table.run(common=common), record=tmp_path / "r.h5")
    with open_record(result.record) as there:
        told = [e.message for e in there.events if e.kind == "generator"]
    assert any("of c, d plays couldn't be seen: at 4 points" in message for message in told)


def test_what_was_left_by_somebody_else_is_in_the_record(tmp_path: Path) -> None:
    common = COMMON.replace("iterations: 60", "iterations: 2")
    with wired_table() as table:
        table.instrument.send("OUTP1:POL INV", "SOUR1:TRAC ON")
        result = train(table.run(common=common), record=tmp_path / "r.h5")
    with open_record(result.record) as there:
        told = [e.message for e in there.events if e.kind == "generator"]
    assert "c: polarity was INV" in told[0]
    assert "tracking of output 1 was ON" in told[0]
