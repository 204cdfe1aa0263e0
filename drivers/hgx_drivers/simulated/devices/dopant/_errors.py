"""What can go wrong with a dopant network."""

from __future__ import annotations

from hgx_drivers.errors import DriverError

__all__ = ["LayoutError", "SolverError", "VoltageError"]


class LayoutError(DriverError, ValueError):
    """A layout can't be made, read or used: a number is missing, out of range or of the wrong shape."""

    exit_code = 2


class VoltageError(DriverError, ValueError):
    """Voltages of the wrong shape, or that aren't finite numbers."""


class SolverError(DriverError):
    """The master equation didn't converge; no current is returned for a state that wasn't verified."""
