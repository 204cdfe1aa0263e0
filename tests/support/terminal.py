"""A terminal that can be closed: a pseudo-terminal, and a process for whose session it is the terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Terminal", "take_terminal"]


class Terminal:
    """Runs a command in a terminal, as a window or an ssh connection does.

    With ``shell`` the command isn't the leader of the session but a child of it in the foreground, as under a shell.
    """

    def __init__(self, command: Sequence[str], *, shell: bool = False, **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.said = b""
        here = [sys.executable, str(Path(__file__).absolute()), "shell" if shell else "leader", *command]
        self.process = subprocess.Popen(
            here, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=os.environ | environment
        )
        os.close(slave)

    def read(self, until: str, seconds: float = 60.0) -> None:
        """Read what is printed until something has been."""
        deadline = time.monotonic() + seconds
        while until.encode() not in self.said:
            left = deadline - time.monotonic()
            assert left > 0, f"never said {until!r}: {self.said.decode(errors='replace')}"
            if select.select([self.master], [], [], left)[0]:
                self.said += os.read(self.master, 65536)

    def close(self) -> None:
        """Close the window."""
        if self.master >= 0:
            os.close(self.master)
            self.master = -1


def take_terminal(slave: int) -> None:
    """Make a terminal that of this process's session, which it leads, and put it under its hands."""
    fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
    for number in (0, 1, 2):
        os.dup2(slave, number)


def _be(kind: str, command: list[str]) -> None:
    take_terminal(0)
    if kind == "shell" and os.fork():
        # Ended by the end of its terminal, as a shell is.
        os.wait()
        return
    os.execvp(command[0], command)


if __name__ == "__main__":
    _be(sys.argv[1], sys.argv[2:])
