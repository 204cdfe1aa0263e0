"""What a server keeps of a client that died, and who may clear it away."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from hgx_drivers.errors import CardDisconnected, CardStateError
from hgx_drivers.nidaq import NiDaqCard, close_sessions
from tests.doors.ni_bench import remote_card, stream, wired


@pytest.fixture
def abandoned():
    """A card in mid-stream at 0.3 V whose client will never call again; its door is closed at the end."""
    card = remote_card(wired(4), sessions="mine")
    card.configure(stream())
    card.write(np.full((2, 300), 0.3))
    card.start()
    card.read(np.empty((1, 100)), timeout_seconds=5.0)
    yield card
    card.close()


def test_names_are_numbered_and_used_again() -> None:
    with closing(remote_card(wired(4), sessions="mine")) as card:
        card.configure(stream())
        names = [task.name for task in card.rig.tasks.values()]
        assert names == ["mine-1", "mine-2"]
        card.configure(stream())
        assert sorted(task.name for task in card.rig.tasks.values()) == names


def test_without_a_name_nobody_can_attach() -> None:
    with closing(remote_card(wired(4))) as card:
        card.configure(stream())
        assert close_sessions(card._connection.remote, "mine") == 0
        assert len(card.rig.tasks) == 2


def test_another_client_closes_them_and_takes_the_card_from_where_it_stands(abandoned) -> None:
    remote = abandoned._connection.remote
    with closing(NiDaqCard("Dev1", remote=remote)) as next_one:
        with pytest.raises(CardStateError):
            next_one.configure(stream())
        assert close_sessions(remote, "yours") == 0
        assert close_sessions(remote, "mine") == 2
        assert not abandoned.rig.tasks
        next_one.configure(stream())
        np.testing.assert_allclose(next_one.levels(), [0.3, 0.3])


def test_a_server_that_is_gone_is_told(abandoned) -> None:
    remote = abandoned._connection.remote
    abandoned.door.close()
    with pytest.raises(CardDisconnected):
        close_sessions(remote, "mine", deadline_seconds=2.0)
