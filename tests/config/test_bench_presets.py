"""Presets of the simulated bench: what they fill in, what wins over them, and that they survive a round trip."""

from __future__ import annotations

import pytest

from hgx_lab.config import RunFile, RunFileError, change_run_file, parse_run_file
from hgx_lab.config.presets import PRESETS, with_preset
from hgx_lab.config.quantities import WITH_UNITS
from hgx_lab.config.yaml_dump import dump_yaml

ELECTRODES = """
electrodes:
  - {name: e0, role: input, limits: [-1 V, 1 V]}
  - {name: e1, role: input, limits: [-1 V, 1 V]}
  - {name: e2, role: control, limits: [-1 V, 1 V]}
task: {kind: gate, gate: AND, inputs: {e0: [0 V, 0.5 V], e1: [0 V, 0.5 V]}}
"""


def parsed(bench: str) -> RunFile:
    return parse_run_file(f"bench: {bench}{ELECTRODES}")


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_gives_its_values_and_passes_every_check(name: str) -> None:
    bench = parsed(f"{{kind: simulated, preset: {name}}}").bench
    for key, value in PRESETS[name].items():
        given = getattr(bench, key)
        plain = given.model_dump(mode="json") if isinstance(value, dict) else given
        assert plain == (tuple(value) if isinstance(value, list) else value)
    assert bench.preset == name
    assert bench.amplifier == parsed("{kind: simulated}").bench.amplifier


def test_no_preset_leaves_the_defaults() -> None:
    assert parsed("{kind: simulated, preset: null}") == parsed("{kind: simulated}")


def test_the_latencies_tell_the_benches_apart() -> None:
    usb, pcie, cdaq = (parsed(f"{{kind: simulated, preset: {name}}}").bench for name in ("usb", "pcie", "cdaq"))
    assert pcie.lead < usb.lead < cdaq.lead
    assert pcie.delay < usb.delay < cdaq.delay
    assert cdaq.delay * cdaq.rate == pytest.approx(40.0)
    assert (usb.input_converter.bits, cdaq.input_converter.bits) == (16, 24)


def test_keys_of_the_file_win_one_by_one() -> None:
    bench = parsed(
        "{kind: simulated, preset: cdaq, delay: 1 ms, input_converter: {bits: 16}, amplifier: {gain: 39.5 nA/V}}"
    ).bench
    assert (bench.delay, bench.rate, bench.input_converter.bits) == (1e-3, 25e3, 16)
    assert bench.input_converter.range == (-10.0, 10.0)
    assert bench.amplifier.gain == pytest.approx(39.5e-9)


def test_what_is_wrong_is_still_found() -> None:
    with pytest.raises(RunFileError, match=r"preset.*usb, pcie, cdaq"):
        parsed("{kind: simulated, preset: ubs}")
    with pytest.raises(RunFileError, match="lead of 1 ms is shorter than a block of 20 ms"):
        parsed("{kind: simulated, preset: usb, lead: 1 ms}")
    with pytest.raises(RunFileError, match="isn't a mapping"):
        parsed("{kind: simulated, preset: usb, output_converter: 16}")
    assert with_preset({"preset": ["usb"]}) == {"preset": ["usb"]}


@pytest.mark.parametrize("units", [True, False])
def test_a_dump_reads_as_the_same_run(units: bool) -> None:
    run = parsed("{kind: simulated, preset: pcie, lead: 15 ms}")
    data = run.model_dump(mode="json", context={WITH_UNITS: units})
    assert parse_run_file(dump_yaml(data)) == run


def test_another_preset_replaces_the_values_of_the_first_and_keeps_the_file_s_own() -> None:
    run = parsed("{kind: simulated, preset: usb, delay: 0.1 ms}")
    changed = change_run_file(run, {"bench.preset": "cdaq"})
    assert changed == parsed("{kind: simulated, preset: cdaq, delay: 0.1 ms}")
    assert change_run_file(changed, {"bench.preset": None}) == parsed("{kind: simulated, delay: 0.1 ms}")
    assert change_run_file(parsed("{kind: simulated}"), {"bench.preset": "pcie"}).bench.rate == 250e3


def test_the_stages_of_the_chain_are_read() -> None:
    bench = parsed(
        "{kind: simulated, electrode_time: external-capacitor, charging: {fraction: 2 %, time: 10 ms},"
        " drift: {rate: 1 pA/s}, amplifier: {clip: null, bandwidth: null},"
        " noise: {flicker_doubles_at: 20 nA, fluctuators: [{amplitude: 50 pA, up: 2 Hz, down: 5 Hz}],"
        " hum: {wander: 0 Hz, wander_time: 5 s}}}"
    ).bench
    assert bench.electrode_time == ("external-capacitor",)
    assert bench.charging is not None
    assert bench.charging.fraction == pytest.approx(0.02)
    assert bench.noise is not None
    assert bench.noise.fluctuators[0].down == 5.0
    for wrong, message in (
        ("{electrode_time: external-capacitance}", "external-capacitor"),
        ("{electrode_time: [1 ms, 2 ms]}", "2 values for 3 electrodes"),
        ("{charging: {fraction: 1}}", "outside the allowed range"),
        ("{noise: {fluctuators: [{up: 0 Hz}]}}", "outside the allowed range"),
        ("{amplifier: {clip: null}, input_converter: {range: [0 V, 5 V]}}", "one sign"),
    ):
        with pytest.raises(RunFileError, match=message):
            parsed("{kind: simulated, " + wrong[1:])
