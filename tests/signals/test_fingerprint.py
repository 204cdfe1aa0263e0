"""Fingerprints whose wires are as they were, exchanged, drifted or beyond recognition."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hgx_lab.errors import SignalError
from hgx_lab.signals import Fingerprint, compare_fingerprints

NAMES = ("a", "b", "c", "d")
LEVEL = 1e-6
STD = 1e-9


def fingerprint(
    seed: int, order: tuple[int, ...] = (0, 1, 2, 3), *, drift: float = 0.0, device: int = 0
) -> Fingerprint:
    """One device behind wires in an order, in noise of its own."""
    true = np.random.default_rng([device, 9]).normal(size=(5, 4)) * [1e-8, 3e-8, 3e-8, 1e-7] * (1 - 0.2j)
    rng = np.random.default_rng(seed)
    noise = STD * (rng.normal(size=(5, 4)) + 1j * rng.normal(size=(5, 4)))
    return Fingerprint(
        names=NAMES,
        points_volts=np.tile(np.linspace(-1, 1, 5)[:, None], (1, 4)),
        response=true[:, order] * (1 + drift) + noise,
        std=np.full((5, 4), STD),
        frequency_hz=900.0,
        rate_hz=50e3,
        amplitude_volts=0.02,
    )


def test_wires_as_they_were_fit() -> None:
    matches = [compare_fingerprints(fingerprint(s), fingerprint(s + 1000), LEVEL) for s in range(300)]
    assert all(match.same and match.swapped is None for match in matches)


def test_the_level_is_not_exceeded_without_drift() -> None:
    matches = [compare_fingerprints(fingerprint(s), fingerprint(s + 5000), 0.05) for s in range(1000)]
    # Drift is allowed for and there is none: fewer than stated, and not by luck.
    assert np.mean([not match.same for match in matches]) < 0.05


@pytest.mark.parametrize("pair", [(0, 1), (1, 2), (2, 3), (0, 3)])
def test_exchanged_wires_are_named(pair: tuple[int, int]) -> None:
    order = list(range(4))
    order[pair[0]], order[pair[1]] = order[pair[1]], order[pair[0]]
    for seed in range(50):
        match = compare_fingerprints(fingerprint(seed), fingerprint(seed + 1000, tuple(order)), LEVEL)
        assert match.swapped == pair


def test_three_wires_in_a_ring_are_another_thing() -> None:
    match = compare_fingerprints(fingerprint(0), fingerprint(1, (1, 2, 0, 3)), LEVEL)
    assert not match.same
    assert match.swapped is None
    assert match.transpositions == ()


def test_a_drift_of_some_percent_is_no_exchange() -> None:
    assert compare_fingerprints(fingerprint(0), fingerprint(1, drift=0.06), LEVEL).same


def test_another_device_is_no_exchange() -> None:
    match = compare_fingerprints(fingerprint(0), fingerprint(1, device=1), LEVEL)
    assert not match.same
    assert match.swapped is None


def test_alike_electrodes_leave_it_open_which_are_exchanged() -> None:
    before, now = fingerprint(0), fingerprint(1, (1, 0, 2, 3))

    def with_twins(one: Fingerprint, a: int, b: int) -> Fingerprint:
        response = one.response.copy()
        response[:, b] = response[:, a]
        return replace(one, response=response)

    # b and c are the same before; now a stands where b was, and a's place looks like b and c.
    match = compare_fingerprints(with_twins(before, 1, 2), with_twins(now, 0, 2), LEVEL)
    assert not match.same
    assert match.swapped == (0, 1)
    twins = compare_fingerprints(with_twins(before, 1, 2), with_twins(fingerprint(1), 1, 2), LEVEL)
    assert twins.same
    assert (1, 2) in twins.transpositions


def test_it_comes_back_from_a_file() -> None:
    one = fingerprint(3)
    back = Fingerprint.from_dict(json.loads(json.dumps(one.to_dict())))
    assert back.names == one.names
    np.testing.assert_array_equal(back.response, one.response)
    np.testing.assert_array_equal(back.std, one.std)
    np.testing.assert_array_equal(back.points_volts, one.points_volts)
    assert (back.frequency_hz, back.rate_hz, back.amplitude_volts) == (900.0, 50e3, 0.02)


@pytest.mark.parametrize(
    "change",
    [{"format": "hgx-fingerprint-9"}, {"std": [[1.0]]}, {"names": ["a"]}, {"response_real": "x"}, {"std": None}],
)
def test_what_is_none_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(SignalError, match="ingerprint"):
        Fingerprint.from_dict(fingerprint(0).to_dict() | change)
    with pytest.raises(SignalError, match="isn't a fingerprint"):
        Fingerprint.from_dict({})


def test_other_electrodes_are_refused() -> None:
    with pytest.raises(SignalError, match="can't be compared"):
        compare_fingerprints(fingerprint(0), replace(fingerprint(1), names=("a", "b", "c", "e")), LEVEL)
