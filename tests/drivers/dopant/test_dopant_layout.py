"""Layouts: what is drawn, what is stored, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import constants

from hgx_drivers.errors import DriverError
from hgx_drivers.simulated.devices.dopant import (
    DiscGeometry,
    LayoutError,
    lead_field,
    load_layout,
    make_layout,
    save_layout,
    standard_layout,
    standard_names,
)


def test_energies_are_donors_acceptors_and_disorder():
    layout = make_layout(acceptors=6, donors=2, seed=3, disorder_ev=0.0)
    charge = constants.e / (4 * np.pi * constants.epsilon_0 * 11.68)
    for i, here in enumerate(layout.acceptors):
        energy = sum(charge / np.hypot(*(here - donor)) for donor in layout.donors)
        energy -= sum(charge / np.hypot(*(here - other)) for j, other in enumerate(layout.acceptors) if j != i)
        assert layout.site_energies_ev[i] == pytest.approx(energy, rel=1e-9)


def test_a_seed_draws_the_same_layout_and_another_seed_another():
    assert make_layout(seed=5) == make_layout(seed=5)
    assert make_layout(seed=5) != make_layout(seed=6)


def test_dopants_keep_their_distance():
    layout = make_layout(acceptors=60, donors=3, seed=1, minimum_distance=4e-9)
    places = np.concatenate([layout.acceptors, layout.donors])
    apart = np.linalg.norm(places[:, None] - places, axis=-1) + np.eye(len(places))
    assert np.min(apart) >= 4e-9
    assert np.max(np.hypot(*places.T)) <= 71e-9


@pytest.mark.parametrize("electrodes", [5, 8, 100])
def test_json_brings_back_the_same_bits(tmp_path, electrodes):
    layout = make_layout(acceptors=7, donors=0, seed=2, electrodes=electrodes, output=2, name="µ")
    save_layout(layout, tmp_path / "layout.json")
    assert load_layout(tmp_path / "layout.json") == layout
    assert layout.driven == tuple(k for k in range(electrodes) if k != 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other/1"}, "format"),
        ({"colour": "red"}, "unknown keys: colour"),
        ({"temperature_kelvin": None}, "temperature_kelvin is None"),
        ({"temperature_kelvin": -1.0}, "temperature_kelvin is -1"),
        ({"output": 8}, "output electrode 8 of 8"),
        ({"output": True}, "output is True"),
        ({"name": 3}, "name is 3"),
        ({"site_energies_ev": [0.0]}, "shape"),
        ({"acceptors": "here"}, "array"),
        ({"lead_field": [[0.2] * 8] * 5}, "sum 1"),
        ({"radius": 1e-9}, "centre of a disc"),
        ({"arcs": [[0, 1], [0.5, 2]]}, "Electrode 0"),
        ({"arcs": "none"}, "arcs"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path, change, message):
    path = tmp_path / "layout.json"
    save_layout(make_layout(acceptors=5, donors=1), path)
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(LayoutError, match=message) as caught:
        load_layout(path)
    assert str(path) in str(caught.value)
    assert isinstance(caught.value, DriverError)


def test_missing_keys_files_and_json_are_named(tmp_path):
    path = tmp_path / "layout.json"
    save_layout(make_layout(acceptors=5, donors=1), path)
    document = json.loads(path.read_text("utf-8"))
    del document["donors"]
    path.write_text(json.dumps(document), "utf-8")
    with pytest.raises(LayoutError, match="missing keys: donors"):
        load_layout(path)
    path.write_text("{\n oops", "utf-8")
    with pytest.raises(LayoutError, match=r"layout\.json:2"):
        load_layout(path)
    with pytest.raises(LayoutError, match="can't be read"):
        load_layout(tmp_path / "absent.json")


def test_impossible_requests_are_refused():
    for kwargs in ({"acceptors": 0}, {"acceptors": 3, "donors": 3}, {"donors": -1}):
        with pytest.raises(LayoutError, match="asked for"):
            make_layout(**kwargs)
    with pytest.raises(LayoutError, match="fit"):
        make_layout(acceptors=100, minimum_distance=20e-9)
    layout = make_layout(acceptors=5)
    twice = np.concatenate([layout.acceptors[:4], layout.acceptors[:1]])
    with pytest.raises(LayoutError, match="share one place"):
        replace(layout, acceptors=twice)


def test_layouts_that_come_with_the_package_are_consistent():
    assert standard_names() == ("n12", "n16", "n24", "n40")
    for name in standard_names():
        layout = standard_layout(name)
        assert layout.sites == int(name[1:])
        assert len(layout.donors) == 3 and layout.electrodes == 8 and layout.output == 7
        fresh = lead_field(DiscGeometry.regular(75e-9, 8), layout.acceptors)
        assert layout.lead_field == pytest.approx(fresh, abs=1e-12)
    with pytest.raises(LayoutError, match="n16"):
        standard_layout("n17")


def test_arrays_of_a_layout_are_read_only():
    with pytest.raises(ValueError, match="read-only"):
        standard_layout().site_energies_ev[0] = 1.0
