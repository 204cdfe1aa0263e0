"""Faults of the wires, against the current of the bare device at the voltages that then reach it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated import (
    ChainSettings,
    DeadInput,
    DeadOutput,
    OpenElectrode,
    Plant,
    ShortedPair,
    SwappedPair,
    WiringFault,
)
from hgx_drivers.simulated.devices import LinearDevice

CONDUCTANCES = (1.0, 2.0, 4.0)
IDEAL = ChainSettings.ideal(gain_volts_per_ampere=1.0)
REST = np.array([0.0, 0.5, 0.0])


def plant_of(*faults: WiringFault, chain: ChainSettings = IDEAL) -> Plant:
    plant = Plant(LinearDevice(CONDUCTANCES), replace(chain, wiring=faults), seed=3, rest_volts=REST)
    plant.configure(1e5)
    return plant


@pytest.mark.parametrize(
    ("fault", "reaches"),
    [
        (OpenElectrode(1), (1.0, 0.5, 3.0)),
        (DeadOutput(1), (1.0, 0.5, 3.0)),
        (ShortedPair(0, 2), (2.0, 2.0, 2.0)),
        (SwappedPair(0, 2), (3.0, 2.0, 1.0)),
    ],
)
def test_a_fault_changes_the_voltages_at_the_device(fault: WiringFault, reaches: tuple[float, ...]) -> None:
    volts = np.tile([[1.0], [2.0], [3.0]], (1, 5))
    expected = float(np.dot(CONDUCTANCES, reaches))
    np.testing.assert_allclose(plant_of(fault).process(volts), expected, rtol=1e-14)
    assert np.all(volts[:, 0] == [1.0, 2.0, 3.0])


def test_a_dead_input_reads_one_voltage() -> None:
    volts = np.random.default_rng(0).normal(size=(3, 3000))
    assert np.unique(plant_of(DeadInput(0.25)).process(volts)).tolist() == [0.25]


def test_faults_act_one_after_the_other() -> None:
    read = plant_of(SwappedPair(0, 1), OpenElectrode(0)).process(np.array([[1.0], [2.0], [3.0]]))
    np.testing.assert_allclose(read, 0.0 * 1.0 + 1.0 * 2.0 + 3.0 * 4.0, rtol=1e-14)


@pytest.mark.parametrize("fault", [OpenElectrode(1), ShortedPair(0, 2), SwappedPair(1, 2), DeadOutput(0)])
def test_the_result_does_not_depend_on_how_the_stream_is_cut(fault: WiringFault) -> None:
    volts = np.random.default_rng(1).uniform(-0.1, 0.1, (3, 4000))
    chain = replace(ChainSettings(), delay_samples=2.5, electrode_seconds=(0.0, 1e-3, 2e-3))
    whole = plant_of(fault, chain=chain).process(volts)
    cut = plant_of(fault, chain=chain)
    parts = [cut.process(part) for part in np.split(volts, [1, 7, 1500, 1501, 3999], axis=1)]
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("fault", [OpenElectrode(3), DeadOutput(-1), ShortedPair(1, 1), DeadInput(float("nan"))])
def test_faults_that_cannot_be_are_refused(fault: WiringFault) -> None:
    with pytest.raises(RangeError):
        plant_of(fault)
