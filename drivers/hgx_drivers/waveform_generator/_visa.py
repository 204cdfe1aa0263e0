"""One instrument behind ``pyvisa``: questions, commands, and what goes wrong on the way.

What the packages do by themselves, and what is done about it here:

- A refused port opens without complaint, and the first question ends in a raw ``ConnectionRefusedError``. So the
  identity is asked for at once.
- After a time-out the late answer is handed to the next question. So the link asks for the identity and throws away
  every line before that answer; if that fails too the connection is dropped and opened anew for the next call.
- A connection closed by the peer looks like a time-out, and ``clear`` on it never returns. So sockets are never
  cleared; a peer that is gone betrays itself when it is written to.
- Two small writes in a row wait for each other in the network (Nagle's algorithm with delayed acknowledgement). So a
  command and the question for its errors leave in one piece.
- All users of a backend share one resource manager, and closing it closes everybody's instruments. So only the
  instrument itself is closed.

Some instruments don't answer a question for errors at all, since their programming guide has none (reported). Then the
commands go without it, and what counts is the readback.
"""

from __future__ import annotations

import importlib
import socket
from contextlib import suppress
from threading import RLock
from typing import Any

from hgx_drivers.errors import DriverError
from hgx_drivers.waveform_generator._error_queue import QUESTION, Entry, ErrorQueue, is_entry
from hgx_drivers.waveform_generator.errors import (
    GeneratorDisconnected,
    GeneratorRefused,
    GeneratorStateError,
    GeneratorTimeout,
    ScpiError,
)

__all__ = ["VisaLink"]

_QUEUE = QUESTION.encode("ascii") + b"\n"
#: Asked after a command where there is no error queue: the answer says that it has been executed.
_DONE = b"*OPC?\n"
#: More late lines than any instrument keeps.
_MANY = 100
#: A slow instrument takes in this many bytes of a waveform in a second.
_BYTES_PER_SECOND = 100e3


class VisaLink:
    """A connection that is opened at once and after every loss, by any VISA resource name.

    Parameters
    ----------
    resource_name:
        ``TCPIP0::192.168.0.7::5025::SOCKET``, ``TCPIP0::192.168.0.7::INSTR``, ``USB0::...::INSTR`` and so on.
    backend:
        ``@py`` for pyvisa-py, ``@ivi`` or a path for a VISA library that is installed.
    timeout_seconds:
        How long an answer may take.

    Raises
    ------
    DriverError
        The packages aren't installed.
    GeneratorRefused, GeneratorTimeout
        Nothing is there, or it doesn't say what it is.
    """

    def __init__(self, resource_name: str, *, backend: str = "@py", timeout_seconds: float = 2.0) -> None:
        self.resource_name = resource_name
        self.identity = ""
        self._pyvisa = _module("pyvisa")
        if backend == "@py":
            _module("pyvisa_py")
        self._backend = backend
        self._timeout = timeout_seconds
        self._io_error: type[Exception] = self._pyvisa.errors.VisaIOError
        self._is_socket = resource_name.upper().endswith("::SOCKET")
        self._lock = RLock()
        self._closed = False
        self._errors = ErrorQueue()
        self._has_queue = True
        self._resource: Any = None
        self._resource = self._open()

    def ask(self, question: str, *, channel: str = "") -> str:
        """The answer to a question, without its line end."""
        return self._exchange(question.encode("ascii") + b"\n", question, channel)

    def ask_if_known(self, question: str, *, channel: str = "") -> str | None:
        """The answer to a question; None where the instrument doesn't know it.

        It says so by an entry in its error queue, or not at all: then the time-out passes first.
        """
        message = question.encode("ascii") + b"\n"
        with self._lock:
            self._learn_errors(channel)
            if self._is_socket and self._has_queue:
                first = self._exchange(message, question, channel, follow=_QUEUE)
                if not is_entry(first):
                    self._drain(self._read(question, channel), channel)
                    return first
                self._drain(first, channel)
                return None
            try:
                return self._exchange(message, question, channel)
            except GeneratorTimeout as error:
                if not error.alive:
                    raise
                return None

    def command(self, command: str | bytes, *, channel: str = "") -> None:
        """Send a command, which may end in a binary block, and empty the error queue after it.

        Raises
        ------
        ScpiError
            The queue held something.
        """
        data = command if isinstance(command, bytes) else command.encode("ascii")
        name = data[:60].split(b"#")[0].split(b"WAVEDATA")[0].decode("ascii")
        with self._lock:
            self._learn_errors(channel)
            if not self._has_queue:
                self._exchange(data + b"\n", name, channel, follow=_DONE)
                return
            errors = self._drain(self._exchange(data + b"\n", name, channel, follow=_QUEUE), channel)
        if errors:
            raise ScpiError(*errors[0], name, channel=channel, more=len(errors) - 1)

    def close(self) -> None:
        """Close the connection. Idempotent."""
        with self._lock:
            self._closed = True
            self._drop()

    def _learn_errors(self, channel: str) -> None:
        if not self._has_queue:
            return
        try:
            self._errors.learn(lambda: self._exchange(_QUEUE, QUESTION, channel), channel)
        except GeneratorTimeout as error:
            if not error.alive:
                raise
            self._has_queue = False

    def _drain(self, first: str, channel: str) -> list[Entry]:
        return self._errors.drain(first, lambda: self._exchange(_QUEUE, QUESTION, channel), channel)

    def _exchange(self, message: bytes, name: str, channel: str, follow: bytes = b"") -> str:
        with self._lock:
            if self._closed:
                raise GeneratorStateError("the generator is closed.", channel=channel, remedy="Open the bench again.")
            if self._resource is None:
                self._resource = self._open()
            self._resource.timeout = 1e3 * (self._timeout + len(message) / _BYTES_PER_SECOND)
            return self._read(name, channel, message, follow)

    def _read(self, name: str, channel: str, *messages: bytes) -> str:
        """Send messages, if any, and take the next line."""
        resource = self._resource
        try:
            self._send(resource, *messages)
            return str(resource.read()).strip()
        except self._io_error as error:
            if not self._timed_out(error):
                raise self._gone(name, error, channel) from error
            raise self._after_timeout(name, channel) from error
        except OSError as error:
            raise self._gone(name, error, channel) from error

    def _send(self, resource: Any, *lines: bytes) -> None:
        """A socket knows no messages, only bytes: all lines in one piece. Elsewhere each is a message of its own."""
        for piece in [b"".join(lines)] if self._is_socket else lines:
            if piece:
                resource.write_raw(piece)

    def _after_timeout(self, name: str, channel: str) -> DriverError:
        """Find out whether the instrument lives, and leave no answer behind that a later question could get."""
        resource = self._resource
        resource.timeout = 1e3 * self._timeout
        said = f"no answer to {name!r} in {self._timeout:g} s"
        try:
            if not self._is_socket:
                resource.clear()
            resource.write("*CLS")
            resource.write("*IDN?")
            for _ in range(_MANY):
                if str(resource.read()).strip() == self.identity:
                    return GeneratorTimeout(
                        f"{said}; {self.resource_name} still says who it is.",
                        channel=channel,
                        remedy="Allow it more time. A late answer was thrown away.",
                    )
        except self._io_error as error:
            if not self._timed_out(error):
                return self._gone(name, error, channel)
        except OSError as error:
            return self._gone(name, error, channel)
        try:
            # A closed peer accepts one message after its end, not two.
            resource.write("*CLS")
        except (self._io_error, OSError) as error:
            return self._gone(name, error, channel)
        self._drop()
        return GeneratorTimeout(
            f"{said}, nor to *IDN? after it, from {self.resource_name}.",
            channel=channel,
            remedy="Disconnect the device before you touch the instrument: its outputs may be on. It may be busy, "
            "stuck in a menu, or its cable be pulled. The next call opens a new connection.",
            alive=False,
        )

    def _gone(self, name: str, error: BaseException, channel: str) -> GeneratorDisconnected:
        self._drop()
        return GeneratorDisconnected(
            f"{self.resource_name} closed the connection during {name!r} ({error}).",
            channel=channel,
            remedy="Disconnect the device: the outputs may still be on. Then look at power and cable, and whether "
            "another program took the instrument.",
        )

    def _open(self) -> Any:
        """A session whose instrument has said who it is."""
        name = self.resource_name
        self._check_host()
        milliseconds = 1e3 * self._timeout
        try:
            resource = self._pyvisa.ResourceManager(self._backend).open_resource(
                name, open_timeout=int(milliseconds), timeout=milliseconds
            )
        except (self._pyvisa.errors.Error, OSError, ValueError) as error:
            raise self._refused(error) from error
        except Exception as error:
            # For a host that is silent pyvisa-py raises the base class itself; anything below it isn't meant.
            if type(error) is not Exception:
                raise
            raise self._refused(error) from error
        try:
            resource.encoding = "latin-1"  # a disturbed line must not end in a UnicodeDecodeError
            resource.read_termination = resource.write_termination = "\n"
            self._send(resource, b"*CLS\n", b"*IDN?\n")
            answer = str(resource.read()).strip()
        except self._io_error as error:
            resource.close()
            if not self._timed_out(error):
                raise self._refused(error) from error
            raise GeneratorTimeout(
                f"{name} accepts the connection, but doesn't say who it is in {self._timeout:g} s.",
                remedy="Look whether it is the right port (5025 for SCPI), and whether another program has it.",
                alive=False,
            ) from error
        except OSError as error:
            resource.close()
            raise self._refused(error) from error
        if self.identity and answer != self.identity:
            resource.close()
            raise GeneratorDisconnected(f"{name} was {self.identity!r} and is now {answer!r}.")
        self.identity = answer
        self._errors.forget()
        return resource

    def _check_host(self) -> None:
        """Look the name up first: pyvisa-py leaves a socket open when that fails."""
        parts = self.resource_name.split("::")
        if not self._is_socket or len(parts) != 4:
            return
        try:
            socket.getaddrinfo(parts[1], parts[2], family=socket.AF_INET, type=socket.SOCK_STREAM)
        except OSError as error:
            raise self._refused(error) from error

    def _refused(self, error: BaseException) -> GeneratorRefused:
        return GeneratorRefused(
            f"{self.resource_name} can't be opened ({error}).",
            remedy="Look at address and port; then, with the device disconnected, at the instrument's power and "
            "whether its LAN or USB interface is enabled. Some instruments know no socket: try "
            "TCPIP0::<address>::INSTR.",
        )

    def _timed_out(self, error: Any) -> bool:
        return error.error_code == self._pyvisa.constants.StatusCode.error_timeout

    def _drop(self) -> None:
        resource, self._resource = self._resource, None
        if resource is not None:
            with suppress(self._io_error, OSError):
                resource.close()


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DriverError(
            f"A waveform generator needs the Python package {name}, which isn't installed ({error}).",
            remedy="Run: pip install 'hgx-lab[hardware]'.",
        ) from error
