"""The file beside a record that says where its run can be heard, and the key to it."""

from __future__ import annotations

import json
import os
import secrets
import socket
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any

from hgx_lab.errors import RecordError

__all__ = ["Door", "door_path", "make_listener"]


#: How long a run may take to answer a reader at its door.
_PATIENCE_SECONDS = 1.0


def door_path(record: Path) -> Path:
    """The file of a record's run."""
    return record.with_name(record.name + ".live")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a run listens: a Unix socket or (host, port), the key, and its process id."""

    address: str | tuple[str, int]
    key: bytes
    pid: int

    @classmethod
    def read(cls, record: Path) -> Door | None:
        """The door of a record's run, None where there is no (whole) file."""
        try:
            found: Any = json.loads(door_path(record).read_text(encoding="utf-8"))
            address = found["address"]
            where = address if isinstance(address, str) else (str(address[0]), int(address[1]))
            return cls(where, bytes.fromhex(found["key"]), int(found["pid"]))
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None

    def write(self, record: Path) -> None:
        """Leave the file beside a record, for its owner alone.

        Raises
        ------
        RecordError
            It can't be written.
        """
        path = door_path(record)
        text = json.dumps({"address": self.address, "key": self.key.hex(), "pid": self.pid})
        try:
            path.unlink(missing_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise RecordError(f"{path} can't be written: {error}.") from error

    def knock(self) -> None:
        """Connect and leave at once, without a word; a thread that waits for readers wakes up."""
        family = socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET
        with socket.socket(family) as visitor, suppress(OSError):
            visitor.settimeout(1.0)
            visitor.connect(self.address)

    def open(self) -> Connection:
        """Connect to the run; OSError, EOFError or AuthenticationError where nobody answers in time.

        The handshake is that of ``Client(address, authkey=...)``, which would wait for ever for a run that is just
        ending and takes no more visitors.
        """
        connection: Connection = Client(self.address)  # type: ignore[assignment]
        try:
            if not connection.poll(_PATIENCE_SECONDS):
                raise TimeoutError(f"The run doesn't answer at {self.address} within {_PATIENCE_SECONDS:g} s.")
            answer_challenge(connection, self.key)
            deliver_challenge(connection, self.key)
        except BaseException:
            connection.close()
            raise
        return connection


def make_listener() -> tuple[Listener, Door]:
    """Open a way in for readers of this machine: a Unix socket, or TCP on the loopback where there is none."""
    key = secrets.token_bytes(32)
    listener = Listener(None, "AF_INET" if os.name == "nt" else "AF_UNIX", authkey=key)
    return listener, Door(listener.address, key, os.getpid())
