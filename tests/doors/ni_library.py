"""A Python object in place of the NI-DAQmx C library: everything of ``nidaqmx`` above it is the real thing.

Arguments are checked as ctypes checks them, by the ``argtypes`` that ``nidaqmx`` declares.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tests.doors.ni_engine import NiRig
from tests.doors.ni_task import TEXTS, NiError

__all__ = ["FakeLibrary", "installed"]


class _Function:
    """Looks like a ctypes function pointer."""

    def __init__(self, function: Callable[..., int]) -> None:
        self._function = function
        self.argtypes: list[Any] | None = None
        self.restype = ctypes.c_int

    def __call__(self, *arguments: Any) -> int:
        for place, (kind, argument) in enumerate(zip(self.argtypes or [], arguments, strict=False), start=1):
            try:
                kind.from_param(argument)
            except (TypeError, ctypes.ArgumentError) as error:
                raise ctypes.ArgumentError(f"argument {place}: {type(error).__name__}: {error}") from error
        if self.argtypes is not None and len(arguments) < len(self.argtypes):
            raise TypeError(f"this function takes at least {len(self.argtypes)} arguments ({len(arguments)} given)")
        return self._function(*arguments)


class FakeLibrary:
    """``libnidaqmx`` over a rig."""

    def __init__(self, rig: NiRig) -> None:
        self._rig = rig
        self._last = ""
        self._functions: dict[str, _Function] = {}

    def __getattr__(self, name: str) -> _Function:
        if not name.startswith("DAQmx"):
            raise AttributeError(name)
        if name not in self._functions:
            self._functions[name] = _Function(self._find(name.removeprefix("DAQmx")))
        return self._functions[name]

    def _find(self, name: str) -> Callable[..., int]:
        for verb, make in (("Get", self._getter), ("Set", self._setter)):
            if name.startswith(verb) and name.removesuffix("Ex").endswith("Attribute"):
                kind = name.removeprefix(verb).removesuffix("Ex").removesuffix("Attribute")
                return make(_snake(kind), keys=(kind != "SystemInfo") + (kind == "Watchdog" or name.endswith("Ex")))
        function = getattr(self, f"_{_snake(name)}", None)
        if function is None:
            raise AttributeError(name)
        return function

    def _try(self, function: str, *arguments: Any) -> tuple[int, Any]:
        try:
            return 0, self._rig.call(function, *arguments)
        except NiError as error:
            self._last = error.text
            return error.code, error.moved

    def _do(self, function: str, *arguments: Any) -> int:
        return self._try(function, *arguments)[0]

    def _getter(self, kind: str, keys: int) -> Callable[..., int]:
        kind = "system" if kind == "system_info" else kind

        def get(*arguments: Any) -> int:
            key = arguments[0] if keys else None
            attribute, out, *size = arguments[keys:]
            code, value = self._try("get", kind, attribute, _plain(key))
            if code:
                return code
            return _give(value, out, size[0]) if size else _give_scalar(value, out)

        return get

    def _setter(self, kind: str, keys: int) -> Callable[..., int]:
        # A channel's name stands between task and number.
        keys += kind == "chan"

        def put(*arguments: Any) -> int:
            attribute, value = arguments[keys:]
            return self._do("set", kind, attribute, _plain(value), _plain(arguments[0]))

        return put

    # Functions with arguments of their own.

    def _set_runtime_environment(self, *arguments: Any) -> int:
        del arguments
        return 0

    def _create_task(self, name: str, handle: Any) -> int:
        code, handle._obj.value = self._try("create_task", name)
        return code

    def _clear_task(self, task: Any) -> int:
        return self._do("clear_task", task.value)

    def _start_task(self, task: Any) -> int:
        return self._do("start_task", task.value)

    def _stop_task(self, task: Any) -> int:
        return self._do("stop_task", task.value)

    def _task_control(self, task: Any, action: int) -> int:
        return self._do("task_control", task.value, action)

    def _create_ai_voltage_chan(self, task: Any, channel: str, _: str, config: int, *volts: Any) -> int:
        return self._do("create_ai_voltage_chan", task.value, channel, config, volts[0], volts[1])

    def _create_ao_voltage_chan(self, task: Any, channel: str, _: str, *volts: Any) -> int:
        return self._do("create_ao_voltage_chan", task.value, channel, volts[0], volts[1])

    def _cfg_samp_clk_timing(self, task: Any, source: str, rate: float, _: int, mode: int, samples: int) -> int:
        return self._do("cfg_samp_clk_timing", task.value, rate, source or "", mode, samples)

    def _cfg_dig_edge_start_trig(self, task: Any, source: str, _: int) -> int:
        return self._do("cfg_dig_edge_start_trig", task.value, source)

    def _export_signal(self, task: Any, signal: int, terminal: str) -> int:
        return self._do("export_signal", task.value, signal, terminal)

    def _write_analog_f64(
        self, task: Any, count: int, auto: bool, timeout: float, layout: int, array: np.ndarray, moved: Any, _: None
    ) -> int:
        del auto, timeout, layout
        code, moved._obj.value = self._try("write_analog", task.value, array.reshape(-1, count))
        return code

    def _read_analog_f64(
        self, task: Any, count: int, timeout: float, mode: int, array: np.ndarray, size: int, moved: Any, _: None
    ) -> int:
        del mode, size
        code, moved._obj.value = self._try("read_analog", task.value, count, timeout, array.reshape(-1))
        return code

    def _create_watchdog_timer_task_ex(self, device: str, name: str, handle: Any, timeout: float) -> int:
        code, handle._obj.value = self._try("create_watchdog_timer_task_ex", device, name, timeout)
        return code

    def _cfg_watchdog_ao_expir_states(self, task: Any, names: str, volts: np.ndarray, *_: Any) -> int:
        return self._do("cfg_watchdog_ao_expir_states", task.value, names, volts.tolist())

    def _control_watchdog_task(self, task: Any, action: int) -> int:
        return self._do("control_watchdog_task", task.value, action)

    def _get_error_string(self, code: int, buffer: Any, size: int) -> int:
        buffer.value = TEXTS.get(code, "")[: size - 1].encode()
        return 0

    def _get_extended_error_info(self, buffer: Any, size: int) -> int:
        buffer.value = self._last[: size - 1].encode()
        return 0


@contextmanager
def installed(rig: NiRig) -> Iterator[FakeLibrary]:
    """Put the fake where ``nidaqmx`` keeps the library, and take it away again."""
    from nidaqmx._lib import DaqFunctionImporter, lib_importer

    library = FakeLibrary(rig)
    before = lib_importer._windll, lib_importer._cdll, lib_importer._encoding
    lib_importer._windll = lib_importer._cdll = DaqFunctionImporter(library)
    lib_importer._encoding = "utf-8"
    try:
        yield library
    finally:
        lib_importer._windll, lib_importer._cdll, lib_importer._encoding = before


def _snake(name: str) -> str:
    out = ""
    for place, letter in enumerate(name):
        follows = name[place + 1 : place + 2]
        if letter.isupper() and place and (not name[place - 1].isupper() or follows.islower()):
            out += "_"
        out += letter.lower()
    return out


def _plain(value: Any) -> Any:
    value = getattr(value, "value", value)
    return value.decode() if isinstance(value, bytes) else value


def _give_scalar(value: Any, out: Any) -> int:
    out._obj.value = value
    return 0


def _give(value: Any, out: Any, size: int) -> int:
    """A string or an array, or its size when there is no room."""
    if isinstance(value, str):
        text = value.encode()
        if size:
            out.value = text
            return 0
        return len(text) + 1
    array = np.array(value, dtype=np.float64)
    if size:
        ctypes.memmove(out, array.ctypes.data, array.nbytes)
        return 0
    return len(array)
