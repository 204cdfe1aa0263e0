"""Which ``.live`` file and which address are believed: the user's own file, and this computer.

What comes over the connection is unpickled, and a pickle is a program. So the file that names the address must have
been written by the user's own account and be readable by nobody else, and the other end must be on this computer.
"""

from __future__ import annotations

import os
import socket
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from hgx_lab.errors import RecordError

__all__ = ["Address", "LiveFileRefused", "read_private", "require_local", "require_own_process"]

Address = str | tuple[str, int]

_LOOPBACK: Final = ("127.0.0.1", "::1")
_LARGEST_BYTES: Final = 4096
_PRIVATE: Final = 0o600
_POSIX: Final = os.name == "posix"


class LiveFileRefused(RecordError):
    """The ``.live`` file beside a record isn't the user's own, or leads away from this computer; it wasn't used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} isn't used, because {why}.",
            remedy="The record is shown as a file; commands don't reach its run. If the run is yours, stop it with "
            "Ctrl-C in its terminal; if nothing runs any more, delete the file.",
        )


def read_private(path: Path) -> str | None:
    """Read a small text that only its owner, this user, can read or write; None where there is no file.

    On Windows permissions and owners aren't checked, only that it is a plain file and no link.

    Raises
    ------
    LiveFileRefused
        It is a link, no plain file, somebody else's, or open to others.
    """
    if path.is_symlink():
        raise LiveFileRefused(path, "it is a link")
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        handle = os.open(path, flags)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LiveFileRefused(path, f"it can't be read: {error.strerror}") from error
    try:
        found = os.fstat(handle)  # of the open file: another one may have taken its name meanwhile
        if not stat.S_ISREG(found.st_mode):
            raise LiveFileRefused(path, "it isn't a plain file")
        if _POSIX and found.st_uid != os.geteuid():
            raise LiveFileRefused(path, f"it belongs to {_name_of(found.st_uid)} and not to you")
        if _POSIX and stat.S_IMODE(found.st_mode) != _PRIVATE:
            mode = stat.S_IMODE(found.st_mode)
            raise LiveFileRefused(path, f"its permissions are {mode:04o} instead of {_PRIVATE:04o}")
        if found.st_size > _LARGEST_BYTES:
            raise LiveFileRefused(path, f"it has {found.st_size} bytes, and no run writes that many")
        return os.read(handle, _LARGEST_BYTES).decode("utf-8", errors="replace")
    finally:
        os.close(handle)


def require_local(path: Path, address: Address) -> None:
    """Refuse an address that isn't on this computer, or a socket that another user made.

    Raises
    ------
    LiveFileRefused
        It is another computer, a name that would have to be looked up, a pipe of Windows, or somebody else's socket.
    """
    if isinstance(address, tuple):
        host, port = address
        if host not in _LOOPBACK or not 0 < port < 65536:
            raise LiveFileRefused(path, f"the address in it, {host[:80]!r} port {port}, isn't this computer")
        return
    if not _POSIX or not address.startswith("/") or "\0" in address:
        raise LiveFileRefused(path, f"the address in it, {address[:80]!r}, isn't a socket of this computer")
    with suppress(FileNotFoundError):  # a run that was killed: connecting says so
        found = os.lstat(address)
        if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.geteuid():
            raise LiveFileRefused(path, f"{address[:80]!r}, which it names, isn't a socket of yours")


def require_own_process(line: socket.socket) -> None:
    """Refuse a connected Unix socket whose other end is another user's; only Linux can say who that is.

    Raises
    ------
    ConnectionRefusedError
        It is another user's.
    """
    if line.family != getattr(socket, "AF_UNIX", None) or not hasattr(socket, "SO_PEERCRED"):
        return
    _, user, _ = struct.unpack("3i", line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))
    if user != os.geteuid():
        raise ConnectionRefusedError(f"{_name_of(user)} is at the other end of the socket.")


def _name_of(user: int) -> str:
    try:
        import pwd

        return f"the user {pwd.getpwuid(user).pw_name}"
    except (ImportError, KeyError):
        return f"user {user}"
