"""From the stages of a bench in a run file to those of the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from hgx_lab.config.bench import Noise, SimulatedBench

if TYPE_CHECKING:
    from hgx_drivers.simulated import ChainSettings, Flicker, Hum, Telegraph, White, WiringFault

__all__ = ["signal_chain"]

#: Time constants of electrodes with an external capacitor, from the first to the last: the range of those measured.
_EXTERNAL_SECONDS: Final = (22e-3, 37e-3)


def signal_chain(bench: SimulatedBench, electrodes: int, names: Sequence[str] = ()) -> ChainSettings:
    """The signal chain of a simulated bench with so many electrodes; ``names`` finds those of wiring faults."""
    from hgx_drivers.simulated import ChainSettings, Converter, Creep

    amplifier, charging, strays = bench.amplifier, bench.charging, bench.stray_capacitance
    dac, adc = bench.output_converter, bench.input_converter
    return ChainSettings(
        dac=Converter(dac.bits, *dac.range) if dac.bits is not None else None,
        wiring=_wiring(bench, names),
        electrode_seconds=_electrode_seconds(bench, electrodes),
        creep=Creep(charging.fraction, charging.time) if charging is not None and charging.fraction else None,
        delay_samples=bench.delay * bench.rate,
        stray_farads=strays[0] if len(strays) == 1 else strays,
        drift_amperes_per_second=bench.drift.rate if bench.drift is not None else 0.0,
        telegraphs=_telegraphs(bench.noise),
        flicker=_flicker(bench.noise),
        pole_hz=amplifier.bandwidth,
        white=_white(bench.noise),
        hum=_hum(bench.noise),
        gain_volts_per_ampere=(-1.0 if amplifier.inverting else 1.0) * (1.0 + bench.gain_error) / amplifier.gain,
        offset_volts=bench.offset,
        clip_volts=amplifier.clip,
        adc=Converter(adc.bits, *adc.range) if adc.bits is not None else None,
    )


def _electrode_seconds(bench: SimulatedBench, electrodes: int) -> tuple[float, ...]:
    given = bench.electrode_time * (electrodes if len(bench.electrode_time) == 1 else 1)
    first, last = _EXTERNAL_SECONDS
    spread = (last - first) / max(1, electrodes - 1)
    return tuple(first + k * spread if isinstance(time, str) else time for k, time in enumerate(given))


def _wiring(bench: SimulatedBench, names: Sequence[str]) -> tuple[WiringFault, ...]:
    from hgx_drivers.simulated import DeadInput, DeadOutput, OpenElectrode, ShortedPair, SwappedPair

    kinds = {
        "open": OpenElectrode,
        "dead-output": DeadOutput,
        "shorted": ShortedPair,
        "swapped": SwappedPair,
        "dead-input": DeadInput,
    }
    return tuple(kinds[fault.kind](*(list(names).index(name) for name in fault.electrodes)) for fault in bench.wiring)


def _telegraphs(noise: Noise | None) -> tuple[Telegraph, ...]:
    from hgx_drivers.simulated import Telegraph

    # One of no amplitude stays in its place: the others keep their sub-streams.
    return tuple(Telegraph(f.amplitude, f.up, f.down) for f in noise.fluctuators) if noise is not None else ()


def _flicker(noise: Noise | None) -> Flicker | None:
    from hgx_drivers.simulated import Flicker

    if noise is None or not noise.flicker:
        return None
    return Flicker(noise.flicker, noise.exponent, noise.lowest, noise.flicker_doubles_at)


def _white(noise: Noise | None) -> White | None:
    from hgx_drivers.simulated import White

    return White(noise.white) if noise is not None and noise.white else None


def _hum(noise: Noise | None) -> Hum | None:
    from hgx_drivers.simulated import Hum

    hum = noise.hum if noise is not None else None
    return Hum(hum.frequency, hum.amplitudes, hum.wander, hum.wander_time) if hum is not None else None
