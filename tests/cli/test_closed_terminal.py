"""Commands that move outputs, in a pseudo-terminal that is closed under them; their card is seen from outside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hgx_lab.experiments import Interrupts, RunInterrupted, train
from hgx_lab.records import open_record
from tests.support.outside import Levels
from tests.support.runs import TEXT, Heard, make_run
from tests.support.terminal import Terminal

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals")]

ROOT = Path(__file__).parents[2]
REST = np.array([0.1, 0.0, -0.2, 0.0, 0.0])
LONG = TEXT.replace("stop: {iterations: 4}", "stop: {iterations: 1000000}").replace("rest_slope: 50", "rest_slope: 2")
WIRED = """
experiment: noise
name: wired
bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V], rest: -0.2 V}
safety: {rest_slope: 1 V/s}
tones: {period: 200 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
record: {directory: records}
"""


class Command:
    """A command of ``hgx`` in a terminal of its own."""

    def __init__(self, folder: Path, *arguments: object, shell: bool = False, wire: bool = False, nohup: bool = False):
        self.levels = Levels.blank(folder / "levels")
        options = [*(["--wire"] if wire else []), "--", *map(str, arguments)]
        command = [sys.executable, str(ROOT / "tests" / "support" / "outside.py"), str(self.levels), *options]
        search = os.pathsep.join([str(ROOT), str(ROOT / "drivers")])
        self.terminal = Terminal(
            [*(["nohup"] if nohup else []), *command], shell=shell, PYTHONPATH=search, OPENBLAS_NUM_THREADS="1"
        )

    def wait_until(self, seen: Callable[[Levels], bool], seconds: float = 60.0) -> Levels:
        deadline = time.monotonic() + seconds
        while not seen(found := Levels.read(self.levels)):
            assert time.monotonic() < deadline, f"not seen within {seconds:g} s: {found}"
            time.sleep(0.005)
        return found

    def close(self) -> int:
        """Close the terminal; the exit code of the session's leader, which under a shell ends before the command."""
        self.terminal.close()
        return self.terminal.process.wait(60)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(text: str, folder: Path) -> Path:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def wait_for_end(record: Path) -> None:
    deadline = time.monotonic() + 60.0
    while True:
        with open_record(record) as opened:
            if opened.status != "running":
                return
        assert time.monotonic() < deadline
        time.sleep(0.02)


def assert_interrupted(record: Path) -> None:
    wait_for_end(record)
    with open_record(record) as opened:
        assert (opened.status, opened.reason) == ("interrupted", "Stopped by SIGHUP.")
        kinds = [event.kind for event in opened.events]
        assert "not-at-rest" not in kinds
        assert kinds[-2:] == ["at-rest", "end"]


@pytest.mark.parametrize("shell", [False, True], ids=["leader", "under a shell"])
@pytest.mark.parametrize("quiet", [False, True], ids=["progress", "quiet"])
def test_a_run(here: Path, shell: bool, quiet: bool) -> None:
    options = ["--quiet"] if quiet else []
    command = Command(here, "run", written(LONG, here), *options, "-o", here / "r.h5", shell=shell)
    up = command.wait_until(lambda s: s.played > 20_000)
    assert not up.at_rest(REST)
    command.close()
    assert_interrupted(here / "r.h5")
    down = Levels.read(command.levels)
    assert down.at_rest(REST)
    # The slew limit, V a sample: no jump on the way.
    assert down.step <= 2e3 / 20e3


def test_a_run_that_is_only_starting(here: Path) -> None:
    """From the first byte of its record to its first sample."""
    command = Command(here, "run", written(LONG, here), "--quiet", "-o", here / "r.h5")
    deadline = time.monotonic() + 60.0
    while not (here / "r.h5").exists():
        assert time.monotonic() < deadline
        time.sleep(1e-3)
    command.close()
    assert_interrupted(here / "r.h5")
    assert Levels.read(command.levels).at_rest(REST)


def test_a_resumed_run(here: Path) -> None:
    interrupts, audience = Interrupts(), Heard()
    audience.on["iteration"] = lambda _: interrupts.finish("the test")
    run = make_run({"stop.iterations": 1_000_000, "safety.rest_slope": 2.0})
    with pytest.raises(RunInterrupted):
        train(run, record=here / "first.h5", audience=audience, interrupts=interrupts)
    command = Command(here, "resume", here / "first.h5", "-o", here / "r.h5")
    command.wait_until(lambda s: s.played > 20_000)
    command.close()
    assert_interrupted(here / "r.h5")
    assert Levels.read(command.levels).at_rest(REST)


def test_a_calibration(here: Path) -> None:
    text = TEXT.replace("rest_slope: 50", "rest_slope: 2") + "record: {directory: records}\n"
    command = Command(here, "calibrate", written(text, here), "--duration", "1000 s")
    command.wait_until(lambda s: s.played > 20_000)
    command.close()
    (record,) = (here / "records").glob("*.h5")
    assert_interrupted(record)
    assert Levels.read(command.levels).at_rest(REST)
    assert not (here / "calibration.json").exists()


def test_a_loop_back(here: Path) -> None:
    pytest.importorskip("nidaqmx")
    command = Command(here, "doctor", written(WIRED, here), "--loop-back", "b=Dev1/ai0", wire=True)
    command.wait_until(lambda s: s.played > 1000)
    command.close()
    found = Levels.read(command.levels)
    assert found.at_rest(np.array([0.1, -0.2]))
    # It didn't go on to the end of its twenty periods, 80,000 samples.
    assert found.played < 70_000


def test_a_run_under_nohup_goes_on(here: Path) -> None:
    text = TEXT.replace("stop: {iterations: 4}", "stop: {iterations: 60}")
    command = Command(here, "run", written(text, here), "-o", here / "r.h5", nohup=True)
    command.wait_until(lambda s: s.played > 5000)
    assert command.close() == 0
    with open_record(here / "r.h5") as record:
        assert record.status == "completed"
        assert record.rows("iterations") == 60
    assert Levels.read(command.levels).at_rest(REST)
