"""The derivative freed of its third-order bias, from lines of its own.

Third order of a memoryless device with all tones in sine phase:

    f_kkk a_k^3 / 6 sin^3(t_k)                = f_kkk a_k^3 / 24 (3 sin t_k - sin 3 t_k)
    f_kjj a_k a_j^2 / 2 sin(t_k) sin^2(t_j)   = f_kjj a_k a_j^2 / 8 (2 sin t_k - sin(2 t_j + t_k) + sin(2 t_j - t_k))

The tone k itself reads ``a_k f_k + a_k^3 f_kkk / 8 + sum_j a_k a_j^2 f_kjj / 4``, and
``A(f_k) + 3 A(3 f_k) + 2 sum_j A(2 f_j + f_k)``, all in phase and signed, is ``a_k f_k`` up to fifth order.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from hgx_lab.errors import SignalError
from hgx_lab.signals._first_order import (
    Derivatives,
    Responses,
    chain_at,
    checked_amplitudes,
    checked_lines,
    from_complex,
)
from hgx_lab.signals.types import Complex, Floats

__all__ = ["compression_corrected"]


def compression_corrected(
    phasors: Complex,
    phasor_std: Floats,
    triple: Complex,
    triple_std: Floats,
    cross: Complex,
    cross_std: Floats,
    frequencies_hz: ArrayLike,
    amplitudes: ArrayLike,
    response: Responses,
) -> Derivatives:
    """Derivatives without compression, for a plan in which every third-order line has a bin of its own.

    The noise of the lines adds: worth it where ``a^2 f''' / 8`` exceeds the standard deviation.

    Parameters
    ----------
    phasors, phasor_std:
        (C, K): at the tones f_k; the std is that of the real and of the imaginary part, each.
    triple, triple_std:
        (C, K): at 3 f_k.
    cross, cross_std:
        (C, K, K): at ``2 f_j + f_k`` in ``[c, k, j]``; the diagonal isn't used.
    frequencies_hz, amplitudes:
        (K,): of the tones; volts, 0 where there is none.
    response:
        Of the signal chain; one, or one for every input channel.

    Raises
    ------
    SignalError
        Shapes that don't fit, or a negative or non-finite amplitude.
    """
    volts = checked_amplitudes(amplitudes)
    size = volts.size
    tones = np.asarray(frequencies_hz, dtype=np.float64)
    phasors, phasor_std = checked_lines(phasors, phasor_std, size)
    triple, triple_std = checked_lines(triple, triple_std, size)
    channels = phasors.shape[0]
    cross, cross_std = np.asarray(cross, dtype=np.complex128), np.asarray(cross_std, dtype=np.float64)
    if triple.shape[0] != channels or cross.shape != (channels, size, size) or cross_std.shape != cross.shape:
        raise SignalError(
            f"Lines at 3 f must have the shape {phasors.shape} and lines at 2 f_j + f_k the shape "
            f"{(channels, size, size)}, not {triple.shape}, {cross.shape} and {cross_std.shape}."
        )
    at_tone = chain_at(response, tones, phasors.shape)
    at_triple = chain_at(response, 3 * tones, phasors.shape)
    at_cross = chain_at(response, tones[:, None] + 2 * tones[None, :], cross.shape)
    # A silent tone makes no lines; reading them would add noise only.
    used = (volts[:, None] > 0) & (volts[None, :] > 0) & ~np.eye(size, dtype=np.bool_)
    currents = phasors / at_tone + 3 * triple / at_triple
    currents += 2 * np.sum(np.where(used, cross / at_cross, 0.0), axis=2)
    variance = (phasor_std / np.abs(at_tone)) ** 2 + (3 * triple_std / np.abs(at_triple)) ** 2
    variance += 4 * np.sum(np.where(used, cross_std / np.abs(at_cross), 0.0) ** 2, axis=2)
    return from_complex(currents, np.sqrt(variance), volts)
