"""Kinetic Monte Carlo against the exact stationary state of small networks, and the mean field against it."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from hgx_drivers.simulated.devices import dopant
from hgx_drivers.simulated.devices.dopant import DopantNetwork, HoppingRates, VoltageError, monte_carlo


def exact_currents(layout, volts):
    """Currents from the stationary distribution over all 2^N ways to place holes."""
    rates = HoppingRates.of(layout)
    applied = np.zeros(rates.electrodes)
    applied[list(layout.driven)] = volts / rates.thermal_volts
    states = list(product([0, 1], repeat=rates.sites))
    index = {state: k for k, state in enumerate(states)}
    generator = np.zeros((len(states), len(states)))
    flows = np.zeros((len(states), rates.electrodes))

    def factor(rise):
        return 1 / (1 + np.exp(rise))

    for state, k in index.items():
        holes = np.array(state)
        energy = rates.site + rates.share @ applied + rates.coulomb @ holes
        for i in range(rates.sites):
            changed = list(state)
            changed[i] = 1 - state[i]
            for e in range(rates.electrodes):
                rise = (energy[i] - applied[e]) * (1 if state[i] == 0 else -1)
                rate = rates.lead[i, e] * factor(rise)
                generator[index[tuple(changed)], k] += rate
                flows[k, e] += rate if state[i] else -rate
            for j in range(rates.sites):
                if state[i] == 1 and state[j] == 0:
                    hopped = list(state)
                    hopped[i], hopped[j] = 0, 1
                    rise = energy[j] - energy[i] - rates.coulomb[i, j]
                    generator[index[tuple(hopped)], k] += rates.hop[i, j] * factor(rise)
    generator -= np.diag(generator.sum(axis=0))
    generator[-1] = 1.0
    probability = np.linalg.solve(generator, np.eye(len(states))[-1])
    return rates.amperes * probability @ flows


@pytest.fixture(scope="module")
def small():
    # Wide orbitals, so that a short walk visits everything.
    return dopant.make_layout(acceptors=5, donors=1, seed=7, electrodes=4, localisation_radius=60e-9, disorder_ev=0.02)


def test_walks_have_the_exact_currents_within_their_errors(small):
    volts = np.array([[0.05, -0.1], [0.0, 0.08], [-0.03, 0.1]])
    result = monte_carlo(small, volts, draws=6_000, copies=64, seed=1)
    for k in range(2):
        exact = exact_currents(small, volts[:, k])
        assert np.max(np.abs(result.currents[:, k] - exact) / result.errors[:, k]) < 4.5
        assert np.max(result.errors[:, k]) < 0.1 * np.max(np.abs(exact))
    assert np.array_equal(result.output, result.currents[3])


def test_the_error_falls_with_the_root_of_the_draws(small):
    volts = np.array([[0.05], [0.0], [-0.03]])
    short = monte_carlo(small, volts, draws=800, copies=200, seed=2)
    longer = monte_carlo(small, volts, draws=6_400, copies=200, seed=3)
    ratio = np.mean(short.errors) / np.mean(longer.errors)
    assert ratio == pytest.approx(np.sqrt(8), rel=0.2)


def test_a_seed_repeats_a_walk(small):
    volts = np.zeros((3, 1))
    first, second = (monte_carlo(small, volts, draws=400, copies=4, seed=5) for _ in range(2))
    assert np.array_equal(first.currents, second.currents)
    other = monte_carlo(small, volts, draws=400, copies=4, seed=6)
    assert not np.array_equal(first.currents, other.currents)


def test_mean_field_agrees_with_monte_carlo_on_the_standard_device(rng):
    layout = dopant.standard_layout()
    volts = rng.uniform(-1, 1, (7, 8))
    walked = monte_carlo(layout, volts, draws=16_000, copies=32).output
    solved = DopantNetwork(layout, compiled=False).solve(volts).currents[7]
    assert np.corrcoef(walked, solved)[0, 1] > 0.999
    assert np.sqrt(np.mean((walked - solved) ** 2) / np.mean(walked**2)) < 0.05


def test_impossible_walks_are_refused(small):
    with pytest.raises(VoltageError, match="shape"):
        monte_carlo(small, np.zeros((2, 1)))
    with pytest.raises(VoltageError, match="copies"):
        monte_carlo(small, np.zeros((3, 1)), copies=1)
