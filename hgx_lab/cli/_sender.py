"""A thread that sends what others write, so that a reader that stalls holds up nobody who has outputs to look after."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

__all__ = ["Sender"]

#: A writer waits this long for its text to be sent, s: in the usual case it has left before the next statement.
_PATIENCE_SECONDS = 0.5
#: Bytes that wait at most; what comes then is dropped. A run writes about as much in a day.
_MOST_BYTES = 2**26
#: Windows looks for Ctrl-C between two waits only.
_LOOK_SECONDS = 0.2


class Sender:
    """Sends bytes in their order, in a thread that lives until :meth:`close`.

    Parameters
    ----------
    send:
        Sends some bytes; may take for ever, must not raise.
    name:
        Name of the thread.
    """

    def __init__(self, send: Callable[[bytes], None], name: str) -> None:
        self._send = send
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = False
        #: Whether the reader doesn't take what is sent, for the time being.
        self.stalled = False
        #: Texts that found no room.
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def put(self, data: bytes) -> None:
        """Send some bytes; wait a moment for that, unless the reader has stalled."""
        with self._changed:
            if self._bytes + len(data) > _MOST_BYTES:
                self.dropped += 1
                return
            self._waiting.append(data)
            self._bytes += len(data)
            self._changed.notify_all()
            if not self.stalled:
                self.stalled = not self._changed.wait_for(lambda: self._bytes == 0, _PATIENCE_SECONDS)

    def close(self) -> None:
        """Wait until all has been sent, and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        while self._thread.is_alive():
            self._thread.join(_LOOK_SECONDS)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                data = self._waiting.popleft()
            self._send(data)
            with self._changed:
                self._bytes -= len(data)
                if self._bytes == 0:
                    self.stalled = False
                    self._changed.notify_all()
