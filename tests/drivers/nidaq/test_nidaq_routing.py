"""One sample clock and one start for both directions, the way each kind of rig has it."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_drivers.errors import DriverError, RangeError
from hgx_drivers.nidaq import SharedClock, SignalOutputs
from hgx_drivers.nidaq.card import NiDaqCard
from tests.doors.ni_bench import DoorCard, local_card, stream, wired
from tests.doors.ni_devices import cdaq, nine_slots, usb_6008, x_series
from tests.doors.ni_task import DONT_ALLOW_REGENERATION, NiTask

START_TRIGGER, TEN_MHZ, MAINTAIN_EXISTING_VALUE = 12491, 12536, 12528


def tasks(card: DoorCard, kind: str) -> list[NiTask]:
    return [task for task in card.rig.tasks.values() if task.kind == kind]


def played_back(card: NiDaqCard, outputs: int, samples: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Write noise, and read it back with as many inputs as there are outputs."""
    written = np.random.default_rng(1).uniform(-1, 1, (outputs, samples))
    card.write(written)
    card.start()
    out = np.empty((outputs, samples))
    card.read(out, timeout_seconds=1.0)
    return written, out


def test_on_one_card_the_outputs_follow_the_inputs_clock() -> None:
    card = local_card(wired(2, 2))
    card.configure(stream(inputs=("Dev1/ai0", "Dev1/ai1")))
    (ao,), (ai,) = tasks(card, "ao"), tasks(card, "ai")
    assert (ao.clock, ao.start_trigger) == ("/Dev1/ai/SampleClock", "")
    assert (ai.clock, ai.rate) == ("", 10_000.0)
    assert ao.regeneration == DONT_ALLOW_REGENERATION
    assert (ao.buffer, ai.buffer) == (400, 400)
    assert ao.properties[0x2240] == MAINTAIN_EXISTING_VALUE
    written, read = played_back(card, 2)
    assert np.array_equal(read, written)
    started = [arguments[0] for arguments in card.rig.asked("start_task")]
    assert [card.rig.tasks[handle].kind for handle in started] == ["ao", "ai"], "outputs are armed first"
    card.close()


def test_in_one_chassis_two_output_modules_are_one_task_on_the_chassis_clock() -> None:
    card = local_card(wired(20), cdaq(), device="", initial_levels=0.0, wires={"cDAQ1Mod1/ao3": 0, "cDAQ1Mod2/ao0": 1})
    card.configure(stream(("cDAQ1Mod1/ao3", "cDAQ1Mod2/ao0"), ("cDAQ1Mod3/ai0",)))
    (ao,) = tasks(card, "ao")
    assert ao.clock == "/cDAQ1/ai/SampleClock"
    assert [name for name, _, _ in ao.channels] == ["cDAQ1Mod1/ao3", "cDAQ1Mod2/ao0"]
    written = np.random.default_rng(1).uniform(-1, 1, (2, 100))
    card.write(written)
    card.start()
    out = np.empty((1, 100))
    card.read(out, timeout_seconds=1.0)
    assert np.array_equal(out[0], written[0])
    assert card.identity.model == "NI 9264 + NI 9263 + NI 9215"
    card.close()


def test_two_pxi_cards_lock_to_the_backplane_and_start_on_its_line() -> None:
    clock = SharedClock("PXIe_Clk100", 100e6, "/PXI1Slot2/ai/StartTrigger")
    card = local_card(wired(64), nine_slots(), device="", shared_clock=clock, initial_levels=0.0)
    card.configure(stream(("PXI1Slot3/ao0", "PXI1Slot3/ao7"), ("PXI1Slot2/ai0",)))
    (ao,), (ai,) = tasks(card, "ao"), tasks(card, "ai")
    for task in (ao, ai):
        assert task.properties[0x1316] == "PXIe_Clk100"
        assert task.properties[0x1315] == 100e6
        assert task.clock == ""
    assert ao.start_trigger == "/PXI1Slot2/ai/StartTrigger"
    assert not ai.exports
    written = np.random.default_rng(1).uniform(-1, 1, (2, 100))
    card.write(written)
    card.start()
    out = np.empty((1, 100))
    card.read(out, timeout_seconds=1.0)
    assert np.array_equal(out[0], written[0])
    card.close()


def test_by_cable_the_inputs_card_gives_out_reference_and_start() -> None:
    devices = [x_series("Dev1"), x_series("Dev2")]
    clock = SharedClock("/Dev1/PFI0", 10e6, "/Dev1/PFI1", reference_from="/Dev2/PFI2", start_from="/Dev2/PFI3")
    cables = {"/Dev2/PFI2": "/Dev1/PFI0", "/Dev2/PFI3": "/Dev1/PFI1"}
    wires = {"Dev2/ao0": 1, "Dev2/ai0": 0}
    card = local_card(wired(8), devices, shared_clock=clock, cables=cables, wires=wires)
    # Outputs on both cards: one follows by cable, the other is on the inputs' own card.
    card.configure(stream(("Dev1/ao0", "Dev2/ao0"), ("Dev2/ai0",)))
    far, near = tasks(card, "ao")
    (ai,) = tasks(card, "ai")
    assert (far.start_trigger, far.properties[0x1316]) == ("/Dev1/PFI1", "/Dev1/PFI0")
    assert near.clock == "/Dev2/ai/SampleClock"
    assert ai.exports == {TEN_MHZ: "/Dev2/PFI2", START_TRIGGER: "/Dev2/PFI3"}
    assert 0x1316 not in ai.properties, "who gives the reference out doesn't lock to it"
    written = np.random.default_rng(1).uniform(-1, 1, (2, 100))
    card.write(written)
    card.start()
    out = np.empty((1, 60))
    card.read(out, timeout_seconds=1.0)
    assert np.array_equal(out[0], written[0, :60])
    assert np.array_equal(card.levels(), written[:, 59])
    card.close()


def test_oversampled_inputs_are_averaged_and_the_outputs_start_on_their_trigger() -> None:
    card = local_card(wired(2), oversampling=20)
    card.configure(stream())
    (ao,), (ai,) = tasks(card, "ao"), tasks(card, "ai")
    assert (ai.rate, ao.rate) == (200_000.0, 10_000.0)
    assert ai.buffer == 20 * 400
    assert (ao.clock, ao.start_trigger) == ("", "/Dev1/ai/StartTrigger")
    written = np.random.default_rng(1).uniform(-1, 1, (2, 300))
    card.write(written)
    card.start()
    out = np.empty((1, 100))
    for begin in (0, 100, 200):
        card.read(out, timeout_seconds=1.0)
        np.testing.assert_allclose(out[0], written[0, begin : begin + 100], rtol=1e-14)
    assert card.samples_generated == 300
    card.close()


@pytest.mark.parametrize(
    ("devices", "settings", "what"),
    [
        (nine_slots(), stream(("PXI1Slot3/ao0",), ("PXI1Slot2/ai0",)), r"PXI1Slot3 .* PXI1Slot2 .*shared_clock"),
        (
            [*cdaq(), x_series()],
            stream(("cDAQ1Mod1/ao0",), ("Dev1/ai0",)),
            r"cDAQ1 .* Dev1 run on different clocks.*one cDAQ chassis",
        ),
        ([usb_6008()], stream(("Dev9/ao0",), ("Dev9/ai0",), rate_hz=100.0), r"gate0: Dev9 \(USB-6008\).*sample clock"),
        (
            [x_series("Dev1"), x_series("Dev2")],
            stream(("Dev1/ao0",), ("Dev1/ai0", "Dev2/ai0")),
            r"inputs are on several devices, Dev1, Dev2",
        ),
    ],
)
def test_devices_that_cannot_share_a_clock_are_refused_with_the_remedy(devices, settings, what) -> None:  # type: ignore[no-untyped-def]
    card = local_card(wired(90), devices, device="", initial_levels=0.0)
    with pytest.raises(DriverError, match=what) as caught:
        card.configure(settings)
    assert caught.value.remedy
    assert not card.rig.tasks
    card.close()


def test_a_rate_that_the_timebase_does_not_make_is_refused_with_the_one_it_makes() -> None:
    card = local_card(wired(2))
    with pytest.raises(RangeError, match=r"30003\.0003 samples/s of the 30000") as caught:
        card.configure(stream(rate_hz=30_000.0))
    nearest = float(caught.value.remedy.split("Ask for ")[1].split(",")[0])
    card.configure(stream(rate_hz=nearest))
    card.close()


def test_a_terminal_that_does_not_exist_is_a_typed_error() -> None:
    clock = SharedClock("PXIe_Clk100", 100e6, "/PXI1Slot2/ai/Nonsense")
    card = local_card(wired(64), nine_slots(), device="", shared_clock=clock, initial_levels=0.0)
    with pytest.raises(DriverError, match=r"could not be found on the device.*NI -89120.*routes"):
        card.configure(stream(("PXI1Slot3/ao0",), ("PXI1Slot2/ai0",)))
    assert not card.rig.tasks
    card.close()


def test_start_and_reference_are_given_out_for_other_instruments() -> None:
    card = local_card(wired(2), signals=SignalOutputs("/Dev1/PFI0", "/Dev1/PFI1"))
    card.configure(stream())
    (ai,) = tasks(card, "ai")
    assert ai.exports == {START_TRIGGER: "/Dev1/PFI0", TEN_MHZ: "/Dev1/PFI1"}
    card.close()
