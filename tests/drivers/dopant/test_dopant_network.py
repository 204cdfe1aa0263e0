"""The mean field: the reference equations by brute force, conservation laws, derivatives by differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import constants

from hgx_drivers.simulated.devices import dopant
from hgx_drivers.simulated.devices._device import Device
from hgx_drivers.simulated.devices.dopant import DiscGeometry, DopantNetwork, VoltageError, lead_field


@pytest.fixture(scope="module")
def network() -> DopantNetwork:
    return DopantNetwork(dopant.standard_layout(), compiled=False)


@pytest.fixture
def volts(rng) -> np.ndarray:
    return rng.uniform(-1, 1, (7, 30))


def test_it_is_a_device(network):
    assert isinstance(network, Device)
    assert (network.electrodes, network.outputs) == (7, 1)


def brute_force(layout, occupations, volts):
    """Imbalance of every site and currents, written as in the literature: one hop after the other, in eV."""
    thermal = constants.k * layout.temperature_kelvin / constants.e
    charge = constants.e / (4 * np.pi * constants.epsilon_0 * layout.relative_permittivity)
    positions, n = layout.acceptors, occupations
    u = np.zeros((len(n), len(n)))
    for i in range(len(n)):
        for j in range(i):
            u[i, j] = u[j, i] = charge / np.hypot(*(positions[i] - positions[j]))
    energy = layout.site_energies_ev + layout.lead_field @ volts + u @ n

    def factor(rise):
        return 1 / (1 + np.exp(rise / thermal))

    imbalance, currents = np.zeros(len(n)), np.zeros(len(volts))
    tunnel = np.exp(-2 * layout.geometry.distances(positions) / layout.localisation_radius)
    for i in range(len(n)):
        for j in range(len(n)):
            if i != j:
                reach = np.exp(-2 * np.hypot(*(positions[i] - positions[j])) / layout.localisation_radius)
                rise = energy[j] - energy[i] + u[i, j] * (n[j] - n[i])
                imbalance[i] += reach * factor(-rise) * n[j] * (1 - n[i])
                imbalance[i] -= reach * factor(rise) * n[i] * (1 - n[j])
        for e in range(len(volts)):
            flow = tunnel[i, e] * (n[i] - factor(energy[i] - volts[e]))
            imbalance[i] -= flow
            currents[e] += constants.e * layout.attempt_rate_hz * flow
    return imbalance, currents


def test_solutions_satisfy_the_master_equation_written_hop_by_hop(network, volts):
    points = network.solve(volts[:, :5])
    for k in range(5):
        applied = np.append(volts[:, k], 0.0)
        imbalance, currents = brute_force(network.layout, points.occupations[:, k], applied)
        assert np.max(np.abs(imbalance)) < 1e-9
        assert points.currents[:, k] == pytest.approx(currents, rel=1e-6, abs=1e-14)


def test_one_site_is_solved_in_closed_form():
    layout = dopant.make_layout(acceptors=1, donors=0, seed=4, localisation_radius=40e-9)
    volts = np.linspace(-0.3, 0.3, 7)[:, None]
    applied = np.append(volts[:, 0], 0.0)
    thermal = constants.k * 77 / constants.e
    level = layout.site_energies_ev[0] + layout.lead_field[0] @ applied
    weight = np.exp(-2 * layout.geometry.distances(layout.acceptors)[0] / 40e-9)
    filling = 1 / (1 + np.exp((level - applied) / thermal))
    occupation = weight @ filling / weight.sum()
    points = DopantNetwork(layout, compiled=False).solve(volts)
    assert points.occupations[0, 0] == pytest.approx(occupation, rel=1e-9)
    expected = constants.e * 1e14 * weight * (occupation - filling)
    assert points.currents[:, 0] == pytest.approx(expected, rel=1e-6, abs=1e-15)


def test_charge_is_conserved(network, volts):
    points = network.solve(volts)
    assert np.max(np.abs(points.currents.sum(axis=0))) < 1e-8 * np.max(np.abs(points.currents))
    assert np.all((points.occupations >= 0) & (points.occupations <= 1))
    assert np.max(points.residual) < 1e-10


def test_no_voltage_between_electrodes_no_current(network):
    equal = np.outer(np.ones(8), [-1.0, 0.0, 0.4])
    free = replace(network.layout, relative_permittivity=1e12)
    assert np.max(np.abs(DopantNetwork(free, compiled=False).solve_terminals(equal).currents)) < 1e-17
    # The self-exclusion of the mean field breaks detailed balance by a hair where holes repel each
    # other: 1e-4 of the current scale of 200 nA at most, and far less into the output.
    points = network.solve_terminals(equal)
    assert np.max(np.abs(points.currents)) < 2e-11
    assert np.max(np.abs(points.currents[7])) < 2e-12
    assert points.occupations[:, 0] == pytest.approx(points.occupations[:, 2], abs=1e-9)


def test_a_common_shift_of_all_electrodes_changes_nothing(network, volts):
    applied = np.concatenate([volts, np.zeros((1, 30))])
    first, second = network.solve_terminals(applied), network.solve_terminals(applied + 0.3)
    assert second.currents == pytest.approx(first.currents, rel=1e-6, abs=1e-15)
    slopes = network.terminal_jacobian(volts)[0]
    assert np.max(np.abs(slopes.sum(axis=0))) < 1e-10 * np.max(np.abs(slopes))


def test_turning_the_whole_device_changes_nothing(network, volts):
    layout, angle = network.layout, 0.7
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    geometry = DiscGeometry(layout.geometry.radius, layout.geometry.arcs + angle)
    acceptors = layout.acceptors @ turn
    turned = replace(
        layout,
        geometry=geometry,
        acceptors=acceptors,
        donors=layout.donors @ turn,
        lead_field=lead_field(geometry, acceptors),
    )
    currents = DopantNetwork(turned, compiled=False).solve(volts).currents
    assert currents == pytest.approx(network.solve(volts).currents, rel=1e-6, abs=1e-15)


def test_power_is_dissipated(network, volts):
    # Currents flow out of the device: the electrodes feed -V.I, which can't be negative.
    points = network.solve(volts)
    assert np.all(-np.sum(volts * points.currents[:7], axis=0) > 0)


def test_gradient_is_that_of_central_differences(network, volts):
    exact = network.jacobian(volts)[0]
    for electrode in range(7):
        shift = 1e-5 * np.eye(7)[:, [electrode]]
        up, down = network.solve(volts + shift), network.solve(volts - shift)
        exact[electrode] -= (up.currents[7] - down.currents[7]) / 2e-5
    scale = np.linalg.norm(network.jacobian(volts)[0], axis=0)
    assert np.median(np.linalg.norm(exact, axis=0) / scale) < 1e-6


def test_hessian_is_that_of_differences_of_gradients(network, volts):
    exact = network.hessian(volts)[0]
    assert exact == pytest.approx(exact.swapaxes(0, 1), rel=1e-12)
    error = exact.copy()
    for electrode in range(7):
        shift = 1e-5 * np.eye(7)[:, [electrode]]
        error[electrode] -= (network.jacobian(volts + shift) - network.jacobian(volts - shift))[0] / 2e-5
    relative = np.linalg.norm(error, axis=(0, 1)) / np.linalg.norm(exact, axis=(0, 1))
    assert np.median(relative) < 1e-6
    assert np.max(relative) < 1e-3


def test_a_sample_is_solved_alike_alone_and_in_any_batch(network, volts):
    together = network.solve(volts)
    for k in range(0, 30, 7):
        alone = network.solve(volts[:, k : k + 1])
        assert np.array_equal(alone.currents[:, 0], together.currents[:, k])
    assert np.array_equal(network.jacobian(volts)[:, :, 3:9], network.jacobian(volts[:, 3:9]))


@pytest.mark.parametrize("electrodes", [5, 100])
def test_other_numbers_of_electrodes_work(rng, electrodes):
    network = DopantNetwork(dopant.make_layout(acceptors=9, seed=1, electrodes=electrodes, output=0), compiled=False)
    volts = rng.uniform(-0.5, 0.5, (electrodes - 1, 3))
    assert network.current(volts).shape == (1, 3)
    assert network.jacobian(volts).shape == (1, electrodes - 1, 3)
    assert network.hessian(volts).shape == (1, electrodes - 1, electrodes - 1, 3)
    step = 1e-5 * np.eye(electrodes - 1)[:, [2]]
    slope = (network.solve(volts + step).currents[0] - network.solve(volts - step).currents[0]) / 2e-5
    assert network.jacobian(volts)[0, 2] == pytest.approx(slope, rel=1e-4, abs=1e-13)


def test_hard_corners_are_solved_by_continuation(rng):
    network = DopantNetwork(dopant.make_layout(acceptors=60, seed=2), compiled=False)
    points = network.solve(rng.choice([-1.5, 1.5], (7, 12)))
    assert np.max(points.residual) < 1e-10


def test_wrong_voltages_are_refused(network):
    with pytest.raises(VoltageError, match=r"shape \(6, 3\)"):
        network.current(np.zeros((6, 3)))
    with pytest.raises(VoltageError, match="electrode 2 at sample 1"):
        network.solve(np.where(np.arange(21).reshape(7, 3) == 7, np.inf, 0.0))
    assert network.solve(np.zeros((7, 0))).currents.shape == (8, 0)
    assert network.current(np.zeros((7, 0))).shape == (1, 0)
