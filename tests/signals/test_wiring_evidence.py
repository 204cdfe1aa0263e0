"""The judgement of responses, on responses whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_lab.errors import SignalError
from hgx_lab.signals import wiring_evidence

SHAPE = (6, 5, 5)
STD = 3e-10


def responses(seed: int) -> np.ndarray:
    """Gradients that differ by a factor of ten and vary from point to point, with noise; (P, F, E)."""
    rng = np.random.default_rng(seed)
    gradients = rng.normal(size=(6, 1, 5)) * np.geomspace(2e-8, 2e-7, 5)
    return gradients + STD * (rng.normal(size=SHAPE) + 1j * rng.normal(size=SHAPE))


def noise(seed: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    return STD * (rng.normal(size=(2, *SHAPE[:2])) * [[[1]], [[1j]]]).sum(axis=0)


def test_healthy_electrodes_are_not_accused() -> None:
    assert all(wiring_evidence(responses(seed), np.full(SHAPE, STD)).healthy for seed in range(300))


@pytest.mark.parametrize("electrode", range(5))
def test_an_electrode_of_noise_alone_is_silent(electrode: int) -> None:
    response = responses(electrode)
    response[:, :, electrode] = noise(electrode)
    assert wiring_evidence(response, np.full(SHAPE, STD)).silent == (electrode,)


def test_in_too_much_noise_it_is_called_weak_and_not_silent() -> None:
    response = responses(0)
    response[:, :, 2] = 10 * noise(0)
    evidence = wiring_evidence(response, np.full(SHAPE, 10 * STD))
    assert 2 in evidence.weak
    assert evidence.healthy


def test_a_pair_that_differs_by_noise_alone_is_shorted() -> None:
    response = responses(1)
    response[:, :, 1] = response[:, :, 4] + noise(1)
    evidence = wiring_evidence(response, np.full(SHAPE, STD) * [1, 2**0.5, 1, 1, 1])
    assert evidence.shorted == ((1, 4),)


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(SignalError, match="finite"):
        wiring_evidence(np.full(SHAPE, np.nan), np.full(SHAPE, STD))
