from __future__ import annotations

import numpy as np
import pytest

from hgx_drivers.simulated._delay import DelayLine


@pytest.mark.parametrize("samples", [0.0, 0.3, 0.7, 1.0, 1.5, 2.4, 3.7, 4.49, 6.5, 100.3, 200.0])
@pytest.mark.parametrize(("frequency", "error"), [(0.01, 1.5e-4), (0.06, 5e-3), (0.1, 1.3e-2)])
def test_a_sine_arrives_later_by_the_delay_and_no_smaller(samples: float, frequency: float, error: float) -> None:
    n = np.arange(4000)
    arrived = DelayLine(samples, np.zeros(1)).delay(np.sin(2 * np.pi * frequency * n)[None].copy())[0]
    phasor = 2 * np.mean(arrived[2000:] * np.exp(-2j * np.pi * frequency * n[2000:]))
    expected = -1j * np.exp(-2j * np.pi * frequency * samples)
    # From four samples on the delay is that of the fourth order.
    allowed = 1e-4 if samples > 3.5 else error
    assert abs(np.angle(phasor / expected)) / (2 * np.pi * frequency) < allowed
    assert abs(abs(phasor) - 1) < 1e-9


def test_a_constant_is_there_from_the_first_sample() -> None:
    assert np.allclose(DelayLine(6.3, np.array([2.5])).delay(np.full((1, 50), 2.5)), 2.5, rtol=1e-12)
