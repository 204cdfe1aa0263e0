"""From the bench of a run file to an open card, and what the program must know about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgx_drivers.interface import DaqCard, InputChannel, OutputChannel, StreamSettings
from hgx_lab.config import RunFile
from hgx_lab.config.bench import SimulatedBench
from hgx_lab.experiments._device import Tell, prepare_device, say_nothing, simulated_device

if TYPE_CHECKING:
    from hgx_drivers.simulated import ChainSettings, Fault, Plant

__all__ = ["Bench", "open_bench", "simulated_plant", "stream_settings"]


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """An open bench. ``amperes_per_volt`` has the sign of the converter, so that currents come out right."""

    card: DaqCard
    settings: StreamSettings
    block_samples: int
    lead_samples: int
    amperes_per_volt: float
    overload_amperes: float

    @property
    def rate_hz(self) -> float:
        """Samples per second of both directions."""
        return self.settings.rate_hz


def open_bench(run: RunFile, *, tell: Tell = say_nothing) -> Bench:
    """Open the bench of a run file; its card is to be closed by the caller.

    ``tell`` hears, with their data, what takes long and what should be in the record.
    """
    bench = run.bench
    amplifier = bench.amplifier
    sign = -1.0 if amplifier.inverting else 1.0
    return Bench(
        card=_simulated_card(run, bench, tell),
        settings=stream_settings(run),
        block_samples=max(1, round(bench.block * bench.rate)),
        lead_samples=max(1, round(bench.lead * bench.rate)),
        amperes_per_volt=sign * amplifier.gain,
        # One step of a 16-bit converter below the clip counts as clipped: quantisation rounds to either side.
        overload_amperes=amplifier.gain * min(amplifier.clip, bench.input_converter.range[1]) * (1 - 2**-13),
    )


def stream_settings(run: RunFile) -> StreamSettings:
    """Channels, rate and buffers of a run on the simulated bench, terminals in the order of the electrodes."""
    bench = run.bench
    low_out, high_out = bench.output_converter.range
    low_in, high_in = bench.input_converter.range
    return StreamSettings(
        outputs=tuple(OutputChannel(e.name, f"ao{i}", low_out, high_out) for i, e in enumerate(run.electrodes)),
        inputs=(InputChannel("current", "ai0", low_in, high_in),),
        rate_hz=bench.rate,
        output_buffer_samples=round(bench.output_buffer * bench.rate),
        input_buffer_samples=round(bench.input_buffer * bench.rate),
    )


def simulated_plant(run: RunFile, bench: SimulatedBench, *, tell: Tell = say_nothing) -> Plant:
    """Make device and signal chain of a simulated bench, seeded by the run."""
    from hgx_drivers.simulated import Plant

    device = simulated_device(bench, len(run.electrodes))
    prepare_device(device, bench.device, tell)
    return Plant(device, _chain(bench), seed=run.seed)


def _simulated_card(run: RunFile, bench: SimulatedBench, tell: Tell) -> DaqCard:
    from hgx_drivers.simulated import FastClock, RealTimeClock, SimulatedCard

    clock = FastClock() if bench.clock == "fast" else RealTimeClock()
    return SimulatedCard(simulated_plant(run, bench, tell=tell), clock, faults=_faults(bench))


def _chain(bench: SimulatedBench) -> ChainSettings:
    from hgx_drivers.simulated import ChainSettings, Converter, Flicker, Hum, White

    noise = bench.noise
    hum = noise.hum if noise is not None else None
    dac, adc = bench.output_converter, bench.input_converter
    strays = bench.stray_capacitance
    return ChainSettings(
        dac=Converter(dac.bits, *dac.range) if dac.bits is not None else None,
        delay_samples=bench.delay * bench.rate,
        stray_farads=strays[0] if len(strays) == 1 else strays,
        drift_amperes_per_second=bench.drift.rate if bench.drift is not None else 0.0,
        flicker=Flicker(noise.flicker, noise.exponent, noise.lowest) if noise and noise.flicker else None,
        pole_hz=bench.amplifier.bandwidth,
        white=White(noise.white) if noise and noise.white else None,
        hum=Hum(hum.frequency, hum.amplitudes, hum.wander) if hum else None,
        gain_volts_per_ampere=(-1.0 if bench.amplifier.inverting else 1.0) / bench.amplifier.gain,
        clip_volts=bench.amplifier.clip,
        adc=Converter(adc.bits, *adc.range) if adc.bits is not None else None,
    )


def _faults(bench: SimulatedBench) -> tuple[Fault, ...]:
    from hgx_drivers.simulated import Disconnect, NanSamples, Overflow, Stall, Underflow

    kinds = {
        "underflow": Underflow,
        "overflow": Overflow,
        "disconnect": Disconnect,
        "nan": NanSamples,
        "stall": Stall,
    }
    return tuple(kinds[fault.kind](round(fault.at * bench.rate)) for fault in bench.faults)
