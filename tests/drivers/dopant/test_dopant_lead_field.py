"""The lead field against closed forms and against properties that every harmonic function has."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from hgx_drivers.simulated.devices.dopant import DiscGeometry, LayoutError, conductances, lead_field


def two_arcs(half_angle: float) -> DiscGeometry:
    return DiscGeometry(1.0, np.array([[-half_angle, half_angle], [np.pi - half_angle, np.pi + half_angle]]))


def rectangle_map(x: float, half_angle: float) -> float:
    """Schwarz-Christoffel map of the disc on a rectangle whose corners are the ends of the arcs."""
    return quad(lambda t: (t**4 - 2 * t**2 * np.cos(2 * half_angle) + 1) ** -0.5, 0, x, epsabs=1e-13)[0]


def test_two_quarter_arcs_conduct_like_a_square():
    assert conductances(two_arcs(np.pi / 4)) == pytest.approx(np.array([[1, -1], [-1, 1]]), abs=1e-12)


@pytest.mark.parametrize("half_angle", [0.1, 0.2, np.pi / 4, 1.4])
def test_potential_between_two_arcs_is_that_of_the_conformal_map(half_angle):
    x = np.array([-0.99, -0.7, -0.2, 0.0, 0.4, 0.95])
    expected = [0.5 + rectangle_map(value, half_angle) / (2 * rectangle_map(1, half_angle)) for value in x]
    field = lead_field(two_arcs(half_angle), np.stack([x, 0 * x], axis=1))
    assert field[:, 0] == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("electrodes", [2, 5, 8, 33, 100])
def test_rows_sum_to_one_and_shares_are_shares(rng, electrodes):
    points = rng.uniform(-52e-9, 52e-9, (40, 2))
    field = lead_field(DiscGeometry.regular(75e-9, electrodes), points)
    assert np.max(np.abs(field.sum(axis=1) - 1)) < 1e-12
    assert np.all(field > 0) and np.all(field < 1)


def test_mean_over_a_circle_is_the_value_at_its_centre():
    centre, angle = np.array([0.2, -0.1]), 2 * np.pi * np.arange(64) / 64
    circle = centre + 0.5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    geometry = DiscGeometry(1.0, np.array([[-0.1, 0.3], [0.5, 1.9], [2.0, 2.1], [4.0, 5.5]]))
    assert lead_field(geometry, circle).mean(axis=0) == pytest.approx(lead_field(geometry, centre[None])[0], abs=1e-9)


def test_a_point_next_to_an_electrode_feels_that_electrode():
    geometry = DiscGeometry.regular(1.0, 8)
    assert lead_field(geometry, np.array([[0.9999, 0.0]]))[0, 0] == pytest.approx(1, abs=1e-3)


def test_normal_derivative_vanishes_on_the_gaps():
    middle = np.pi / 8
    direction = np.array([np.cos(middle), np.sin(middle)])
    field = lead_field(DiscGeometry.regular(1.0, 8), np.outer([0.9999, 0.9998], direction))
    along = np.array([[0.9999 * np.cos(middle + 1e-3), 0.9999 * np.sin(middle + 1e-3)]])
    tangential = (lead_field(DiscGeometry.regular(1.0, 8), along)[0, 0] - field[0, 0]) / 1e-3
    assert abs((field[0, 0] - field[1, 0]) / 1e-4) < 0.01 * abs(tangential)


def test_distances_are_to_the_nearest_point_of_the_arc():
    geometry = DiscGeometry(2.0, np.array([[-0.2, 0.2], [3.0, 3.2]]))
    points = np.array([[1.0, 0.0], [0.0, 1.5]])
    fine = np.linspace(-0.2, 0.2, 100_001)
    rim = 2 * np.stack([np.cos(fine), np.sin(fine)], axis=1)
    brute = [np.min(np.linalg.norm(rim - p, axis=1)) for p in points]
    assert geometry.distances(points)[:, 0] == pytest.approx(brute, rel=1e-9)


@pytest.mark.parametrize(
    "arcs", [[[0, 1]], [[0, 1], [0.9, 2]], [[0, 1], [2, 2]], [[0, 1], [3, 7]], [[0, np.nan], [2, 3]]]
)
def test_arcs_that_overlap_or_vanish_are_refused(arcs):
    with pytest.raises(LayoutError):
        DiscGeometry(1.0, np.array(arcs))


def test_points_outside_and_wrong_counts_are_refused():
    with pytest.raises(LayoutError, match="outside"):
        lead_field(DiscGeometry.regular(1.0, 8), np.array([[1.0, 0.1]]))
    for electrodes in (0, 1, 101):
        with pytest.raises(LayoutError, match=f"{electrodes} electrodes"):
            DiscGeometry.regular(1.0, electrodes)
