"""A waveform generator on a socket, which speaks its maker's language and can fail in every way we have met.

Only the language differs between makers (``scpi_languages``); here are framing, faults and the thread.
"""

from __future__ import annotations

import re
import socket
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Literal, Protocol, Self

from tests.doors.scpi_output import Floats, Output, Playing, at_connector

__all__ = ["ErrorStyle", "Fault", "Language", "Output", "ScpiInstrument", "message_end"]

_LENGTH = re.compile(rb"LENGTH,(\d+)B,WAVEDATA,")

#: silent: this answer never comes. late: it comes in front of the next one. drop: the connection is closed instead.
#: vanish: closed, and nothing listens any more. deaf: from now on no answer at all. error: -222 and -221 in the queue
#: instead of obedience. deny: taken, and quietly not done. garbage: bytes that are no text.
Fault = Literal["silent", "late", "drop", "vanish", "deaf", "error", "deny", "garbage"]


#: Of ``SYST:ERR?``. minus: ``-0, No errors``. constant: -108 whatever was sent. mute: no answer. All are reported of
#: real instruments, the last by a programming guide without this question.
ErrorStyle = Literal["plain", "minus", "constant", "mute"]


class Language(Protocol):
    identity: str

    def begin(self, instrument: ScpiInstrument) -> None: ...

    def obey(self, instrument: ScpiInstrument, message: bytes) -> list[str]: ...

    def playing(self, instrument: ScpiInstrument, number: int) -> Playing: ...

    def takes_trigger(self, instrument: ScpiInstrument, number: int) -> bool: ...


class ScpiInstrument:
    """Listens on 127.0.0.1 from ``with`` to the end of it; one connection at a time."""

    def __init__(self, language: Language, outputs: int = 2) -> None:
        self.language = language
        self.identity = language.identity
        self.outputs = [Output() for _ in range(outputs)]
        self.words: dict[str, str] = {}
        self.error_style: ErrorStyle = "plain"
        #: Commands that are taken and quietly not done, whenever they come, by their beginnings.
        self.stuck: tuple[str, ...] = ()
        #: Whether the card's start reaches the trigger input, and whether the status register tells who waits.
        self.trigger_connected = True
        self.tells_triggers = True
        #: Called after each message, with the instrument as it then is.
        self.watch: Callable[[], None] | None = None
        self.errors: deque[tuple[int, str]] = deque()
        self.heard: list[bytes] = []
        self.reference = "INT"
        self.reference_connected = True
        self.connections = 0
        self._faults: deque[tuple[bytes, Fault]] = deque()
        self._kept: list[bytes] = []
        self._deaf = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._peer: socket.socket | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, name="scpi-instrument")
        language.begin(self)

    @property
    def resource(self) -> str:
        return f"TCPIP0::127.0.0.1::{self.port}::SOCKET"

    def fail(self, where: str, how: Fault) -> None:
        """Once, at the next message that contains ``where``."""
        self._faults.append((where.encode(), how))

    def error(self, code: int, text: str) -> None:
        self.errors.append((code, text))

    def send(self, *commands: str) -> None:
        """What somebody else has done before: no faults, and nothing is heard of it."""
        for command in commands:
            self.language.obey(self, command.encode())
        self.errors.clear()

    def trigger(self, seconds: float) -> None:
        """The card starts."""
        for number, output in enumerate(self.outputs):
            if self.trigger_connected and self.language.takes_trigger(self, number):
                output.triggered = seconds

    def volts(self, number: int, seconds: Floats, load: float = 1e38) -> Floats:
        """What leaves output ``number``, from 1, at these times, at a real resistor."""
        return at_connector(self, number - 1, seconds, load)

    def commands(self) -> list[str]:
        """What was heard, without questions."""
        return [m.decode("latin-1") for m in self.heard if b"?" not in m[:40]]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.vanish()
        self._thread.join(5.0)
        assert not self._thread.is_alive()

    def vanish(self) -> None:
        """Close the connection and the door."""
        with self._lock:
            self._stopped = True
            for each in (self._listener, self._peer):
                if each is not None:
                    _hang_up(each)

    def _serve(self) -> None:
        with self._listener:
            while not self._stopped:
                try:
                    peer, _ = self._listener.accept()
                except OSError:
                    return
                # An answer and the next one leave at once, or each waits 40 ms for the acknowledgement of the last.
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self._peer = peer
                    self.connections += 1
                with peer:
                    self._talk(peer)
                with self._lock:
                    self._peer = None

    def _talk(self, peer: socket.socket) -> None:
        buffer = b""
        self._kept.clear()
        while not self._stopped:
            try:
                more = peer.recv(65536)
            except OSError:
                return
            if not more:
                return
            buffer += more
            while (end := message_end(buffer)) is not None:
                message, buffer = buffer[:end], buffer[end + 1 :]
                if not self._handle(peer, message):
                    return

    def _handle(self, peer: socket.socket, message: bytes) -> bool:
        self.heard.append(message)
        fault = self._fault(message)
        if fault in ("drop", "vanish"):
            if fault == "vanish":
                with self._lock:
                    self._stopped = True
                    _hang_up(self._listener)
            return False
        if fault == "deaf":
            self._deaf = True
        if fault == "error":
            self.error(-222, "Data out of range")
            self.error(-221, "Settings conflict")
        if fault in ("error", "deny") or self._ignores(message):
            return True
        answers = [a.encode("latin-1") + b"\n" for a in self.language.obey(self, message)]
        if self.watch is not None:
            self.watch()
        if fault == "garbage":
            answers = [b"\xff\xfe?\n"]
        if fault == "late":
            self._kept += answers
        elif fault != "silent" and not self._deaf and answers:
            peer.sendall(b"".join([*self._kept, *answers]))
            self._kept.clear()
        return True

    def _ignores(self, message: bytes) -> bool:
        """Whether a command is one that is stuck; questions are answered all the same."""
        return b"?" not in message[:40] and message.decode("latin-1").upper().startswith(self.stuck or "\0")

    def _fault(self, message: bytes) -> Fault | None:
        for entry in self._faults:
            if entry[0] in message:
                self._faults.remove(entry)
                return entry[1]
        return None


def message_end(buffer: bytes) -> int | None:
    """Index of the newline that ends the first message; newlines inside of binary blocks don't count."""
    start = 0
    while True:
        newline = buffer.find(b"\n", start)
        named = _LENGTH.search(buffer, start)
        if named is not None and (newline < 0 or named.start() < newline):
            start = named.end() + int(named[1])
        elif (mark := buffer.find(b"#", start)) >= 0 and (newline < 0 or mark < newline):
            digits = int(buffer[mark + 1 : mark + 2] or b"0")
            size = buffer[mark + 2 : mark + 2 + digits]
            if not digits or len(size) < digits:
                return None
            start = mark + 2 + digits + int(size)
        else:
            return newline if newline >= 0 else None
        if start > len(buffer):
            return None


def _hang_up(which: socket.socket) -> None:
    # Wakes the thread that waits in accept or recv; closing alone doesn't.
    try:
        which.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
