"""Every fault of a card in the middle of a run: outputs at rest where a path is left, a record, a typed error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hgx_drivers.errors import (
    CardDisconnected,
    CardStateError,
    DriverError,
    InputOverflow,
    OutputUnderflow,
    RangeError,
    ReadTimeout,
)
from hgx_drivers.simulated import (
    Disconnect,
    Fault,
    NanSamples,
    Overflow,
    SimulatedCard,
    Stall,
    Underflow,
)
from hgx_lab.errors import AcquisitionError
from hgx_lab.experiments import train
from hgx_lab.records import open_record
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig
from tests.support.or_gate import NI, OR_GATE, behind_a_server, behind_the_library, or_run, simulated_card

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")

RATE_HZ = 20_000
#: In the learning, long after the calibration has ended.
LATE = 4 * RATE_HZ
ENDLESS = "stop: {iterations: 60}"
OUTPUTS = "Dev1/ao0 (a), Dev1/ao1 (b), Dev1/ao2 (c), Dev1/ao3 (d)"


@dataclass(frozen=True)
class Broken:
    """A fault, how it comes about, and what people are told of it."""

    error: type[Exception]
    words: str
    faults: tuple[Fault, ...] = ()
    fails: tuple[tuple[str, int, int], ...] = ()  # function, code, after so many calls
    path_left: bool = True
    begun: bool = True
    names: str = "Dev1/ai0 (current)"  # whoever notices it first


MATRIX = {
    "underflow": Broken(OutputUnderflow, "-200290", (Underflow(LATE),), names=OUTPUTS),
    "overwritten": Broken(InputOverflow, "-200279", (Overflow(LATE),)),
    "not yet acquired": Broken(ReadTimeout, "-200284", fails=(("read_analog", -200284, 700),)),
    "hang of a read": Broken(ReadTimeout, "-200284", (Stall(LATE),)),
    "reserved by another program": Broken(CardStateError, "-50103", fails=(("task_control", -50103, 0),), begun=False),
    "invalid range": Broken(RangeError, "-200077", fails=(("task_control", -200077, 0),), begun=False),
    "disconnected at the start": Broken(
        CardDisconnected, "-201003", fails=(("task_control", -201003, 0),), begun=False
    ),
    "disconnected while reading": Broken(
        CardDisconnected, "-201003", (Disconnect(LATE),), path_left=False, names=OUTPUTS
    ),
    "lost once while reading": Broken(
        CardDisconnected, "-201003", fails=(("read_analog", -201003, 700),), path_left=False
    ),
    "refused while writing": Broken(DriverError, "-200561", fails=(("write_analog", -200561, 700),), names=OUTPUTS),
    "not a number": Broken(AcquisitionError, "aren't numbers", (NanSamples(LATE),), names="ai0 (current)"),
}


def rig_with(broken: Broken) -> tuple[NiRig, SimulatedCard]:
    card = simulated_card(broken.faults)
    rig = NiRig([x_series()], card)
    for function, code, after in broken.fails:
        rig.fail(function, code, after=after)
    return rig, card


@pytest.mark.parametrize("door", [behind_the_library, behind_a_server], ids=["library", "server"])
@pytest.mark.parametrize("name", list(MATRIX))
def test_a_fault_ends_at_rest_with_a_record_and_a_typed_error(
    name: str, door: Callable[[NiRig], Any], tmp_path: Path
) -> None:
    broken = MATRIX[name]
    rig, card = rig_with(broken)
    record = tmp_path / "run.h5"
    with door(rig) as remote, pytest.raises(Exception) as caught:
        train(or_run(NI % remote, ENDLESS), record=record)
    error = caught.value
    assert isinstance(error, broken.error), error
    assert isinstance(error, DriverError | AcquisitionError)
    assert broken.words in error.message
    assert broken.names in error.message
    assert error.remedy
    assert error.exit_code == 4
    assert not rig.tasks
    if broken.path_left:
        np.testing.assert_allclose(card.levels(), 0.0, atol=2e-3)
    with open_record(record) as kept:
        assert kept.status == "failed"
        assert broken.words in kept.reason
        assert kept.events[-1].kind == "end"
        assert (kept.rows("iterations") > 0) is broken.begun
        kinds = [event.kind for event in kept.events]
        if broken.begun:
            assert ("at-rest" if broken.path_left else "not-at-rest") in kinds


def test_a_server_that_dies_in_mid_run_is_told_with_its_address(tmp_path: Path) -> None:
    from tests.doors.ni_grpc import serving

    rig, _ = rig_with(Broken(CardDisconnected, ""))
    calls = 0
    with serving(rig) as server:

        def die_late() -> None:
            nonlocal calls
            calls += 1
            if calls == 700:
                server.kill()

        rig.before["read_analog"] = die_late
        with pytest.raises(CardDisconnected, match=server.remote) as caught:
            train(or_run(NI % f", remote: '{server.remote}'", ENDLESS), record=tmp_path / "run.h5")
    assert caught.value.remedy
    with open_record(tmp_path / "run.h5") as kept:
        assert kept.status == "failed"
        assert server.remote in kept.reason
        assert kept.rows("iterations") > 0
        assert "not-at-rest" in [event.kind for event in kept.events]


@pytest.mark.parametrize("name", list(MATRIX))
def test_the_command_line_tells_it_in_words_and_ends_with_the_code(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from hgx_lab.cli import main

    broken = MATRIX[name]
    rig, _ = rig_with(broken)
    (tmp_path / "run.yaml").write_text(NI % "" + OR_GATE + ENDLESS, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["hgx", "run", "run.yaml", "--quiet", "-o", "run.h5"])
    with behind_the_library(rig), pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 4
    told = " ".join(capsys.readouterr().err.split())
    assert broken.words in told
    assert broken.names in told
    assert "Traceback" not in told
    with open_record(tmp_path / "run.h5") as kept:
        assert kept.status == "failed"
