"""A run that is killed, one whose guardian is killed, and one that needs none: over a gRPC server in this process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.simulated import FastClock, SimulatedCard
from hgx_lab.config import SimulatedBench, TrainRun, parse_run_file
from hgx_lab.errors import AcquisitionError, CalibrationError, ConfigurationError
from hgx_lab.experiments import ENDING_SIGNALS, simulated_plant, train
from hgx_lab.records import open_record
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig
from tests.support.runs import Heard
from tests.support.terminal import Terminal

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")

ROOT = Path(__file__).parents[2]
REST = np.array([0.1, 0.0, -0.2, 0.0])
SLEW, REST_SLOPE, RATE = 5e3, 20.0, 20e3
COMMON = """
experiment: train
name: or
seed: 4
electrodes:
  - {name: a, role: input, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: input, limits: [-1 V, 1 V]}
  - {name: c, role: control, limits: [-1 V, 1 V], start: 0.6 V, rest: -0.2 V}
  - {name: d, role: control, limits: [-1 V, 1 V], start: -0.5 V}
safety: {slew: 5 kV/s, rest_slope: 20 V/s, guardian: true}
tones: {plan: octave, period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
timing: {slope: 500 V/s, settle: 2 ms, periods: 2}
calibration: {kind: none}
self_test: null
task: {kind: gate, gate: OR, inputs: {a: [-0.5 V, 0.5 V], b: [-0.5 V, 0.5 V]}}
loss: {kind: logistic, scale: 3 nA}
optimizer: {kind: adam, rate: 10 mV}
stop: {iterations: %d}
validation: {periods: 2}
"""
SIMULATED = "bench: {kind: simulated, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: {kind: smooth, seed: 5}}"
NI = "bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, amplifier: {clip: 4 V}%s}"


def parsed(bench: str, iterations: int = 4) -> TrainRun:
    run = parse_run_file(bench + COMMON % iterations)
    assert isinstance(run, TrainRun)
    return run


class Converters:
    """What the device sees, sample by sample, for as long as the card is there."""

    def __init__(self, card: SimulatedCard) -> None:
        self.blocks: list[np.ndarray] = []
        self._process = card.plant.process
        card.plant.process = self._seen  # type: ignore[method-assign]

    def _seen(self, volts: np.ndarray) -> np.ndarray:
        self.blocks.append(volts.copy())
        return self._process(volts)

    @property
    def history(self) -> np.ndarray:
        return np.concatenate(self.blocks, axis=1)


@contextmanager
def served() -> Iterator[tuple[NiRig, Converters, str]]:
    """A rig behind a server: the rig, what its device sees, and the bench of a run file for it."""
    from tests.doors.ni_grpc import serving

    run = parsed(SIMULATED)
    assert isinstance(run.bench, SimulatedBench)
    card = SimulatedCard(simulated_plant(run, run.bench), FastClock())
    rig = NiRig([x_series()], card)
    with serving(rig) as server:
        yield rig, Converters(card), NI % f", remote: '{server.remote}'"


def alive(process: int) -> bool:
    """Whether a process runs; one that nobody has waited for yet doesn't."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


class Noting(Heard):
    """Remembers what it is told, and the guardian's number."""

    def note(self, text: str) -> None:
        self._hear("note", text)

    @property
    def guardian(self) -> int:
        return int(next(m[1] for text in self.of("note") if (m := re.match(r"Guardian: process (\d+)", text))))


def guardian_events(record: Path) -> list[str]:
    with open_record(record) as found:
        return [e.message for e in found.events if e.kind == "guardian"]


def test_a_killed_run_is_brought_to_rest(tmp_path: Path) -> None:
    log = tmp_path / "run.h5.guardian.log"
    with served() as (rig, converters, bench):
        path = tmp_path / "run.yaml"
        path.write_text(bench + COMMON % 100_000, encoding="utf-8")
        command = [sys.executable, "-c", "from hgx_lab.cli import main; main()", "run", str(path), "--quiet"]
        search = os.pathsep.join([str(ROOT), str(ROOT / "drivers"), os.environ.get("PYTHONPATH", "")])
        at_kill: list[np.ndarray] = []
        process: list[int] = []

        def kill() -> None:
            # In the middle of a read, with the outputs written ahead and nobody to say a word.
            if process and rig.counts["read_analog"] > 400 and not at_kill:
                os.kill(process[0], signal.SIGKILL)
                at_kill.append(rig.card.levels())

        rig.before["read_analog"] = kill
        run = subprocess.Popen(
            [*command, "--output", str(tmp_path / "run.h5")], env=os.environ | {"PYTHONPATH": search}
        )
        process.append(run.pid)
        assert run.wait(60) == -signal.SIGKILL
        wait_for(lambda: log.exists() and "at rest" in log.read_text(encoding="utf-8"))
        text = log.read_text(encoding="utf-8")
        guardian = int(re.findall(r"Guardian (\d+): the run, process (\d+)", text)[0][0])
        wait_for(lambda: not alive(guardian))
        assert not rig.tasks
        levels, history = rig.card.levels(), converters.history
    assert "The server kept 2 tasks of the run" in text
    assert np.abs(at_kill[0] - REST).max() > 0.3
    np.testing.assert_allclose(levels, REST, atol=1e-3)
    np.testing.assert_allclose(history[:, -1], REST, atol=1e-3)
    steps = np.abs(np.diff(history, axis=1))
    assert steps.max() <= SLEW / RATE + 2e-9
    # From where the run left them it is a ramp at the slope of rest, with no tone on it.
    last = np.flatnonzero(steps.max(axis=0) > REST_SLOPE / RATE + 1e-6)[-1]
    ramp = history[:, last + 1 :]
    assert ramp.shape[1] > np.abs(ramp[:, 0] - REST).max() / REST_SLOPE * RATE
    assert np.abs(ramp[:, 0] - REST).max() > 0.3
    moves = np.diff(ramp, axis=1) * np.sign(REST - ramp[:, 0])[:, None]
    assert moves.min() >= -1e-9


def children(process: int) -> list[int]:
    return [int(c) for c in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()]


def command(folder: Path, bench: str) -> tuple[list[str], dict[str, str]]:
    """A long guarded run in a process of its own, and its environment."""
    path = folder / "run.yaml"
    path.write_text(bench + COMMON % 100_000, encoding="utf-8")
    search = os.pathsep.join([str(ROOT), str(ROOT / "drivers"), os.environ.get("PYTHONPATH", "")])
    arguments = ["run", str(path), "--quiet", "--output", str(folder / "run.h5")]
    return [sys.executable, "-m", "hgx_lab.cli", *arguments], {"PYTHONPATH": search}


def test_what_ends_a_run_by_a_signal_leaves_its_guardian_on_guard(tmp_path: Path) -> None:
    """As when a service or a desktop session is ended: everybody gets the signals, one after the other."""
    log = tmp_path / "run.h5.guardian.log"
    with served() as (rig, _, bench):
        started, environment = command(tmp_path, bench)
        run = subprocess.Popen(started, env=os.environ | environment)
        wait_for(lambda: rig.counts["read_analog"] > 50)
        (guardian,) = children(run.pid)
        for number in ENDING_SIGNALS:
            os.killpg(guardian, number)
        reads = rig.counts["read_analog"]
        wait_for(lambda: rig.counts["read_analog"] > reads + 50)
        assert alive(guardian)
        run.kill()
        run.wait(60)
        wait_for(lambda: log.exists() and "at rest" in log.read_text(encoding="utf-8"))
        wait_for(lambda: not alive(guardian))
        np.testing.assert_allclose(rig.card.levels(), REST, atol=1e-3)


@pytest.mark.parametrize("shell", [False, True], ids=["leader", "under a shell"])
def test_a_closed_terminal_ends_a_guarded_run_by_itself(shell: bool, tmp_path: Path) -> None:
    with served() as (rig, converters, bench):
        started, environment = command(tmp_path, bench)
        terminal = Terminal(started, shell=shell, **environment)
        wait_for(lambda: rig.counts["read_analog"] > 100)
        run = children(terminal.process.pid)[0] if shell else terminal.process.pid
        (guardian,) = children(run)
        assert np.abs(converters.history[:, -1] - REST).max() > 0.3
        terminal.close()
        terminal.process.wait(60)
        wait_for(lambda: not alive(run) and not alive(guardian))
        np.testing.assert_allclose(rig.card.levels(), REST, atol=1e-3)
        assert not rig.tasks
    assert not (tmp_path / "run.h5.guardian.log").exists()
    with open_record(tmp_path / "run.h5") as record:
        assert record.status == "interrupted"
        assert "SIGHUP" in record.reason


def test_a_normal_end_leaves_no_guardian_and_no_log(tmp_path: Path) -> None:
    audience = Noting()
    seen: list[bool] = []
    audience.on["iteration"] = lambda _: seen.append(alive(audience.guardian))
    with served() as (rig, _, bench):
        train(parsed(bench), record=tmp_path / "run.h5", audience=audience)
        np.testing.assert_allclose(rig.card.levels(), REST, atol=1e-3)
    assert all(seen)
    assert seen
    assert not alive(audience.guardian)
    assert [p.name for p in tmp_path.iterdir()] == ["run.h5"]
    assert len(guardian_events(tmp_path / "run.h5")) == 1


def test_a_guardian_that_is_killed_leaves_the_run_unharmed(tmp_path: Path) -> None:
    audience = Noting()

    def kill(_: object) -> None:
        if len(audience.of("iteration")) == 1:
            os.kill(audience.guardian, signal.SIGKILL)
            wait_for(lambda: not alive(audience.guardian))

    audience.on["iteration"] = kill
    with served() as (rig, _, bench):
        result = train(parsed(bench), record=tmp_path / "run.h5", audience=audience)
        np.testing.assert_allclose(rig.card.levels(), REST, atol=1e-3)
    assert result.outcome.iterations == 4
    _, gone = guardian_events(tmp_path / "run.h5")
    assert "is gone (exit code -9)" in gone
    with open_record(tmp_path / "run.h5") as record:
        assert record.status == "completed"
        kinds = [e.kind for e in record.events]
        # Told while the run goes on, not at its end.
        assert kinds.index("guardian", kinds.index("guardian") + 1) < kinds.index("ramp-to-rest")


def test_a_run_that_cant_reach_rest_hands_over(tmp_path: Path) -> None:
    audience = Noting()
    with served() as (rig, converters, bench):
        # The card is gone for one call, and with it the run's way to rest; for the next program it is there again.
        rig.fail("write_analog", -201003, after=100)
        with pytest.raises(Exception, match="-201003"):
            train(parsed(bench, 100), record=tmp_path / "run.h5", audience=audience)
        np.testing.assert_allclose(rig.card.levels(), REST, atol=1e-3)
        steps = np.abs(np.diff(converters.history, axis=1))
    assert steps.max() <= SLEW / RATE + 2e-9
    assert not alive(audience.guardian)
    _, tries, done = guardian_events(tmp_path / "run.h5")
    assert "the guardian tries" in tries
    assert "The outputs are at rest" in done
    with open_record(tmp_path / "run.h5") as record:
        assert record.status == "failed"
        assert "not-at-rest" in [e.kind for e in record.events]


def test_a_run_doesnt_begin_without_the_guardian_it_asks_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "hgx_lab.experiments._guardian._COMMAND", (sys.executable, "-c", "input(); print('no such card')")
    )
    with served() as (rig, converters, bench):
        with pytest.raises(AcquisitionError, match="isn't ready: no such card"):
            train(parsed(bench), record=tmp_path / "run.h5")
        assert not rig.asked("create_ao_voltage_chan")
        assert not converters.blocks


def test_a_simulated_bench_has_none(tmp_path: Path) -> None:
    audience = Noting()
    train(parsed(SIMULATED, 1), record=tmp_path / "run.h5", audience=audience)
    assert not guardian_events(tmp_path / "run.h5")


def test_a_bench_that_is_told_its_voltages_cant_be_guarded() -> None:
    with pytest.raises(ConfigurationError, match="must measure the outputs") as caught:
        parsed(NI % ", outputs_known_at_volts: 0 V")
    assert "watchdog" in str(caught.value)


def test_a_run_that_dies_before_it_holds_the_card_disturbs_nobody(tmp_path: Path) -> None:
    """The outputs are another program's, elsewhere, when the run dies with its guardian ready."""
    from hgx_lab.experiments._guardian import READY

    with served() as (rig, _, bench):
        order = {"run_file": bench + COMMON % 1, "sessions": "x", "log": str(tmp_path / "log"), "process": os.getpid()}
        guardian = subprocess.Popen(
            [sys.executable, "-m", "hgx_lab.experiments._guardian_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert guardian.stdin is not None
        assert guardian.stdout is not None
        guardian.stdin.write(json.dumps(order).encode() + b"\n")
        guardian.stdin.flush()
        assert guardian.stdout.readline() == READY
        guardian.stdin.close()
        assert guardian.wait(60) == 0
        guardian.stdout.close()
        assert not rig.asked("create_ao_voltage_chan")
    assert not (tmp_path / "log").exists()


def test_a_run_that_is_refused_before_it_moves_is_left_alone(tmp_path: Path) -> None:
    """The outputs stand at 0 V, not at this run's rest, and nobody moves them."""
    audience = Noting()
    with served() as (rig, converters, bench):
        text = (bench + COMMON % 1).replace("{kind: none}", f"{{kind: saved, file: {tmp_path / 'none.json'}}}")
        run = parse_run_file(text)
        assert isinstance(run, TrainRun)
        with pytest.raises(CalibrationError):
            train(run, record=tmp_path / "run.h5", audience=audience)
        assert rig.counts["write_analog"] == 0
        assert not converters.blocks
    assert not alive(audience.guardian)
    assert len(guardian_events(tmp_path / "run.h5")) == 1
