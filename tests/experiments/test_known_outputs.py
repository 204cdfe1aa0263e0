"""Where the outputs of a card that can't measure them stand: what counts, what doesn't, and that nothing moves without.

The bench is a chassis behind the fake of NI's library; what its device sees is kept sample by sample.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.errors import AcquisitionError, ConfigurationError, OutputsUnknown
from hgx_lab.experiments import LevelSources, open_bench, parse_levels, perform, unknown_outputs
from hgx_lab.experiments._last_use import LastUse, last_use
from hgx_lab.records import open_record
from tests.doors.ni_devices import cdaq, x_series
from tests.doors.ni_engine import NiRig
from tests.support.converters import Converters
from tests.support.runs import Heard

pytest.importorskip("nidaqmx")

TEXT = """
experiment: iv
name: chassis
bench:
  kind: nidaq
  rate: 20 kHz
  block: 5 ms
  lead: 20 ms
  %s
  amplifier: {clip: 4 V}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], start: 0.2 V, rest: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V], start: -0.1 V}
safety: {slew: 2 kV/s, rest_slope: 50 V/s}
tones: {period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 200 V/s, settle: 1 ms, periods: 1}
calibration: {kind: none}
sweep: {electrode: a, span: [-0.5 V, 0.5 V], steps: 3}
"""
CHASSIS = "outputs: {a: cDAQ1Mod1/ao0, b: cDAQ1Mod1/ao1}\n  input: {terminal: cDAQ1Mod3/ai0}"
KEY = f"{CHASSIS}\n  outputs_known_at_volts: 0 V"
CARD = "device: Dev1"
WIRES = {"cDAQ1Mod1/ao0": 0, "cDAQ1Mod1/ao1": 1, "cDAQ1Mod3/ai0": 0, "Dev1/ao0": 0, "Dev1/ao1": 1, "Dev1/ai0": 0}
LIMITS = (np.full(2, -1.0), np.full(2, 1.0), np.full(2, 2e3), 50.0, 20e3)
REST = np.array([0.1, 0.0])


def run_file(bench: str = KEY) -> RunFile:
    return parse_run_file(TEXT % bench)


class Bench:
    """Outputs that stand somewhere, behind the fake library, for one test."""

    def __init__(self, levels: tuple[float, float]) -> None:
        plant = Plant(
            LinearDevice([[1e-9, 2e-9]]), ChainSettings.ideal(gain_volts_per_ampere=1e7), rest_volts=np.array(levels)
        )
        self.seen = Converters(plant)
        self.rig = NiRig([x_series(), *cdaq()], SimulatedCard(plant, FastClock()), wires=WIRES)
        self.plant = plant


@pytest.fixture
def at(request: pytest.FixtureRequest) -> Iterator[Bench]:
    from tests.doors.ni_library import installed

    bench = Bench(getattr(request, "param", (0.0, 0.0)))
    with installed(bench.rig):
        yield bench


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def events(record: Path, kind: str) -> list[Any]:
    with open_record(record) as opened:
        return [event for event in opened.events if event.kind == kind]


AFTER_A_KILL = pytest.mark.parametrize("at", [(0.8, -0.4)], indirect=True)


@AFTER_A_KILL
def test_a_run_file_that_says_0_v_moves_nothing(at: Bench) -> None:
    """The outputs of a killed run stand at 0.8 V, and its run file says what it has always said."""
    with pytest.raises(OutputsUnknown) as caught:
        perform(run_file(), record=Path("r.h5"))
    assert not at.seen.moved
    assert at.rig.counts["write_analog"] == 0
    said = str(caught.value)
    for part in (
        "outputs a, b",
        "serial 00000011 + 00000013",
        "outputs_known_at_volts, 0 V",
        "Disconnect the device",
        "--outputs-at 0V",
    ):
        assert part in said
    assert caught.value.exit_code == 4


@AFTER_A_KILL
def test_what_is_stated_for_this_start_is_where_it_starts(at: Bench) -> None:
    heard = Heard()
    perform(run_file(), record=Path("r.h5"), outputs_at={"a": 0.8, "b": -0.4}, audience=heard)
    at.seen.assert_came_in(*LIMITS)
    np.testing.assert_allclose(at.plant.standing_volts, REST, atol=1e-3)
    (event,) = events(Path("r.h5"), "outputs")
    assert event.data["origin"] == "stated"
    assert "a 800 mV, b -400 mV" in event.message


def test_a_statement_leaves_nothing_out(at: Bench) -> None:
    with pytest.raises(OutputsUnknown, match=r"outputs b, .*--outputs-at leaves them out"):
        perform(run_file(), record=Path("r.h5"), outputs_at={"a": 0.0})
    assert not at.seen.moved


def test_the_last_record_tells_if_it_ended_at_rest(at: Bench) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    perform(run_file(), record=Path("second.h5"))
    at.seen.assert_came_in(*LIMITS)
    (event,) = events(Path("second.h5"), "outputs")
    assert event.data["origin"] == "record"
    assert event.data["record"].endswith("first.h5")
    assert "first.h5" in event.message
    assert "a 100 mV, b 0 V" in event.message
    assert "--outputs-at" in event.message
    # The new one is the newest from now on.
    perform(run_file(CHASSIS), record=Path("third.h5"))
    assert events(Path("third.h5"), "outputs")[0].data["record"].endswith("second.h5")


def test_a_refused_start_doesnt_hide_the_run_before_it(at: Bench) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    with pytest.raises(OutputsUnknown):
        perform(run_file(), record=Path("refused.h5"), outputs_at={"a": 0.0})
    perform(run_file(), record=Path("second.h5"))
    assert events(Path("second.h5"), "outputs")[0].data["record"].endswith("first.h5")


def test_a_record_beside_another_folder_of_records_isnt_known(at: Bench) -> None:
    perform(run_file(), record=Path("here/first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    with pytest.raises(OutputsUnknown, match="No record of this card"):
        perform(run_file(), record=Path("there/second.h5"))
    assert unknown_outputs(run_file(), LevelSources(folders=(Path("there"),)))
    assert not unknown_outputs(run_file(), LevelSources(folders=(Path("there"), Path("here"))))


def killed_copy(bench: Bench, monkeypatch: pytest.MonkeyPatch, to: Path, after: str) -> None:
    """The file of a run as its process would leave it if it were killed in the middle."""

    def copy(_: object) -> None:
        if not to.exists():
            shutil.copy("going.h5", to)

    perform(run_file(), record=Path("going.h5"), outputs_at={"a": 0.0, "b": 0.0}, audience=Heard({after: copy}))
    Path("going.h5").unlink()
    monkeypatch.setattr("hgx_lab.records._record.is_writing", lambda *_: False)


@pytest.mark.parametrize("after", ["progress", "began"])
def test_a_killed_run_tells_nothing(at: Bench, monkeypatch: pytest.MonkeyPatch, after: str) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    killed_copy(at, monkeypatch, Path("killed.h5"), after)
    with open_record("killed.h5") as record:
        assert record.status == "killed"
    before = at.seen.history.shape
    with pytest.raises(OutputsUnknown, match=r"has no end: its run was killed.*killed\.h5"):
        perform(run_file(), record=Path("second.h5"))
    assert at.seen.history.shape == before
    perform(run_file(), record=Path("third.h5"), outputs_at={"a": 0.1, "b": 0.0})
    # And with that one at rest the killed one is history.
    perform(run_file(), record=Path("fourth.h5"))
    assert events(Path("fourth.h5"), "outputs")[0].data["record"].endswith("third.h5")


def test_a_run_that_goes_on_tells_nothing(at: Bench) -> None:
    said: list[LastUse | None] = []

    def look(_: object) -> None:
        said.append(last_use("00000013 + 00000077", [Path()]))

    perform(run_file(), record=Path("r.h5"), outputs_at={"a": 0.0, "b": 0.0}, audience=Heard({"progress": look}))
    assert said[0] is not None
    assert "is being written now" in said[0].problem
    assert said[0].path == Path("r.h5").absolute()
    after = last_use("00000013 + 00000077", [Path()])
    assert after is not None
    assert after.problem == ""
    assert last_use("00000077", [Path(), Path("nowhere")]) is None
    assert last_use("00000013", [Path()], ignoring=Path("r.h5")) is None


def test_a_run_that_couldnt_reach_rest_tells_nothing(at: Bench) -> None:
    at.rig.fail("write_analog", -201003, after=6)
    with pytest.raises(Exception, match="-201003"):
        perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    assert events(Path("first.h5"), "not-at-rest")
    with pytest.raises(OutputsUnknown, match=r"doesn't end with its outputs at rest.*first\.h5"):
        perform(run_file(), record=Path("second.h5"))


def test_the_newest_is_the_one_that_began_last(at: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of an old record has a new date in the folder."""
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    killed_copy(at, monkeypatch, Path("killed.h5"), "progress")
    shutil.copy("first.h5", "copied.h5")
    now = Path("killed.h5").stat().st_mtime
    os.utime("copied.h5", (now + 100, now + 100))
    with pytest.raises(OutputsUnknown, match=r"killed\.h5"):
        perform(run_file(), record=Path("second.h5"))


def test_a_file_that_cant_be_read_may_be_the_one(at: Bench) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    broken = Path("broken.h5")
    broken.write_bytes(Path("first.h5").read_bytes()[:3000])
    with pytest.raises(OutputsUnknown, match=r"can't be read.*broken\.h5"):
        perform(run_file(), record=Path("second.h5"))
    os.utime(broken, (1e9, 1e9))
    perform(run_file(), record=Path("third.h5"))


def test_records_of_other_benches_say_nothing(at: Bench) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    perform(run_file(CARD), record=Path("card.h5"))
    perform(
        parse_run_file(TEXT.replace("kind: nidaq", "kind: simulated").replace("%s", "device: {kind: smooth}")),
        record=Path("simulated.h5"),
    )
    perform(run_file(), record=Path("second.h5"))
    assert events(Path("second.h5"), "outputs")[0].data["record"].endswith("first.h5")


def test_other_outputs_of_the_same_module_arent_known(at: Bench) -> None:
    perform(run_file(), record=Path("first.h5"), outputs_at={"a": 0.0, "b": 0.0})
    with pytest.raises(OutputsUnknown, match=r"other modules or outputs: .*first\.h5"):
        perform(run_file(KEY.replace("Mod1/ao1", "Mod1/ao5")), record=Path("second.h5"))


@pytest.mark.parametrize("at", [(0.3, 0.3)], indirect=True)
def test_a_card_that_measures_needs_no_word_and_believes_none_against_it(at: Bench) -> None:
    run = run_file(f"{CARD}, outputs_known_at_volts: 0 V".replace(", ", "\n  "))
    with pytest.raises(OutputsUnknown, match="--outputs-at says 0 V at a, and the card measures 300 mV"):
        perform(run, record=Path("r.h5"), outputs_at={"a": 0.0, "b": 0.0})
    assert not at.seen.moved
    perform(run, record=Path("right.h5"), outputs_at={"a": 0.31, "b": 0.3})
    perform(run, record=Path("silent.h5"))
    at.seen.assert_came_in(*LIMITS)
    assert not events(Path("silent.h5"), "outputs")


@pytest.mark.parametrize("at", [(1.3, -2.0)], indirect=True)
@pytest.mark.parametrize("bench", [CARD, KEY], ids=["measured", "stated"])
def test_a_run_that_finds_outputs_beyond_their_limits_brings_them_to_rest_first(at: Bench, bench: str) -> None:
    heard = Heard()
    stated = None if bench is CARD else {"a": 1.3, "b": -2.0}
    result = perform(run_file(bench), record=Path("r.h5"), outputs_at=stated, audience=heard)
    assert result.figures
    at.seen.assert_came_in(*LIMITS)
    history = at.seen.history
    at_rest = int(np.argmax(np.all(np.abs(history - REST[:, None]) < 1e-3, axis=0)))
    # A ramp of 2 V at 50 V/s, before any sample moves for another reason.
    assert at_rest >= 2.0 / 50 * 20e3
    assert np.all(np.abs(np.diff(history[:, : at_rest + 1], axis=1)) * 20e3 <= 50 + 1e-3)
    (event,) = events(Path("r.h5"), "beyond-limits")
    assert "a at 1.3 V (-1 V to 1 V), b at -2 V" in event.message
    assert event.data["volts"] == pytest.approx({"a": 1.3, "b": -2.0})
    with open_record("r.h5") as record:
        kinds = [e.kind for e in record.events]
    assert kinds.index("beyond-limits") < kinds.index("at-rest") < kinds.index("ramp-to-rest", kinds.index("at-rest"))


def test_a_guardian_of_a_card_that_cant_measure_is_refused() -> None:
    """Without the old key the run file can't show it; the card does. A guardian needs a process, and that a server."""
    pytest.importorskip("grpc")
    from tests.doors.ni_grpc import serving

    bench = Bench((0.0, 0.0))
    with serving(bench.rig) as server:
        text = TEXT % f"{CHASSIS}\n  remote: '{server.remote}'"
        run = parse_run_file(text.replace("rest_slope: 50 V/s", "rest_slope: 50 V/s, guardian: true"))
        with pytest.raises(AcquisitionError, match="guardian must measure the outputs") as caught:
            perform(run, record=Path("r.h5"), outputs_at={"a": 0.0, "b": 0.0})
    assert "watchdog" in caught.value.remedy
    assert not bench.seen.moved
    assert not Path("r.h5.guardian.log").exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0V", {"a": 0.0, "b": 0.0}),
        (" 0.3 V ", {"a": 0.3, "b": 0.3}),
        ("-300 mV", {"a": -0.3, "b": -0.3}),
        ("a=0.8V,b=0V", {"a": 0.8, "b": 0.0}),
        ("b = -0.1 V", {"b": -0.1}),
    ],
)
def test_how_voltages_are_stated(text: str, found: dict[str, float]) -> None:
    assert parse_levels(text, run_file()) == pytest.approx(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "0V"),
        ("a", "0V"),
        ("c=0V", "no electrode 'c'; there are a, b"),
        ("a=0V,a=1V", "names a twice"),
        ("a=0V,b", "no voltage for 'b'"),
        ("a=3 A", "3 A"),
        ("11V", "11 V at a is outside of what bench.output_converter gives"),
        ("a=nan", "a=nan"),
    ],
)
def test_how_they_arent(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_levels(text, run_file())
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_bench_that_a_program_opens_believes_no_run_file_either(at: Bench) -> None:
    with pytest.raises(OutputsUnknown, match="can't measure its outputs"):
        open_bench(run_file())
    assert not at.rig.tasks
    bench = open_bench(run_file(), levels=LevelSources(stated={"a": 0.0, "b": 0.0}))
    np.testing.assert_array_equal(bench.card.levels(), [0.0, 0.0])
    assert not bench.measures_levels
    bench.close()
