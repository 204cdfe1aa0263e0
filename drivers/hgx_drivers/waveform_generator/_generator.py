"""A waveform generator that speaks over VISA, whatever its maker."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from hgx_drivers.interface import Identity
from hgx_drivers.waveform_generator._checked import CheckedGenerator
from hgx_drivers.waveform_generator._dialect import Command, Dialect
from hgx_drivers.waveform_generator._interface import GeneratorChannel
from hgx_drivers.waveform_generator._levels import Model
from hgx_drivers.waveform_generator._settings import GeneratorSettings
from hgx_drivers.waveform_generator._visa import VisaLink
from hgx_drivers.waveform_generator.errors import GeneratorRefused
from hgx_drivers.waveform_generator.keysight import Keysight
from hgx_drivers.waveform_generator.siglent import Siglent

__all__ = ["ScpiGenerator", "open_generator"]


def open_generator(settings: GeneratorSettings, dialects: Sequence[Dialect] = (Keysight(), Siglent())) -> ScpiGenerator:
    """Open a generator; its maker and model are found by its identity. Its outputs stay as they are.

    Raises
    ------
    DriverError
        pyvisa isn't installed.
    GeneratorRefused, GeneratorTimeout
        Nothing is there, or nothing that we know.
    ChannelError, RangeError
        Channels that the model doesn't have.
    GeneratorMismatch, ScpiError
        The reference can't be had.
    """
    with ExitStack() as stack:
        link = VisaLink(settings.resource, backend=settings.backend, timeout_seconds=settings.timeout_seconds)
        stack.callback(link.close)
        dialect, model, identity = _identify(link, dialects)
        generator = ScpiGenerator(link, dialect, model, identity, settings.channels)
        generator.set_reference(settings.reference)
        stack.pop_all()
    return generator


def _identify(link: VisaLink, dialects: Sequence[Dialect]) -> tuple[Dialect, Model, Identity]:
    maker, name, serial, firmware = ([field.strip() for field in link.identity.split(",")] + [""] * 4)[:4]
    for dialect in dialects:
        model = dialect.model(maker, name)
        if model is not None:
            driver = f"firmware {firmware}; {link.resource_name}"
            return dialect, model, Identity(dialect.maker, model.name, serial, driver)
    raise GeneratorRefused(
        f"{link.resource_name} says it is {link.identity!r}, which isn't a generator that is known here.",
        remedy="Known are Keysight 33500 and 33600 and Siglent SDG1000X, SDG2000X and SDG6000X.",
    )


class ScpiGenerator(CheckedGenerator):
    """A :class:`WaveformGenerator` made of a link and a dialect."""

    def __init__(
        self,
        link: VisaLink,
        dialect: Dialect,
        model: Model,
        identity: Identity,
        channels: Sequence[GeneratorChannel],
    ) -> None:
        super().__init__(dialect, model, identity, channels)
        self._link = link

    def close(self) -> None:
        """Let go of the instrument, whose outputs stay as they are. Idempotent."""
        self._link.close()

    def _ask(self, question: str, channel: str) -> str:
        return self._link.ask(question, channel=channel)

    def _ask_if_known(self, question: str, channel: str) -> str | None:
        return self._link.ask_if_known(question, channel=channel)

    def _command(self, command: Command, channel: str) -> None:
        self._link.command(command, channel=channel)
