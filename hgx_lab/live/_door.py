"""The file beside a record that says where its run can be reached, and the key to it."""

from __future__ import annotations

import json
import os
import secrets
import socket
import stat
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, Listener, answer_challenge, deliver_challenge
from pathlib import Path
from typing import Any

from hgx_lab.errors import RecordError
from hgx_lab.live._trust import Address, read_private, require_local, require_own_process

__all__ = ["BAD_HANDSHAKE", "Door", "cut", "door_path", "make_listener"]

#: How long connecting to a run and the handshake with it may take, s.
_PATIENCE_SECONDS = 3.0
#: Readers that the system keeps waiting until the run takes notice of them.
_BACKLOG = 64
#: What a handshake raises where the other end is gone, has another key, or sends anything else.
BAD_HANDSHAKE = (OSError, EOFError, AuthenticationError, AssertionError, ValueError)


def door_path(record: Path) -> Path:
    """The file of a record's run."""
    return record.with_name(record.name + ".live")


@dataclass(frozen=True, slots=True)
class Door:
    """Where a run listens: a Unix socket or (host, port), the key, and its process id."""

    address: Address
    key: bytes
    pid: int

    @classmethod
    def read(cls, record: Path) -> Door | None:
        """The door of a record's run, None where there is no (whole) file.

        Raises
        ------
        LiveFileRefused
            The file isn't the user's own and private, or its address isn't on this computer.
        """
        path = door_path(record)
        text = read_private(path)
        if text is None:
            return None
        try:
            found: Any = json.loads(text)
            address = found["address"]
            where = address if isinstance(address, str) else (str(address[0]), int(address[1]))
            door = cls(where, bytes.fromhex(found["key"]), int(found["pid"]))
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            return None
        require_local(path, door.address)
        return door

    def write(self, record: Path) -> None:
        """Leave the file beside a record, whole and for its owner alone from its first moment.

        Raises
        ------
        RecordError
            It can't be written, or the file system would let others read it.
        """
        path = door_path(record)
        text = json.dumps({"address": self.address, "key": self.key.hex(), "pid": self.pid})
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except OSError as error:
            raise RecordError(f"{path} can't be written: {error}.") from error
        made = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
                if os.name == "posix" and mode & 0o077:
                    raise RecordError(
                        f"{path} would be open to others: the file system gives it the permissions {mode:04o}.",
                        remedy="Put the record on a disk of this computer that keeps permissions, "
                        "or start the run without --live.",
                    )
                file.write(text)
            made.replace(path)
        except OSError as error:
            made.unlink(missing_ok=True)
            raise RecordError(f"{path} can't be written: {error}.") from error
        except BaseException:
            made.unlink(missing_ok=True)
            raise

    def knock(self) -> None:
        """Connect and leave at once, without a word; a thread that waits for readers wakes up."""
        with suppress(OSError), _connected(self.address):
            pass

    def open(self) -> Connection:
        """Connect to the run and prove to each other that both have the key.

        Raises
        ------
        OSError, EOFError, AuthenticationError
            Nobody answers in time, or not a run that has the key.
        """
        line = _connected(self.address)
        try:
            require_own_process(line)
            line.setblocking(True)
        except BaseException:
            line.close()
            raise
        connection = Connection(line.detach())
        limit = threading.Timer(_PATIENCE_SECONDS, cut, (connection,))
        limit.daemon = True
        limit.start()
        try:
            try:
                answer_challenge(connection, self.key)
                deliver_challenge(connection, self.key)
            except BAD_HANDSHAKE as error:
                raise AuthenticationError(f"The run at {self.address} doesn't answer as one should.") from error
            finally:
                limit.cancel()
                limit.join()
        except BaseException:
            connection.close()
            raise
        return connection


def _connected(address: Address) -> socket.socket:
    """A socket that is connected to an address; OSError where it can't be within the time limit."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        line = socket.socket(_family(address))
        try:
            line.settimeout(_PATIENCE_SECONDS)
            line.connect(address)
        except BlockingIOError:  # too many wait at a Unix socket
            line.close()
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
        except BaseException:
            line.close()
            raise
        else:
            return line


def _family(address: Address) -> socket.AddressFamily:
    if isinstance(address, str):
        return socket.AF_UNIX
    return socket.AF_INET6 if ":" in address[0] else socket.AF_INET


def cut(connection: Connection) -> None:
    """End a connection at once, also under a thread that waits on it; the thread has to close it."""
    try:
        line = socket.socket(fileno=connection.fileno())
    except (OSError, ValueError):
        return  # it is closed
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    finally:
        line.detach()


def make_listener() -> tuple[Listener, Door]:
    """Open a way in for readers of this machine: a Unix socket, or TCP on the loopback where there is none."""
    listener = Listener(None, "AF_INET" if os.name == "nt" else "AF_UNIX", backlog=_BACKLOG)
    return listener, Door(listener.address, secrets.token_bytes(32), os.getpid())
