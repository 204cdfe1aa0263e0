"""The meeting point of the acquisition thread and the thread that learns.

Readings, blocks and events go one way through a queue. On a bench whose time passes by itself the acquisition
never waits for the learner (but for a moment after a reading, to let an update catch the next block). On a bench
whose time passes only while it is read, the two alternate: the acquisition goes on when the learner waits for
something that isn't there yet. That makes a simulated run deterministic with the same code.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Generic, TypeVar

__all__ = ["Exchange"]

Item = TypeVar("Item")

#: How often a waiting learner looks whether it has been interrupted, s.
_POLL_SECONDS = 0.05


class Exchange(Generic[Item]):
    """A queue with the rule who waits for whom.

    Parameters
    ----------
    lockstep:
        Whether the producer waits until the consumer wants more (a simulation's fast clock).
    """

    def __init__(self, *, lockstep: bool) -> None:
        self.condition = threading.Condition()
        self._lockstep = lockstep
        self._items: deque[Item] = deque()
        self._wanted = False
        self._closed = False

    def put(self, item: Item) -> None:
        """Hand an item to the consumer."""
        with self.condition:
            self._items.append(item)
            self.condition.notify_all()

    def close(self) -> None:
        """No more items will come, or none is wanted any more; nobody waits from now on."""
        with self.condition:
            self._closed = True
            self.condition.notify_all()

    def wait_until_wanted(self, grace_seconds: float) -> None:
        """Producer: wait until the consumer has taken everything in and waits for more.

        Without lockstep the wait ends after ``grace_seconds`` whatever the consumer does.
        """
        deadline = time.monotonic() + grace_seconds
        with self.condition:
            while not self._closed and not (self._wanted and not self._items):
                left = None if self._lockstep else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return
                self.condition.wait(left)

    def get(self) -> Item | None:
        """Consumer: the next item; None when nothing came for a moment or nothing will come."""
        with self.condition:
            if not self._items and not self._closed:
                self._wanted = True
                self.condition.notify_all()
                self.condition.wait(_POLL_SECONDS)
            if not self._items:
                # Still wanted: on a lockstep bench the producer may be at work on it right now.
                return None
            self._wanted = False
            return self._items.popleft()

    @property
    def drained(self) -> bool:
        """Whether the exchange is closed and everything was taken."""
        with self.condition:
            return self._closed and not self._items
