"""Tasks that a program left behind on a gRPC device server when it died."""

from __future__ import annotations

from hgx_drivers.nidaq._connection import Connection, session_name

__all__ = ["close_sessions"]

#: Tasks that a card has at most at a time: inputs, outputs and a watchdog for each of a chassis full of devices.
_MOST = 64


def close_sessions(remote: str, sessions: str, *, deadline_seconds: float = 30.0) -> int:
    """Stop and close the tasks of a card with these ``sessions``; the outputs hold. Returns how many there were.

    A server keeps the sessions of a client that vanished, with all that they reserve. Only those of this name are
    touched: others on the same server go on.

    Raises
    ------
    DriverError
        Package or driver aren't installed.
    CardDisconnected
        The server doesn't answer.
    """
    connection = Connection(remote, deadline_seconds=deadline_seconds)
    try:
        left = [connection.attach(session_name(sessions, number)) for number in range(1, _MOST + 1)]
        for task in left:
            if task is not None:
                connection.close_task(task)
    finally:
        connection.close()
    return sum(task is not None for task in left)
