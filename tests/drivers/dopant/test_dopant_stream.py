"""Streams: the physics of a cold solve, and no trace of how the stream was cut into blocks."""

from __future__ import annotations

import importlib.util
from itertools import pairwise

import numpy as np
import pytest

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated.devices import dopant
from hgx_drivers.simulated.devices.dopant import DopantNetwork

HAS_NUMBA = importlib.util.find_spec("numba") is not None
needs_numba = pytest.mark.skipif(not HAS_NUMBA, reason="numba isn't installed")
both = pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=needs_numba)])


def tones(rng, samples: int, *, amplitude: float = 0.02, rate: float = 10e3) -> np.ndarray:
    """Seven quantised tones about a random point, a jump in the middle, a held stretch and a repetition."""
    frequencies = np.array([580, 625, 545, 510, 475, 430, 655.0])[:, None]
    volts = rng.uniform(-1, 1, (7, 1)) + amplitude * np.sin(
        2 * np.pi * frequencies * np.arange(samples) / rate + rng.uniform(0, 6, (7, 1))
    )
    volts[:, samples // 2 :] = np.clip(volts[:, samples // 2 :] + rng.uniform(-1, 1, (7, 1)), -1.2, 1.2)
    volts[:, 20:40] = volts[:, 20:21]
    volts[:, -30:] = volts[:, :30]
    return np.round(volts / 305e-6) * 305e-6


@both
def test_stream_equals_cold_solve(rng, compiled):
    network = DopantNetwork(dopant.standard_layout(), compiled=compiled)
    volts = tones(rng, 400)
    cold = network.solve(volts).currents[7]
    assert np.max(np.abs(network.current(volts)[0] - cold)) < (1e-7 if compiled else 1e-10) * 100e-9


@both
@pytest.mark.parametrize("name", ["n12", "n16"])
def test_any_split_gives_the_same_bits(rng, compiled, name):
    network = DopantNetwork(dopant.standard_layout(name), compiled=compiled)
    volts = tones(rng, 300)
    whole = network.current(volts)
    cuts = np.sort(rng.choice(np.arange(1, 300), 12, replace=False))
    for edges in ([0, *cuts, 300], [0, 1, 2, 3, 64, 128, 300]):
        network.reset()
        parts = [network.current(volts[:, a:b]) for a, b in pairwise(edges)]
        assert np.array_equal(np.concatenate(parts, axis=1), whole)


@both
def test_voltages_seen_before_give_the_same_bits(rng, compiled):
    network = DopantNetwork(dopant.standard_layout(), compiled=compiled)
    volts = tones(rng, 200)
    first = network.current(volts)
    assert np.all(first[0, 20:40] == first[0, 20])
    assert np.array_equal(first[0, -30:], first[0, :30])
    assert np.array_equal(network.current(volts), first)


@both
def test_random_jumps_across_the_range_are_solved(rng, compiled):
    network = DopantNetwork(dopant.standard_layout("n24"), compiled=compiled)
    volts = rng.uniform(-1.5, 1.5, (7, 100))
    cold = network.solve(volts).currents[7]
    assert network.current(volts)[0] == pytest.approx(cold, rel=1e-6, abs=1e-13)


@needs_numba
def test_odd_networks_and_large_voltages_agree_with_numpy(rng):
    # 20 K: differences of e^x would overflow, every contact takes its own exponential.
    layout = dopant.make_layout(acceptors=9, seed=3, temperature_kelvin=20.0)
    volts = 0.9 * tones(rng, 60)
    compiled = DopantNetwork(layout, compiled=True).current(volts)
    batch = DopantNetwork(layout, compiled=False).current(volts)
    assert compiled == pytest.approx(batch, rel=1e-5, abs=1e-14)


@needs_numba
def test_the_exponential_kernel_is_exact_to_rounding(rng):
    from hgx_drivers.simulated.devices.dopant._compiled import hop_factors

    x = np.concatenate([rng.uniform(-700, 700, 5001), rng.uniform(-2, 2, 5000), [0.0, 1e-300, -1e9, 1e9]])
    expected = 1 / (1 + np.exp(np.clip(x, -700, 700)))
    scratch = np.empty_like(x)
    hop_factors(x, scratch, scratch.view(np.int64))
    assert x == pytest.approx(expected, rel=2e-15, abs=0)


@both
def test_warm_up_starts_a_new_stream(rng, compiled):
    network = DopantNetwork(dopant.standard_layout(), compiled=compiled)
    volts, told = tones(rng, 80), []
    first = network.current(volts)
    network.warm_up(told.append)
    assert np.array_equal(network.current(volts), first)
    assert told[-1] == "The dopant network is ready"


def test_compiled_without_numba_is_refused(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DriverError, match="numba"):
        DopantNetwork(dopant.standard_layout(), compiled=True)
    assert not DopantNetwork(dopant.standard_layout()).compiled


@needs_numba
def test_a_sample_newton_cannot_reach_is_walked_to(rng, monkeypatch):
    network = DopantNetwork(dopant.standard_layout(), compiled=True)
    volts = tones(rng, 30)
    cold = network.solve(volts).currents[7]
    network.reset()
    stream = network._stream
    advance, failures = stream._advance, iter([True, False] * 100)

    def stumbling(samples, *rest):
        # Every other call gives up after three samples, as the kernel does where no step helps.
        if next(failures):
            return advance(samples[:3], *rest[:-1], rest[-1][:3])
        return advance(samples, *rest)

    monkeypatch.setattr(stream, "_advance", stumbling)
    assert network.current(volts)[0] == pytest.approx(cold, rel=1e-6, abs=1e-15)


@both
def test_a_full_memory_forgets_and_stays_right(rng, compiled, monkeypatch):
    from hgx_drivers.simulated.devices.dopant import _stream

    monkeypatch.setattr(_stream, "_REMEMBERED", 16)
    network = DopantNetwork(dopant.standard_layout("n12"), compiled=compiled)
    volts = np.tile(tones(rng, 150), 2)
    cold = network.solve(volts).currents[7]
    assert network.current(volts)[0] == pytest.approx(cold, rel=1e-6, abs=1e-14)


@needs_numba
def test_without_a_folder_for_the_cache_the_kernels_still_compile(monkeypatch):
    import numba

    from hgx_drivers.simulated.devices.dopant import _compiled

    plain = numba.njit

    def nowhere_to_write(**options):
        if options.pop("cache", False):
            raise RuntimeError("cannot cache function: no locator available")
        return plain(**options)

    monkeypatch.setattr(numba, "njit", nowhere_to_write)
    assert _compiled._compile(lambda x: x + 1)(1) == 2
