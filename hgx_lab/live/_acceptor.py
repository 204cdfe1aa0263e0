"""Lets readers in: each proves that it has the key, in a thread of its own and within a time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import Any, cast

from hgx_lab.live._door import BAD_HANDSHAKE, cut, make_listener

__all__ = ["Acceptor"]

#: How long a visitor may take for the handshake, s, and how many may be at it at a time.
_HANDSHAKE_SECONDS = 2.0
_VISITORS = 16
_PAUSE_SECONDS = 0.05
_END_SECONDS = 1.0


class Acceptor:
    """Accepts connections until it is closed; a visitor that stalls keeps nobody else out.

    When more visitors than ``_VISITORS`` are in their handshake, the one that came first is cut off: a reader of
    this program needs milliseconds.

    Parameters
    ----------
    admit:
        Called, in any thread, with the connection of each visitor that has the key.
    """

    def __init__(self, admit: Callable[[Connection], None]) -> None:
        self._admit = admit
        self._listener, self.door = make_listener()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        # Oldest first: when it came, and the thread that shakes hands with it.
        self._visitors: dict[Connection, tuple[float, threading.Thread]] = {}
        self._thread = threading.Thread(target=self._accept, name="hgx-live-accept", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._thread.start()

    def cut_late(self) -> None:
        """Cut off who takes too long; to be called now and then."""
        now = time.monotonic()
        with self._lock:
            late = [c for c, (came, _) in self._visitors.items() if now - came > _HANDSHAKE_SECONDS]
            for connection in late:
                cut(connection)

    def close(self) -> None:
        """Accept nobody any more and cut off who is in the handshake. Idempotent."""
        self._closing.set()
        if self._thread.is_alive():
            self.door.knock()  # wakes the thread that waits for visitors
            self._thread.join(_END_SECONDS)
        with self._lock:
            threads = [thread for _, thread in self._visitors.values()]
            for connection in self._visitors:
                cut(connection)
        for thread in threads:
            thread.join(_END_SECONDS)
        self._listener.close()

    def _accept(self) -> None:
        while not self._closing.is_set():
            try:
                visitor = cast("Connection[Any, Any]", self._listener.accept())
            except OSError:  # gone before it was taken, or no file handles left
                if self._closing.wait(_PAUSE_SECONDS):
                    return
                continue
            if self._closing.is_set():
                visitor.close()
                return
            thread = threading.Thread(target=self._greet, args=(visitor,), name="hgx-live-greet", daemon=True)
            with self._lock:
                self._visitors[visitor] = (time.monotonic(), thread)
                thread.start()
                for first in list(self._visitors)[:-_VISITORS]:
                    cut(first)

    def _greet(self, visitor: Connection) -> None:
        """Shake hands; the visitor is taken off the list before it is closed or admitted."""
        try:
            deliver_challenge(visitor, self.door.key)
            answer_challenge(visitor, self.door.key)
            known = True
        except BAD_HANDSHAKE:
            known = False
        with self._lock:
            del self._visitors[visitor]
        if known and not self._closing.is_set():
            self._admit(visitor)
        else:
            visitor.close()
