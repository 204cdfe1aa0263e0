"""What a guardian does, in this process: where it can't help it says so, and what it hears last."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hgx_drivers.nidaq import NiDaqCard
from hgx_drivers.simulated import ChainSettings, FastClock, Plant, SimulatedCard
from hgx_drivers.simulated.devices import LinearDevice
from hgx_lab.config import RunFile, parse_run_file
from hgx_lab.experiments import stream_settings
from hgx_lab.experiments._guardian_work import bring_to_rest
from tests.doors.ni_devices import NiModel, x_series
from tests.doors.ni_engine import NiRig
from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_languages import KeysightLanguage

pytest.importorskip("nidaqmx")
pytest.importorskip("grpc")

ROOT = Path(__file__).parents[2]
RUN = """
experiment: noise
bench: {kind: nidaq, rate: 20 kHz, block: 5 ms, lead: 20 ms, device: Dev1, amplifier: {clip: 4 V}, %s}
electrodes:
  - {name: a, role: control, limits: [-1 V, 1 V], rest: 0.1 V}
  - {name: b, role: control, limits: [-1 V, 1 V]}
safety: {guardian: true}
tones: {period: 10 ms, band: [1 kHz, 3 kHz], amplitude: 20 mV, mains: null}
"""


@contextmanager
def served(levels: tuple[float, float], model: NiModel | None = None) -> Iterator[tuple[NiRig, str]]:
    """A rig whose outputs stand somewhere, and its server."""
    from tests.doors.ni_grpc import serving

    plant = Plant(
        LinearDevice(np.eye(1, 2)), ChainSettings.ideal(gain_volts_per_ampere=1.0), rest_volts=np.array(levels)
    )
    rig = NiRig([model or x_series()], SimulatedCard(plant, FastClock()))
    with serving(rig) as server:
        yield rig, server.remote


def guarded_run(remote: str, more: str = "") -> RunFile:
    return parse_run_file(RUN % f"remote: '{remote}'{more}")


def test_an_output_that_is_measured_beyond_its_limit_leaves_it() -> None:
    told: list[str] = []
    with served((1.003, -0.4)) as (rig, remote):
        assert bring_to_rest(guarded_run(remote), "mine", told.append)
        np.testing.assert_allclose(rig.card.levels(), [0.1, 0.0], atol=1e-3)
    assert "stand at [ 1.003 -0.4  ] V" in told[0]
    assert "at rest" in told[-1]


def test_a_card_that_cant_measure_its_outputs_isnt_moved() -> None:
    told: list[str] = []
    with served((0.5, 0.5), replace(x_series(), reads_back=False)) as (rig, remote):
        assert not bring_to_rest(guarded_run(remote), "mine", told.append, patience_seconds=0.0)
        assert rig.counts["write_analog"] == 0
    assert "can't measure its outputs" in told[0]
    assert "NOT AT REST" in told[-1]


def test_it_waits_for_a_card_that_is_still_reserved() -> None:
    told: list[str] = []
    with served((0.0, 0.0)) as (rig, remote):
        run = guarded_run(remote)
        with closing(NiDaqCard("Dev1", remote=remote)) as dead:
            dead.configure(stream_settings(run))
            dead.write(np.linspace([0.0, 0.0], [0.3, -0.3], 400).T.copy())
            dead.start()
            dead.read(np.empty((1, 400)), timeout_seconds=5.0)

            def tell(text: str) -> None:
                told.append(text)
                if text.startswith("Not yet"):
                    # The driver of the process that died has let go.
                    dead.close()

            assert bring_to_rest(run, "mine", tell)
        np.testing.assert_allclose(rig.card.levels(), [0.1, 0.0], atol=1e-3)
    assert sum(text.startswith("Not yet") for text in told) == 1


def test_generators_are_disconnected_whether_or_not_the_card_can_be_had() -> None:
    pytest.importorskip("pyvisa_py")
    told: list[str] = []
    with ScpiInstrument(KeysightLanguage()) as instrument, served((0.5, 0.5)) as (rig, remote):
        more = (
            f", start_out: /Dev1/PFI0, generators: [{{driver: keysight, resource: '{instrument.resource}', "
            "channels: {a: 1, b: 2}, load: high, summing_gain: 0.1, timeout: 0.3 s}]"
        )
        for output in instrument.outputs:
            output.on = True
        rig.dead = True
        assert not bring_to_rest(guarded_run(remote, more), "mine", told.append, patience_seconds=0.0)
        assert not any(output.on for output in instrument.outputs)
        assert told[0] == "Generators disconnected: 1 of 1."
        rig.dead = False
        told.clear()
        assert bring_to_rest(guarded_run(remote, more), "mine", told.append)
        np.testing.assert_allclose(rig.card.levels(), [0.1, 0.0], atol=1e-3)


@pytest.mark.skipif(sys.platform != "linux", reason="the end of a process can be waited for on Linux only")
def test_a_fork_that_keeps_the_pipe_open_doesnt_hide_the_end(tmp_path: Path) -> None:
    listener = (
        "import os, sys; from hgx_lab.experiments._guardian_process import last_words; "
        "open(sys.argv[2] + '.ready', 'w').close(); "
        "words = last_words(os.fdopen(0, 'rb', buffering=0), int(sys.argv[1])); "
        "open(sys.argv[2] + '.part', 'wb').write(words); os.replace(sys.argv[2] + '.part', sys.argv[2])"
    )
    program = f"""
import os, subprocess, sys, time
heard = sys.argv[1]
child = subprocess.Popen([sys.executable, "-c", {listener!r}, str(os.getpid()), heard], stdin=subprocess.PIPE)
while not os.path.exists(heard + ".ready"):
    time.sleep(0.01)
child.stdin.write(b"not quite at")
child.stdin.flush()
if os.fork() == 0:
    os.close(1)
    time.sleep(600)
else:
    print(child.pid, flush=True)
    os.kill(os.getpid(), 9)
"""
    heard = tmp_path / "heard"
    search = os.pathsep.join([str(ROOT), str(ROOT / "drivers"), os.environ.get("PYTHONPATH", "")])
    run = subprocess.Popen(
        [sys.executable, "-c", program, str(heard)],
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": search},
        start_new_session=True,
    )
    try:
        assert run.wait(60) == -9
        deadline = time.monotonic() + 30
        while not heard.exists():
            assert time.monotonic() < deadline, "the end wasn't noticed"
            time.sleep(0.02)
        assert heard.read_bytes() == b"not quite at"
    finally:
        os.killpg(run.pid, 9)
        assert run.stdout is not None
        run.stdout.close()
