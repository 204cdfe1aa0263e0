"""Who waits for whom between the acquisition and its consumer; meetings are arranged with events, not with time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hgx_lab.acquisition import Exchange

LONG = 30.0


@contextmanager
def running(target: object) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=target, daemon=True)  # type: ignore[arg-type]
    thread.start()
    yield thread
    thread.join(LONG)
    assert not thread.is_alive()


@pytest.mark.parametrize("lockstep", [True, False])
def test_everything_arrives_in_order(lockstep: bool) -> None:
    exchange: Exchange[int] = Exchange(lockstep=lockstep)

    def produce() -> None:
        for item in range(2000):
            exchange.put(item)
            if item % 7 == 0:
                exchange.wait_until_wanted(1e-6)
        exchange.close()

    taken = []
    with running(produce):
        while not exchange.drained:
            if (item := exchange.get()) is not None:
                taken.append(item)
    assert taken == list(range(2000))


def test_in_lockstep_the_two_alternate() -> None:
    """The producer never works while the consumer does: the order of what both do is always the same."""
    exchange: Exchange[int] = Exchange(lockstep=True)
    log: list[str] = []

    def produce() -> None:
        exchange.wait_until_wanted(0.0)
        for item in range(50):
            log.append(f"make {item}")
            exchange.put(-item)
            exchange.put(item)
            exchange.wait_until_wanted(0.0)
        exchange.close()

    with running(produce):
        while not exchange.drained:
            item = exchange.get()
            if item is not None and item > 0:
                log.append(f"use {item}")
                log.append(f"used {item}")
    expected = [line for i in range(50) for line in ([f"make {i}"] + ([f"use {i}", f"used {i}"] if i else []))]
    assert log == expected


def test_a_wish_outlives_a_get_that_found_nothing() -> None:
    exchange: Exchange[int] = Exchange(lockstep=True)
    assert exchange.get() is None
    exchange.wait_until_wanted(0.0)  # returns: somebody wants more
    exchange.put(1)
    assert exchange.get() == 1

    waited = threading.Event()

    def produce() -> None:
        exchange.wait_until_wanted(0.0)
        waited.set()

    with running(produce):
        # Nothing is wanted now: the one item was taken.
        assert not waited.is_set()
        assert exchange.get() is None
        assert waited.wait(LONG)


def test_without_lockstep_the_producer_waits_for_its_grace_only() -> None:
    exchange: Exchange[int] = Exchange(lockstep=False)
    exchange.wait_until_wanted(0.0)
    exchange.wait_until_wanted(1e-4)
    exchange.put(1)
    assert exchange.get() == 1


def test_closing_frees_a_waiting_producer() -> None:
    exchange: Exchange[int] = Exchange(lockstep=True)
    with running(lambda: exchange.wait_until_wanted(LONG)):
        exchange.close()


def test_closing_frees_a_waiting_consumer_and_keeps_what_was_put() -> None:
    exchange: Exchange[int] = Exchange(lockstep=True)
    exchange.put(1)
    exchange.close()
    exchange.put(2)
    assert not exchange.drained
    assert [exchange.get(), exchange.get(), exchange.get()] == [1, 2, None]
    assert exchange.drained
