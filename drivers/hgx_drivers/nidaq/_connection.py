"""The ``nidaqmx`` package and the way to the devices: local driver, or NI's gRPC device server."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hgx_drivers.errors import CardDisconnected, DriverError
from hgx_drivers.nidaq._errors import driver_error

__all__ = ["Connection", "session_name"]

#: Answers of a device that doesn't have a property: not supported, not in this context, no such channel kind.
_NOT_SUPPORTED = frozenset({-200197, -200452, -209896, -200170, -201407})


class Connection:
    """Makes tasks and devices, and turns the errors of ``nidaqmx`` into ours.

    Parameters
    ----------
    remote:
        ``host:port`` of a gRPC device server; None for this machine.
    deadline_seconds:
        After this time without an answer a server counts as dead. Longer than any read may last.
    sessions:
        With a server: tasks are called so, with the lowest free number from 1 on behind it. A server keeps the tasks
        of a client that died; by their names another client can close them (:func:`close_sessions`).

    Raises
    ------
    DriverError
        The package or the driver isn't installed.
    """

    def __init__(self, remote: str | None = None, *, deadline_seconds: float = 30.0, sessions: str = "") -> None:
        self.remote = remote
        self._sessions = sessions if remote is not None else ""
        self._open: dict[int, Any] = {}
        self._nidaqmx = _module("nidaqmx")
        self._errors = _module("nidaqmx.errors")
        self.constants = _module("nidaqmx.constants")
        self._make_options: Callable[[str, bool], Any] = _local
        self._close: Callable[[], None] = _nothing
        if remote is not None:
            _module("grpc")
            remote_module = _module("hgx_drivers.nidaq._remote")
            self._make_options, self._close = remote_module.session_options(remote, deadline_seconds)
            self._gone = remote_module.GONE
        self._options = self._make_options("", False)

    @property
    def daq_error(self) -> Any:
        """The class of errors that carry the driver's number."""
        return self._errors.DaqError

    def task(self) -> Any:
        """A new task. The caller closes it by :meth:`close_task`."""
        with self.typed():
            return self._numbered(lambda name, options: self._nidaqmx.Task(name, grpc_options=options))

    def watchdog(self, device: str, timeout_seconds: float) -> Any:
        """A new watchdog task of a device. The caller closes it by :meth:`close_task`."""
        make = _module("nidaqmx.system.watchdog").WatchdogTask
        return self._numbered(lambda name, options: make(device, name, timeout_seconds, grpc_options=options))

    def attach(self, name: str) -> Any:
        """The task of this name that another client left on the server; None where there is none.

        Raises
        ------
        CardDisconnected
            The server doesn't answer.
        """
        with self.typed():
            try:
                return self._nidaqmx.Task(name, grpc_options=self._make_options(name, True))
            except self._errors.DaqError:
                return None
            except self._errors.RpcError as error:
                if error.rpc_code in self._gone:
                    raise
                return None

    def system(self) -> Any:
        """The devices and the version of the driver."""
        return _module("nidaqmx.system").System(grpc_options=self._options)

    def device(self, name: str) -> Any:
        """A device, whether it exists or not."""
        return _module("nidaqmx.system").Device(name, grpc_options=self._options)

    def reader(self, task: Any) -> Any:
        """A reader into preallocated arrays; shapes are checked by us, not by one more call to the driver each."""
        reader = _module("nidaqmx.stream_readers").AnalogMultiChannelReader(task.in_stream)
        reader.verify_array_shape = False
        return reader

    def writer(self, task: Any) -> Any:
        """A writer that never starts the task."""
        writer = _module("nidaqmx.stream_writers").AnalogMultiChannelWriter(task.out_stream, auto_start=False)
        writer.verify_array_shape = False
        return writer

    def close(self) -> None:
        """Close the channel to a server. Idempotent."""
        self._close()

    @contextmanager
    def typed(self, where: str = "") -> Iterator[None]:
        """Errors of ``nidaqmx`` leave this block as DriverErrors that keep the card's text and number.

        ``where`` names the channels: NI's own text often knows only the name of a task.
        """
        errors = self._errors
        try:
            yield
        except errors.DaqError as error:
            raise driver_error(error, where) from error
        except errors.RpcError as error:
            raise self._rpc_error(error) from error
        except errors.DaqNotFoundError as error:
            raise DriverError(
                "The NI-DAQmx driver isn't installed on this machine.",
                remedy="Install NI-DAQmx from ni.com/downloads, or run: python -m nidaqmx installdriver.",
            ) from error
        except (errors.DaqNotSupportedError, errors.DaqFunctionNotSupportedError) as error:
            raise DriverError(f"{error}", remedy="Upgrade NI-DAQmx, or reach the card by its gRPC server.") from error

    def close_task(self, task: Any) -> None:
        """Close a task. What a dead card or an ended generation answers doesn't matter: the handle is gone."""
        self._open = {number: other for number, other in self._open.items() if other is not task}
        try:
            with self.typed():
                task.close()
        except DriverError:
            return

    def supported(self, get: Callable[[], Any], default: Any) -> Any:
        """A property of the driver, or the default where the device doesn't have it."""
        try:
            return get()
        except self._errors.DaqError as error:
            if error.error_code in _NOT_SUPPORTED:
                return default
            raise

    def _numbered(self, make: Callable[[str, Any], Any]) -> Any:
        if not self._sessions:
            return make("", self._options)
        number = next(number for number in itertools.count(1) if number not in self._open)
        name = session_name(self._sessions, number)
        task = make(name, self._make_options(name, False))
        self._open[number] = task
        return task

    def _rpc_error(self, error: Any) -> DriverError:
        code = getattr(error.rpc_code, "name", str(error.rpc_code))
        text = f"The gRPC device server {self.remote} answers {code}: {error.description}"
        if code == "UNIMPLEMENTED":
            return DriverError(text, remedy="Upgrade the NI gRPC Device Server.")
        if code == "RESOURCE_EXHAUSTED":
            return DriverError(text, remedy="Shorten the block: the server refuses messages of this size.")
        return CardDisconnected(text, remedy="Look whether the server runs and the network is there.")


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if name.startswith(("nidaqmx", "grpc")):
            package = "grpcio" if name == "grpc" else "nidaqmx"
            raise DriverError(
                f"The Python package {package} isn't installed ({error}).",
                remedy="Run: pip install 'hgx-lab[hardware]'.",
            ) from error
        raise


def session_name(sessions: str, number: int) -> str:
    """Name of a numbered task on a server."""
    return f"{sessions}-{number}"


def _local(name: str, attach: bool) -> None:
    """On this machine tasks need no session."""
    del name, attach


def _nothing() -> None:
    """There is no channel to close."""
