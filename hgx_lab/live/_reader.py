"""The run's end of a connection to one reader."""

from __future__ import annotations

import pickle
import threading
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection

from hgx_lab.live._door import cut
from hgx_lab.live._words import Samples, Word

__all__ = ["Reader"]

#: Words that wait for a reader at most; one that lets more come together is dropped. Samples never count long.
_BACKLOG = 20_000
_SAMPLE_BACKLOG = 400


class Reader:
    """Sends words in a thread of its own and listens to commands in another; never holds up who calls it."""

    def __init__(self, connection: Connection, first: list[Word], command: Callable[[str], None]) -> None:
        self._connection, self._command = connection, command
        self._condition = threading.Condition()
        self._words: deque[Word] = deque(first)
        self._samples: deque[Samples] = deque(maxlen=_SAMPLE_BACKLOG)
        self._closing = self.gone = False
        self._threads = [
            threading.Thread(target=self._send, name="hgx-live-send", daemon=True),
            threading.Thread(target=self._listen, name="hgx-live-listen", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def put(self, words: list[Word]) -> None:
        """Hand over words; the oldest samples are dropped first, then the reader."""
        with self._condition:
            if self.gone:
                return
            for word in words:
                if isinstance(word, Samples):
                    self._samples.append(word)
                else:
                    self._words.append(word)
            stalled = len(self._words) > _BACKLOG
            self._condition.notify_all()
        if stalled:
            self.drop()

    def _send(self) -> None:
        try:
            while True:
                with self._condition:
                    while not (self._words or self._samples or self._closing or self.gone):
                        self._condition.wait()
                    batch: list[Word] = [*self._words, *self._samples]
                    self._words.clear()
                    self._samples.clear()
                    if self.gone or (self._closing and not batch):
                        break
                self._connection.send_bytes(pickle.dumps(batch, protocol=pickle.HIGHEST_PROTOCOL))
        except (OSError, ValueError):
            pass  # the reader has gone; that's its right
        self.drop()

    def _listen(self) -> None:
        try:
            while not self.gone:
                self._command(self._connection.recv_bytes(100).decode())
        except (OSError, EOFError, ValueError):
            pass
        self.drop()

    def drop(self) -> None:
        """Cut the connection, also under a thread that waits on it."""
        with self._condition:
            if self.gone:
                return
            self.gone = True
            self._condition.notify_all()
        cut(self._connection)

    def close(self, timeout_seconds: float) -> None:
        """Send what waits, for no longer than this, and part."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._threads[0].join(timeout_seconds)
        self.drop()
        for thread in self._threads:
            thread.join()
        self._connection.close()
