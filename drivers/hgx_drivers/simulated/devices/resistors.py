"""A network of resistors, solved exactly: what it does to a voltage is a sum that people can do by hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hgx_drivers.errors import RangeError
from hgx_drivers.simulated.devices.linear import LinearDevice

__all__ = ["ResistorNetwork"]

Floats = NDArray[np.float64]

_GROUND = "ground"


class ResistorNetwork:
    """I = G V, with G from nodal analysis of the network.

    Kirchhoff's law at every free node u, ``sum_j g_uj (V_j - V_u) = 0``, gives the potentials of the free nodes
    as fixed shares of the terminals' voltages (C.-W. Ho, A. Ruehli and P. Brennan, IEEE Trans. Circuits Syst. 22,
    504 (1975)); the current into the output, which is held at 0 V, is ``sum_j g_oj V_j``.

    Parameters
    ----------
    resistors:
        (node, node, conductance in A/V) of each; several between the same nodes add up.
    terminals:
        The node that each electrode drives, in the order of the electrodes.
    output:
        The node at 0 V whose current is measured. A node called ``ground`` is at 0 V too.

    Raises
    ------
    RangeError
        A conductance isn't positive, a driven node is driven twice or held, or a node hangs in the air.
    """

    def __init__(
        self, resistors: Sequence[tuple[str, str, float]], terminals: Sequence[str], output: str = "out"
    ) -> None:
        names = list(dict.fromkeys([*terminals, output, _GROUND, *(n for a, b, _ in resistors for n in (a, b))]))
        held = len(terminals) + 2
        if len(set(terminals) | {output, _GROUND}) != held:
            raise RangeError(
                f"Electrodes drive {list(terminals)}; each needs a node of its own, not {output} or ground."
            )
        place = {name: i for i, name in enumerate(names)}
        laplacian = np.zeros((len(names), len(names)))
        for first, second, conductance in resistors:
            if not 0.0 < conductance < np.inf:
                raise RangeError(f"The resistor between {first} and {second} has a conductance of {conductance} A/V.")
            a, b = place[first], place[second]
            laplacian[[a, b], [a, b]] += conductance
            laplacian[[a, b], [b, a]] -= conductance
        # Potentials of the free nodes for one volt on each terminal; those held at 0 V don't matter.
        inner, coupling = laplacian[held:, held:], laplacian[held:, : len(terminals)]
        _refuse_floating(laplacian, names, held)
        shares: Floats = np.asarray(np.linalg.solve(inner, -coupling), dtype=np.float64)
        self._shares = shares
        at_output = laplacian[len(terminals)]
        self._conductances = -(at_output[: len(terminals)] + at_output[held:] @ self._shares)
        self._free = tuple(names[held:])
        self._device = LinearDevice(self._conductances)

    @property
    def electrodes(self) -> int:
        """Number of electrodes E."""
        return self._device.electrodes

    @property
    def outputs(self) -> int:
        """One."""
        return 1

    @property
    def free_nodes(self) -> tuple[str, ...]:
        """Names of the nodes that nothing holds, in the order of :meth:`potentials`."""
        return self._free

    def potentials(self, volts: Floats) -> Floats:
        """Volts at the free nodes, shape (free nodes, n), for volts of shape (E, n)."""
        return self._shares @ volts

    def current(self, volts: Floats) -> Floats:
        """Amperes into the output, shape (1, n), for volts of shape (E, n)."""
        return self._device.current(volts)

    def jacobian(self, volts: Floats) -> Floats:
        """G for every sample, shape (1, E, n)."""
        return self._device.jacobian(volts)


def _refuse_floating(laplacian: Floats, names: list[str], held: int) -> None:
    """A free node without any path to a held one has no potential."""
    reached = np.arange(len(names)) < held
    while True:
        grown = reached | ((laplacian != 0.0) @ reached)
        if np.array_equal(grown, reached):
            break
        reached = grown
    floating = [name for name, found in zip(names, reached, strict=True) if not found]
    if floating:
        raise RangeError(
            f"Nothing connects {', '.join(floating)} to an electrode, the output or ground.",
            remedy="Add a resistor from there.",
        )
