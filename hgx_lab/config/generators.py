"""``bench.generators``: waveform generators that give tones instead of the card."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hgx_lab.config.quantities import Quantity
from hgx_lab.config.section import Section
from hgx_lab.config.values import Text, Whole

__all__ = ["Generator"]


class Generator(Section):
    """A waveform generator whose outputs are added to the card's voltages by summing inputs."""

    driver: Literal["keysight", "siglent", "pymeasure:Agilent33500"] = Field(
        description="Maker of the instrument, or a driver of PyMeasure's in place of ours; another maker is refused."
    )
    resource: Annotated[str, Text(longest=200)] = Field(
        description="VISA resource name, as TCPIP0::192.168.0.7::5025::SOCKET."
    )
    channels: dict[Annotated[str, Text(longest=32)], Annotated[int, Whole(1, 8)]] = Field(
        min_length=1, description="Electrodes whose tones it gives, and the number of the output for each."
    )
    load: Annotated[float | Literal["high"], Quantity("Ohm", least=1.0, most=10e3, words=("high",))] = Field(
        default="high", description="What an output sees: high for a high-impedance input, 50 Ohm for a terminated one."
    )
    summing_gain: Annotated[float, Quantity("", above=0.0, most=1000.0)] = Field(
        default=1.0, description="Volts at the electrode for one volt at the generator's load."
    )
    reference: Literal["external", "internal"] = Field(
        default="external",
        description="Where its 10 MHz come from; internal only where the card gets its own from the generator.",
    )
    trigger: Literal["external"] = Field(default="external", description="The card's start starts the tones.")
    backend: Annotated[str, Text(longest=200)] = Field(
        default="@py", description="VISA library: @py for pyvisa-py, @ivi or a path for one that is installed."
    )
    timeout: Annotated[float, Quantity("s", above=0.0, most=60.0)] = Field(
        default=2.0, description="How long an answer of the instrument may take; the way to rest waits for answers too."
    )
