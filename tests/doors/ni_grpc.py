"""An NI gRPC device server over a rig: the service that ``nidaqmx`` talks to, in a thread of its own."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import numpy as np
from nidaqmx._stubs import nidaqmx_pb2, nidaqmx_pb2_grpc
from session_pb2 import Session

from tests.doors.ni_engine import NiRig
from tests.doors.ni_task import TEXTS, NiError

__all__ = ["Server", "serving"]

INITIALIZE, ATTACH = 1, 2
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]


class _Service(nidaqmx_pb2_grpc.NiDAQmxServicer):
    """Errors travel as trailing metadata; only a partial read is an answer with a status.

    The methods are called as the service's calls are.
    """

    def __init__(self, rig: NiRig) -> None:
        self._rig = rig
        self._named: dict[str, int] = {}

    def handle(self, session: Session) -> int:
        """The task of a session, by the name it was given, or by the one that the server made up."""
        return self._named[session.name] if session.name in self._named else int(session.name)

    def _new(self, request: Any, context: Any, function: str, *arguments: Any) -> tuple[Session, bool]:
        """A session that outlives its client; an existing one where the client wants to attach to it."""
        name, behaviour = request.session_name, request.initialization_behavior
        there = name in self._named and self._named[name] in self._rig.tasks
        if behaviour == ATTACH and not there:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"There is no session {name!r} to attach to.")
        if there and behaviour == INITIALIZE:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"There is a session {name!r}.")
        if there:
            return Session(name=name), False
        handle = self._call(context, function, *arguments)
        if name:
            self._named[name] = handle
        return Session(name=name or str(handle)), True

    def _call(self, context: Any, function: str, *arguments: Any) -> Any:
        try:
            return self._rig.call(function, *arguments)
        except NiError as error:
            context.set_trailing_metadata((("ni-error", str(error.code)),))
            context.abort(grpc.StatusCode.UNKNOWN, error.text)

    def CreateTask(self, request: Any, context: Any) -> Any:  # noqa: N802
        session, new = self._new(request, context, "create_task", request.session_name)
        return nidaqmx_pb2.CreateTaskResponse(task=session, new_session_initialized=new)

    def CreateWatchdogTimerTaskEx(self, request: Any, context: Any) -> Any:  # noqa: N802
        session, new = self._new(
            request,
            context,
            "create_watchdog_timer_task_ex",
            request.device_name,
            request.session_name,
            request.timeout,
        )
        return nidaqmx_pb2.CreateWatchdogTimerTaskExResponse(task=session, new_session_initialized=new)

    def ReadAnalogF64(self, request: Any, context: Any) -> Any:  # noqa: N802
        out = np.zeros(request.array_size_in_samps)
        status = 0
        try:
            moved = self._rig.call(
                "read_analog", self.handle(request.task), request.num_samps_per_chan, request.timeout, out
            )
        except NiError as error:
            if error.code != -200284:
                context.set_trailing_metadata((("ni-error", str(error.code)), ("ni-samps-per-chan-read", "0")))
                context.abort(grpc.StatusCode.UNKNOWN, error.text)
            status, moved = error.code, error.moved
        return nidaqmx_pb2.ReadAnalogF64Response(status=status, read_array=out, samps_per_chan_read=moved)

    def WriteAnalogF64(self, request: Any, context: Any) -> Any:  # noqa: N802
        samples = np.array(request.write_array).reshape(-1, request.num_samps_per_chan)
        moved = self._call(context, "write_analog", self.handle(request.task), samples)
        return nidaqmx_pb2.WriteAnalogF64Response(samps_per_chan_written=moved)

    def GetErrorString(self, request: Any, context: Any) -> Any:  # noqa: N802
        del context
        return nidaqmx_pb2.GetErrorStringResponse(error_string=TEXTS.get(request.error_code, ""))


def _plain(name: str, function: str, *fields: str) -> None:
    """A call whose answer is nothing."""

    def handler(self: _Service, request: Any, context: Any) -> Any:
        values = [getattr(request, each) for each in fields]
        self._call(context, function, *(self.handle(v) if isinstance(v, Session) else v for v in values))
        return getattr(nidaqmx_pb2, f"{name}Response")()

    setattr(_Service, name, handler)


def _getter(kind: str, sort: str, key: str) -> None:
    name = f"Get{kind}Attribute{sort}"
    engine_kind = {"SystemInfo": "system", "PhysicalChan": "physical_chan", "TimingEx": "timing"}
    answer = "value_raw" if sort == "Int32" else "value"

    def handler(self: _Service, request: Any, context: Any) -> Any:
        of = getattr(request, key) if key else None
        of = self.handle(of) if isinstance(of, Session) else of
        value = self._call(context, "get", engine_kind.get(kind, kind.lower()), request.attribute_raw, of)
        return getattr(nidaqmx_pb2, f"{name}Response")(**{answer: value})

    setattr(_Service, name, handler)


def _setter(kind: str, sort: str) -> None:
    name = f"Set{kind}Attribute{sort}"
    given = "value_raw" if sort == "Int32" else "value"

    def handler(self: _Service, request: Any, context: Any) -> Any:
        value = getattr(request, given)
        self._call(context, "set", kind.lower(), request.attribute_raw, value, self.handle(request.task))
        return getattr(nidaqmx_pb2, f"{name}Response")()

    setattr(_Service, name, handler)


_plain("ClearTask", "clear_task", "task")
_plain("StartTask", "start_task", "task")
_plain("StopTask", "stop_task", "task")
_plain("TaskControl", "task_control", "task", "action_raw")
_plain(
    "CreateAIVoltageChan",
    "create_ai_voltage_chan",
    "task",
    "physical_channel",
    "terminal_config_raw",
    "min_val",
    "max_val",
)
_plain("CreateAOVoltageChan", "create_ao_voltage_chan", "task", "physical_channel", "min_val", "max_val")
_plain("CfgSampClkTiming", "cfg_samp_clk_timing", "task", "rate", "source", "sample_mode_raw", "samps_per_chan")
_plain("CfgDigEdgeStartTrig", "cfg_dig_edge_start_trig", "task", "trigger_source")
_plain("ExportSignal", "export_signal", "task", "signal_id_raw", "output_terminal")
_plain("CfgWatchdogAOExpirStates", "cfg_watchdog_ao_expir_states", "task", "channel_names", "expir_state_array")
_plain("ControlWatchdogTask", "control_watchdog_task", "task", "action_raw")
for _kind, _sort, _key in (
    ("SystemInfo", "UInt32", ""),
    ("SystemInfo", "String", ""),
    ("Device", "String", "device_name"),
    ("Device", "UInt32", "device_name"),
    ("Device", "Bool", "device_name"),
    ("Device", "Double", "device_name"),
    ("Device", "DoubleArray", "device_name"),
    ("PhysicalChan", "Int32", "physical_channel"),
    ("Task", "String", "task"),
    ("Timing", "Double", "task"),
    ("TimingEx", "Double", "task"),
    ("Buffer", "UInt32", "task"),
    ("Write", "UInt32", "task"),
    ("Write", "UInt64", "task"),
):
    _getter(_kind, _sort, _key)
for _kind, _sort in (
    ("Buffer", "UInt32"),
    ("Write", "Int32"),
    ("Timing", "String"),
    ("Timing", "Double"),
    ("Chan", "Int32"),
):
    _setter(_kind, _sort)


class Server:
    """A running server; ``remote`` is its ``host:port``."""

    def __init__(self, rig: NiRig) -> None:
        self._pool = ThreadPoolExecutor(max_workers=4)
        self._server = grpc.server(self._pool, options=_UNLIMITED)
        nidaqmx_pb2_grpc.add_NiDAQmxServicer_to_server(_Service(rig), self._server)
        self.remote = f"localhost:{self._server.add_insecure_port('localhost:0')}"
        self._server.start()

    def kill(self) -> None:
        """Break off every call and go, from inside one of them: without waiting for it to end."""
        self._server.stop(grace=None)

    def die(self) -> None:
        """Break off every call and go. Idempotent."""
        self._server.stop(grace=None).wait()
        self._pool.shutdown()


@contextmanager
def serving(rig: NiRig) -> Iterator[Server]:
    """A server for the time of the block."""
    server = Server(rig)
    try:
        yield server
    finally:
        server.die()
