"""A card behind a gRPC device server: what a network adds."""

from __future__ import annotations

import socket
import threading

import numpy as np
import pytest

from hgx_drivers.errors import CardDisconnected
from hgx_drivers.nidaq import NiDaqCard, discover
from tests.doors.ni_bench import remote_card, stream, wired
from tests.doors.ni_devices import x_series
from tests.doors.ni_engine import NiRig

serving = pytest.importorskip("tests.doors.ni_grpc", reason="nidaqmx and grpcio aren't installed").serving


def test_devices_of_a_server_are_listed() -> None:
    with serving(NiRig([x_series()], wired(4))) as server:
        (device,) = discover(server.remote)
    assert (device.model, device.serial, device.output_ranges[1]) == ("PCIe-6363", "01A2B3C4", (-10.0, 10.0))


def test_a_server_that_is_not_there_is_one_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(CardDisconnected, match=rf"127.0.0.1:{port} answers UNAVAILABLE.*server runs"):
            NiDaqCard("Dev1", remote=f"127.0.0.1:{port}")


def test_a_server_that_dies_ends_the_stream_and_closing_still_works() -> None:
    with serving(NiRig([x_series()], wired(2))) as server:
        card = NiDaqCard("Dev1", remote=server.remote)
        assert server.remote in card.identity.driver
        card.configure(stream())
        card.write(np.zeros((2, 200)))
        card.start()
        card.read(np.empty((1, 100)), timeout_seconds=1.0)
        server.die()
        with pytest.raises(CardDisconnected, match="UNAVAILABLE"):
            card.read(np.empty((1, 50)), timeout_seconds=1.0)
        assert np.isnan(card.levels()).all()
        with pytest.raises(CardDisconnected):
            card.stop()
        card.close()
        card.close()


def test_a_server_that_hangs_in_a_read_counts_as_dead() -> None:
    release = threading.Event()
    card = remote_card(wired(2), deadline_seconds=0.5)
    card.configure(stream())
    card.write(np.zeros((2, 200)))
    card.start()
    card.rig.before["read_analog"] = lambda: release.wait(20.0) and None
    try:
        with pytest.raises(CardDisconnected, match="DEADLINE_EXCEEDED"):
            card.read(np.empty((1, 50)), timeout_seconds=0.1)
    finally:
        release.set()
    card.close()


def test_blocks_beyond_the_usual_four_megabytes_pass() -> None:
    samples = 300_000
    card = remote_card(wired(2, 2))
    card.configure(stream(inputs=("Dev1/ai0", "Dev1/ai1"), rate_hz=500e3, buffer=samples))
    written = np.random.default_rng(0).uniform(-1, 1, (2, samples))
    card.write(written)
    card.start()
    out = np.empty((2, samples))
    card.read(out, timeout_seconds=5.0)
    assert out.nbytes > 4 * 2**20
    assert np.array_equal(out, written)
    card.close()
