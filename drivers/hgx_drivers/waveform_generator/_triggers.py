"""Whether an armed output has got its trigger."""

from __future__ import annotations

import time
from collections.abc import Callable

from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator.errors import GeneratorStateError

__all__ = ["wait_until_triggered"]

#: An instrument may need this long to say that it doesn't wait any more, and is asked this often.
_PATIENCE_SECONDS, _AGAIN_SECONDS = 0.5, 0.02


def wait_until_triggered(waiting: Callable[[], bool | None], identity: Identity) -> None:
    """Return as soon as no output waits for its trigger.

    Raises
    ------
    GeneratorStateError
        One still does.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while waiting():
        if time.monotonic() > deadline:
            raise GeneratorStateError(
                f"{identity.maker} {identity.model}, serial {identity.serial}, still waits for its trigger though the "
                "card has started.",
                remedy="Disconnect the device, then look at the cable from the card's start_out to the trigger input, "
                "and at the level and length of the pulse: some cards give out 50 ns, less than some generators see.",
            )
        time.sleep(_AGAIN_SECONDS)
