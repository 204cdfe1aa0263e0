"""The card's own watchdog where there is one; otherwise the driver says so."""

from __future__ import annotations

import numpy as np
import pytest

from hgx_drivers.errors import CardStateError
from hgx_drivers.nidaq import WatchdogSettings
from tests.doors.ni_bench import local_card, stream, wired
from tests.doors.ni_devices import cdaq

SETTINGS = WatchdogSettings(2.5, {"cDAQ1Mod1/ao0": 0.1})


def test_it_is_armed_fed_and_disarmed() -> None:
    card = local_card(wired(20), cdaq(), device="", initial_levels=0.0, watchdog=SETTINGS)
    card.configure(stream(("cDAQ1Mod1/ao0", "cDAQ1Mod1/ao1", "cDAQ1Mod2/ao0"), ("cDAQ1Mod3/ai0",)))
    assert card.watchdog == "The watchdog of cDAQ1Mod1, cDAQ1Mod2 brings the outputs to rest after 2.5 s of silence."
    dogs = [task for task in card.rig.tasks.values() if task.kind == "watchdog"]
    assert [dog.expiration for dog in dogs] == [{"cDAQ1Mod1/ao0": 0.1, "cDAQ1Mod1/ao1": 0.0}, {"cDAQ1Mod2/ao0": 0.0}]
    assert [dog.timeout for dog in dogs] == [2.5, 2.5]
    card.write(np.zeros((3, 100)))
    assert not any(dog.running for dog in dogs), "nothing is at stake before the start"
    card.start()
    assert all(dog.running for dog in dogs)
    for _ in range(3):
        card.read(np.empty((1, 20)), timeout_seconds=1.0)
    assert [dog.fed for dog in dogs] == [3, 3]
    card.stop()
    assert not any(dog.running for dog in dogs)
    rig = card.rig
    card.close()
    assert not rig.tasks


def test_once_it_has_bitten_the_error_says_so() -> None:
    card = local_card(wired(20), cdaq(), device="", initial_levels=0.0, watchdog=SETTINGS)
    card.configure(stream(("cDAQ1Mod1/ao0",), ("cDAQ1Mod3/ai0",)))
    card.write(np.zeros((1, 100)))
    card.start()
    card.rig.expired = True
    with pytest.raises(CardStateError, match=r"watchdog timer has expired.*NI -200678.*fell silent"):
        card.write(np.zeros((1, 100)))
    card.close()


def test_a_card_without_one_says_so() -> None:
    card = local_card(wired(2), watchdog=WatchdogSettings(1.0, {}))
    assert card.watchdog == "The card isn't configured."
    card.configure(stream())
    assert card.watchdog.startswith(
        "There is no watchdog; if the program dies, the outputs hold: Watchdog Timer is not"
    )
    card.close()


def test_nobody_asked() -> None:
    card = local_card(wired(2))
    card.configure(stream())
    assert card.watchdog == "No watchdog was asked for: if the program dies, the outputs hold."
    card.close()
