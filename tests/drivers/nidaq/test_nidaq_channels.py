"""Channels, ranges and rates against what the devices report; who they are."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_drivers.errors import ChannelError, DriverError, RangeError
from hgx_drivers.interface import OutputChannel, StreamSettings
from hgx_drivers.nidaq import NiDaqCard, discover
from tests.doors.ni_bench import local_card, stream, wired
from tests.doors.ni_devices import NiModel, cdaq, usb_6008, x_series
from tests.doors.ni_engine import NiRig
from tests.doors.ni_library import installed


def test_what_is_connected_is_listed_with_ranges_and_rates() -> None:
    rig = NiRig([x_series(), *cdaq()], wired(30))
    with installed(rig):
        devices = {device.name: device for device in discover()}
    assert list(devices) == ["Dev1", "cDAQ1Mod1", "cDAQ1Mod2", "cDAQ1Mod3"], "a bare chassis isn't a device to use"
    card = devices["Dev1"]
    assert (card.model, card.serial, card.timing) == ("PCIe-6363", "01A2B3C4", "Dev1")
    assert card.outputs == ("ao0", "ao1", "ao2", "ao3")
    assert len(card.inputs) == 32
    assert card.output_ranges == ((-5.0, 5.0), (-10.0, 10.0))
    assert (card.maximum_input_rate_hz, card.maximum_total_input_rate_hz) == (2e6, 1e6)
    assert not card.simultaneous_inputs
    assert devices["cDAQ1Mod1"].timing == "cDAQ1"
    assert devices["cDAQ1Mod1"].inputs == ()
    assert devices["cDAQ1Mod3"].simultaneous_inputs


@pytest.mark.parametrize(
    ("settings", "error", "what"),
    [
        (stream(("Dev1/ao4",)), ChannelError, r"gate0: .*'Dev1/ao4'; Dev1 \(PCIe-6363\) has ao0 to ao3"),
        (stream(("Dev7/ao0",)), ChannelError, r"no NI device 'Dev7'; there are Dev1, cDAQ1"),
        (stream(("cDAQ1Mod3/ao0",)), ChannelError, r"cDAQ1Mod3 \(NI 9215\) has no analogue outputs"),
        (stream(("ao0",)), ChannelError, r"names no device.*Dev1/ao0"),
        (stream(("Dev1/ao0", "/Dev1/ao0")), ChannelError, r"Dev1/ao0 is used twice"),
        (stream(configuration="pseudo-differential"), ChannelError, r"drain0: Dev1/ai0 can't be.*rse, nrse|rse"),
        (stream(configuration="sideways"), ChannelError, r"'sideways' is none of default, differential"),
        (stream(minimum_volts=-11.0, maximum_volts=11.0), RangeError, r"drain0: .*-11.0 V to 11.0 V"),
        (stream(rate_hz=3e6), RangeError, r"Dev1 \(PCIe-6363\) gives out at most 2.86e\+06 samples/s, not 3e\+06"),
        (
            stream(inputs=[f"Dev1/ai{i}" for i in range(8)], rate_hz=200e3),
            RangeError,
            r"reads 8 channel\(s\) at most 125000 times a second each, not 200000",
        ),
        (
            stream(("cDAQ1Mod1/ao0",), ("cDAQ1Mod3/ai0",), rate_hz=50e3),
            RangeError,
            r"cDAQ1Mod1 \(NI 9264\) gives out at most 25000",
        ),
    ],
)
def test_what_the_devices_have_not_is_refused(settings: StreamSettings, error: type[Exception], what: str) -> None:
    card = local_card(wired(24), [x_series(), *cdaq()], device="", initial_levels=0.0)
    with pytest.raises(error, match=what):
        card.configure(settings)
    assert not card.rig.tasks
    card.close()


def test_a_range_of_the_converter_between_two_of_its_own_takes_the_larger() -> None:
    card = local_card(wired(2))
    outputs = (OutputChannel("a", "ao0", -7.0, 2.0), OutputChannel("b", "ao1", -1.0, 1.0))
    card.configure(StreamSettings(outputs, stream().inputs, 1e4, 100, 100))
    asked = card.rig.asked("create_ao_voltage_chan")
    assert [arguments[1:] for arguments in asked] == [("Dev1/ao0", -7.0, 2.0), ("Dev1/ao1", -1.0, 1.0)]
    card.close()


@pytest.mark.parametrize(
    ("word", "number"), [("differential", 10106), ("RSE", 10083), ("nrse", 10078), ("default", -1)]
)
def test_the_terminal_configuration_reaches_the_card(word: str, number: int) -> None:
    card = local_card(wired(2))
    card.configure(stream(configuration=word))
    (ai,) = [task for task in card.rig.tasks.values() if task.kind == "ai"]
    assert ai.configurations == [number]
    card.close()


def test_multiplexed_inputs_state_their_skew() -> None:
    card = local_card(wired(3, 3))
    card.configure(stream(inputs=("Dev1/ai0", "Dev1/ai1", "Dev1/ai2")))
    # The fake converts at 4 x 3 channels x 10 kHz.
    np.testing.assert_allclose(card.channel_skew_seconds, np.arange(3) / 120e3)
    assert "multiplexed, converted 0, 8.33, 16.7 µs after the clock" in card.identity.driver
    card.close()


def test_simultaneous_inputs_have_none() -> None:
    card = local_card(wired(20, 4), cdaq(), device="", initial_levels=0.0)
    card.configure(stream(("cDAQ1Mod1/ao0",), ("cDAQ1Mod3/ai0", "cDAQ1Mod3/ai1")))
    assert card.channel_skew_seconds == (0.0, 0.0)
    assert card.identity.driver == "NI-DAQmx 24.5.0"
    assert card.identity.serial == "00000011 + 00000013"
    card.close()


@pytest.mark.parametrize(
    ("devices", "device", "what"),
    [
        ([], "", "NI-DAQmx finds no device on this machine"),
        ([usb_6008()], "Dev1", "no NI device 'Dev1'; there are Dev9"),
    ],
)
def test_a_bench_without_its_device_says_what_is_there(devices: list[NiModel], device: str, what: str) -> None:
    with installed(NiRig(devices, wired(2))), pytest.raises(DriverError, match=what):
        NiDaqCard(device)


def test_no_oversampling_is_refused() -> None:
    with pytest.raises(RangeError, match="oversampling of 0"):
        NiDaqCard("Dev1", oversampling=0)
