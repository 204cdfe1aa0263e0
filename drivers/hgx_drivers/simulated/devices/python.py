"""A device that people write themselves: a function from volts to amperes in a file of their own."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import DriverError

__all__ = ["PythonDevice", "UserCodeError"]

Floats = NDArray[np.float64]
Function = Callable[[Floats], Any]

#: Half the distance of the two voltages of a difference quotient: the cube root of the rounding of numbers about 1 V,
#: where truncation and rounding are about equal.
_STEP_VOLTS = float(np.finfo(np.float64).eps ** (1 / 3))


class UserCodeError(DriverError):
    """Code of the user raised an exception or returned something that isn't a current; says where."""

    exit_code = 2


class PythonDevice:
    """The currents that a function of the user returns.

    The function gets volts as an array of shape (E, n) of its own and returns amperes, shape (n,) or (O, n). It must
    treat each of the n samples alike and by itself, because streams are cut anywhere.

    Parameters
    ----------
    function:
        From volts to amperes.
    electrodes:
        Number of electrodes E.
    jacobian:
        From volts to derivatives in A/V, shape (E, n) or (O, E, n); None for central differences of the function.
    file:
        Where the function stands, for messages.

    Raises
    ------
    UserCodeError
        The function doesn't return currents for volts of zero.
    """

    def __init__(
        self, function: Function, electrodes: int, *, jacobian: Function | None = None, file: Path | None = None
    ) -> None:
        self._function, self._jacobian = function, jacobian
        self._electrodes = electrodes
        self._file = file or Path(getattr(getattr(function, "__code__", None), "co_filename", "<function>"))
        self._outputs: int | None = None
        # Two samples, so that a function that forgets the second axis is found here and not in the middle of a run.
        self._outputs = len(self.current(np.zeros((electrodes, 2))))

    @classmethod
    def from_file(
        cls, file: str | Path, electrodes: int, *, function: str = "current", jacobian: str | None = None
    ) -> PythonDevice:
        """Run the file and take its functions by their names.

        Raises
        ------
        UserCodeError
            The file can't be read or run, or has no such function.
        """
        file = Path(file)
        module = _run_file(file)
        slopes = None if jacobian is None else _function(module, jacobian, file)
        return cls(_function(module, function, file), electrodes, jacobian=slopes, file=file)

    @property
    def electrodes(self) -> int:
        """Number of electrodes E."""
        return self._electrodes

    @property
    def outputs(self) -> int:
        """Number of outputs O."""
        return self._outputs or 1

    def current(self, volts: Floats) -> Floats:
        """Amperes, shape (O, n), for volts of shape (E, n)."""
        result = self._numbers(self._function, volts)
        rows = np.atleast_2d(result)
        count = volts.shape[1]
        if result.ndim not in (1, 2) or rows.shape[1] != count or len(rows) != (self._outputs or len(rows)):
            wanted = f"({count},)" if self._outputs in (None, 1) else f"({self._outputs}, {count})"
            self._refuse(self._function, f"returned shape {result.shape} for volts of shape {volts.shape}", wanted)
        return rows

    def jacobian(self, volts: Floats) -> Floats:
        """dI/dV in A/V, shape (O, E, n): the user's own, or central differences good to about 1e-10 of I/V."""
        volts = np.asarray(volts, dtype=np.float64)
        count = volts.shape[1]
        if self._jacobian is None:
            slopes = np.empty((self.outputs, self._electrodes, count))
            for electrode in range(self._electrodes):
                above, below = volts.copy(), volts.copy()
                above[electrode] += _STEP_VOLTS
                below[electrode] -= _STEP_VOLTS
                rise = above[electrode] - below[electrode]  # what the step really is after rounding
                slopes[:, electrode] = (self.current(above) - self.current(below)) / rise
            return slopes
        result = self._numbers(self._jacobian, volts)
        slopes = result[None] if result.ndim == 2 else result
        if slopes.shape != (self.outputs, self._electrodes, count):
            wanted = f"{(self._electrodes, count)}" if self.outputs == 1 else f"{(self.outputs, *volts.shape)}"
            self._refuse(self._jacobian, f"returned shape {result.shape} for volts of shape {volts.shape}", wanted)
        return slopes

    def _numbers(self, function: Function, volts: Floats) -> Floats:
        given = np.array(volts, dtype=np.float64, order="C")  # theirs to change
        try:
            result = np.atleast_1d(np.array(function(given), dtype=np.float64, order="C"))
        except (Exception, SystemExit) as error:
            raise user_code_error(error, self._file) from error
        if not np.isfinite(result).all():
            sample = int(np.argwhere(~np.isfinite(result))[0][-1])
            at = ", ".join(f"{v:.6g}" for v in volts[:, sample]) if sample < volts.shape[1] else "?"
            self._refuse(function, f"returned a number that isn't finite at volts ({at})", "finite numbers")
        return result

    def _refuse(self, function: Function, what: str, wanted: str) -> NoReturn:
        code = getattr(function, "__code__", None)
        line = f":{code.co_firstlineno}" if code is not None else ""
        name = getattr(function, "__name__", "the function")
        raise UserCodeError(f"{self._file}{line}: {name} {what}.", remedy=f"Return {wanted}.")


def user_code_error(error: BaseException, file: Path) -> UserCodeError:
    """What went wrong in somebody's file, with the deepest line of it that was running."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename) == file]
    line = error.lineno if isinstance(error, SyntaxError) and error.filename == str(file) else None
    place = f"{file}:{line or (lines[-1] if lines else 1)}"
    return UserCodeError(f"{place}: {type(error).__name__}: {error}.", remedy="Correct the file and start again.")


def _run_file(file: Path) -> ModuleType:
    """Run a Python file as a module of its own; modules beside it can be imported while it runs."""
    module = ModuleType(f"hgx_user_{file.stem}")
    module.__file__ = str(file)
    try:
        source = file.read_bytes()
    except OSError as error:
        raise UserCodeError(f"{file} can't be read: {error.strerror}.") from error
    folder = str(file.parent)
    sys.path.insert(0, folder)
    sys.modules[module.__name__] = module  # where dataclasses look their module up
    try:
        # Compiled here and not by an importer, whose cache takes a file edited within a second for the old one.
        exec(compile(source, str(file), "exec"), module.__dict__)
    except (Exception, SystemExit) as error:
        raise user_code_error(error, file) from error
    finally:
        sys.path.remove(folder)
    return module


def _function(module: ModuleType, name: str, file: Path) -> Function:
    found = getattr(module, name, None)
    if not callable(found):
        names = [n for n, value in vars(module).items() if callable(value) and not n.startswith("_")]
        there = f"It has {', '.join(names)}." if names else "It has none."
        raise UserCodeError(f"{file}:1: there is no function {name}. {there}", remedy="Name one of its functions.")
    return found
