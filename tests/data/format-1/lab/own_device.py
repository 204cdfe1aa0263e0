"""A device of one's own, for configs/own-device.yaml: a single-electron transistor with four gates.

Its current oscillates with the charge that the gates induce on the island, once for each electron. At the temperature
assumed here the oscillation is all but a sine.
"""

import numpy as np

ELECTRON = 1.602176634e-19  # C
CAPACITANCES = np.array([80e-21, 75e-21, 60e-21, 40e-21])  # F, gate to island: one electron for some 2 V
LARGEST, SMALLEST = 60e-9, 5e-9  # A
BACKGROUND = 0.17  # electrons, what charges nearby induce


def current(volts):
    """Amperes, shape (n,), for volts of shape (4, n)."""
    electrons = CAPACITANCES @ volts / ELECTRON + BACKGROUND
    return SMALLEST + (LARGEST - SMALLEST) * np.sin(np.pi * electrons) ** 2


def jacobian(volts):
    """A/V, shape (4, n); a run doesn't need it, but tests and figures compare with it."""
    electrons = CAPACITANCES @ volts / ELECTRON + BACKGROUND
    slope = (LARGEST - SMALLEST) * np.pi * np.sin(2 * np.pi * electrons)
    return CAPACITANCES[:, None] / ELECTRON * slope
