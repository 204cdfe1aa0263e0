"""What a previous user may have left, in the words in which he would have said it, drawn at random.

"Guide" is Agilent's 33500 Series Operating and Service Guide, "PG02" Siglent's SDG Series Programming Guide PG02-E05C,
each with its page where that is known, otherwise with the subsystem. "Reported" stands for other people's drivers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tests.doors.scpi_instrument import ErrorStyle, ScpiInstrument
from tests.doors.scpi_keysight import KeysightLanguage
from tests.doors.scpi_siglent import SiglentLanguage

__all__ = ["KEYSIGHT_LEFT", "SIGLENT_LEFT", "Left", "draw_state", "habits_of", "leave", "left_by"]

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class Left:
    """Something that somebody left: commands for output ``{n}``, with what is drawn in them.

    Of one ``group`` an instrument can have one at a time. ``both`` is said of either output or of both, and what isn't
    concerns the instrument.
    """

    name: str
    where: str
    commands: Callable[[Rng], Sequence[str]]
    group: str = ""
    both: bool = True


def _said(name: str, where: str, *commands: str, group: str = "", both: bool = True) -> Left:
    return Left(name, where, lambda rng: commands, group, both)


def _volts(rng: Rng, low: float, high: float) -> str:
    return f"{rng.uniform(low, high):.4f}"


_MODES = "mode"

#: In an order in which an instrument takes them.
KEYSIGHT_LEFT = (
    Left("load", "Guide p. 61", lambda rng: [f"OUTP{{n}}:LOAD {rng.choice(['50', '75', 'INF'])}"]),
    Left(
        "levels",
        "Guide, VOLTage subsystem",
        lambda rng: [f"SOUR{{n}}:VOLT {_volts(rng, 0.01, 5)}", f"SOUR{{n}}:VOLT:OFFS {_volts(rng, -2, 2)}"],
    ),
    Left("frequency", "Guide, FREQuency subsystem", lambda rng: [f"SOUR{{n}}:FREQ {_volts(rng, 1, 9e4)}"]),
    Left("phase", "Guide, PHASe subsystem", lambda rng: [f"SOUR{{n}}:PHAS {_volts(rng, -180, 180)}"]),
    Left(
        "waveform",
        "Guide, FUNCtion subsystem",
        lambda rng: [f"SOUR{{n}}:FUNC {rng.choice(['SQU', 'TRI', 'RAMP', 'PULS', 'NOIS', 'PRBS', 'DC', 'ARB'])}"],
    ),
    _said("Vrms", "Guide p. 61", "SOUR{n}:VOLT:UNIT VRMS", group="unit"),
    _said("dBm", "Guide p. 61", "OUTP{n}:LOAD 50", "SOUR{n}:VOLT:UNIT DBM", group="unit"),
    _said("polarity", "Guide, OUTPut subsystem", "OUTP{n}:POL INV"),
    _said("gated output", "Guide, OUTPut subsystem", "OUTP{n}:MODE GAT"),
    *(
        _said(f"{word} modulation", f"Guide, {word} subsystem", f"SOUR{{n}}:{word}:STAT ON", group=_MODES)
        for word in ("AM", "FM", "PM", "PWM", "FSK", "BPSK", "SUM")
    ),
    _said("sweep", "Guide, SWEep subsystem", "SOUR{n}:SWE:STAT ON", group=_MODES),
    _said("list", "Guide, FREQuency subsystem", "SOUR{n}:FREQ:MODE LIST", group=_MODES),
    Left(
        "burst",
        "Guide p. 177",
        lambda rng: [
            f"TRIG{{n}}:SOUR {rng.choice(['IMM', 'EXT', 'TIM', 'BUS'])}",
            f"SOUR{{n}}:BURS:MODE {rng.choice(['TRIG', 'GAT'])}",
            f"SOUR{{n}}:BURS:NCYC {rng.choice(['1', '7', 'INF'])}",
            f"SOUR{{n}}:BURS:PHAS {_volts(rng, -180, 180)}",
            "SOUR{n}:BURS:STAT ON",
        ],
        group=_MODES,
    ),
    _said("trigger slope", "Guide, TRIGger subsystem", "TRIG{n}:SLOP NEG"),
    Left("trigger delay", "Guide, TRIGger subsystem", lambda rng: [f"TRIG{{n}}:DEL {_volts(rng, 1e-3, 1)}"]),
    _said("trigger count", "reported", "TRIG{n}:COUN 3"),
    _said("continuous initiation", "reported", "INIT{n}:CONT OFF"),
    _said("trigger output", "Guide p. 264", "OUTP:TRIG ON", both=False),
    _said("arbitrary filter", "Guide, FUNCtion subsystem", "SOUR{n}:FUNC:ARB:FILT NORM"),
    _said("arbitrary advance", "Guide, FUNCtion subsystem", "SOUR{n}:FUNC:ARB:ADV TRIG"),
    Left("angle unit", "Guide, UNIT subsystem", lambda rng: [f"UNIT:ANGL {rng.choice(['RAD', 'SEC'])}"], both=False),
    _said("automatic reference", "reported", "ROSC:SOUR:AUTO ON", both=False),
    _said("autorange", "Guide, VOLTage subsystem", "SOUR{n}:VOLT:RANG:AUTO OFF"),
    _said("combined with 2", "Guide, COMBine subsystem", "SOUR1:COMB:FEED CH2", both=False),
    _said("combined with 1", "Guide, COMBine subsystem", "SOUR2:COMB:FEED CH1", both=False),
    Left(
        "frequency coupling",
        "Guide, FREQuency subsystem",
        lambda rng: [
            f"SOUR1:FREQ:COUP:MODE {rng.choice(['RAT', 'OFFS'])}",
            f"SOUR1:FREQ:COUP:RAT {rng.integers(1, 5)}",
            f"SOUR1:FREQ:COUP:OFFS {rng.integers(0, 900)}",
            "SOUR1:FREQ:COUP ON",
        ],
        both=False,
    ),
    _said("voltage coupling", "Guide, VOLTage subsystem", "SOUR1:VOLT:COUP ON", both=False),
    _said("rate coupling", "Guide, RATE subsystem", "SOUR1:RATE:COUP ON", both=False),
    _said("tracking", "Guide p. 315", "SOUR1:TRAC ON", group="tracking", both=False),
    _said("tracking, inverted", "Guide p. 315", "SOUR2:TRAC INV", group="tracking", both=False),
    Left(
        "voltage limits",
        "Guide p. 61",
        lambda rng: [
            f"SOUR{{n}}:VOLT:LIM:HIGH {_volts(rng, 0.1, 5)}",
            f"SOUR{{n}}:VOLT:LIM:LOW {_volts(rng, -5, -0.1)}",
            "SOUR{n}:VOLT:LIM:STAT ON",
        ],
    ),
    _said("output on", "Guide, OUTPut subsystem", "OUTP{n} ON"),
)
SIGLENT_LEFT = (
    Left("load", "PG02 3.3, p. 15", lambda rng: [f"C{{n}}:OUTP LOAD,{rng.choice(['50', '75', '600', 'HZ'])}"]),
    Left(
        "levels",
        "PG02 3.4, p. 17",
        lambda rng: [f"C{{n}}:BSWV OFST,{_volts(rng, -2, 2)},AMP,{_volts(rng, 0.01, 5)}"],
    ),
    Left("frequency", "PG02 3.4, p. 17", lambda rng: [f"C{{n}}:BSWV FRQ,{_volts(rng, 1, 9e4)}"]),
    Left("phase", "PG02 3.4, p. 17", lambda rng: [f"C{{n}}:BSWV PHSE,{_volts(rng, 0, 360)}"]),
    Left(
        "waveform",
        "PG02 3.4, p. 17",
        lambda rng: [f"C{{n}}:BSWV WVTP,{rng.choice(['SQUARE', 'RAMP', 'PULSE', 'NOISE', 'DC', 'ARB'])}"],
    ),
    _said("polarity", "PG02 3.3, p. 15", "C{n}:OUTP PLRT,INVT"),
    _said("inverted", "PG02 3.24, p. 82", "C{n}:INVT ON"),
    Left(
        "modulation",
        "PG02 3.5, p. 21",
        lambda rng: [
            "C{n}:MDWV STATE,ON",
            f"C{{n}}:MDWV {rng.choice(['AM', 'DSBAM', 'FM', 'PM', 'PWM', 'ASK', 'FSK', 'PSK'])}",
        ],
        group=_MODES,
    ),
    _said("sweep", "PG02 3.6, p. 25", "C{n}:SWWV STATE,ON", group=_MODES),
    Left(
        "burst",
        "PG02 3.7, p. 46",
        lambda rng: [
            "C{n}:BTWV STATE,ON",
            f"C{{n}}:BTWV GATE_NCYC,{rng.choice(['GATE', 'NCYC'])}",
            f"C{{n}}:BTWV TRSR,{rng.choice(['EXT', 'INT', 'MAN'])}",
            f"C{{n}}:BTWV TIME,{rng.choice(['1', '7', 'INF'])}",
            f"C{{n}}:BTWV DLAY,{_volts(rng, 1e-3, 1)}",
            f"C{{n}}:BTWV EDGE,{rng.choice(['RISE', 'FALL'])},STPS,{_volts(rng, 0, 360)}",
        ],
        group=_MODES,
    ),
    _said("harmonics", "PG02 3.41, p. 130", "C{n}:HARM HARMSTATE,ON"),
    _said("added noise", "PG02 3.3, p. 15", "C{n}:NOISE_ADD STATE,ON,RATIO,120"),
    Left(
        "TrueArb",
        "PG02 3.40, p. 129",
        lambda rng: [f"C{{n}}:SRATE MODE,TARB,VALUE,{rng.integers(1000, 10**6)}"],
    ),
    _said("combined", "PG02 3.42, p. 131", "C{n}:CMBN ON"),
    Left(
        "frequency coupling",
        "PG02 3.26, p. 84",
        lambda rng: [f"COUP FDEV,{rng.integers(0, 900)},FRAT,{rng.integers(1, 5)}", "COUP FCOUP,ON"],
        both=False,
    ),
    Left(
        "phase coupling",
        "PG02 3.26, p. 84",
        lambda rng: [f"COUP PDEV,{rng.integers(0, 180)}", "COUP PCOUP,ON"],
        both=False,
    ),
    Left(
        "amplitude coupling",
        "PG02 3.26, p. 84",
        lambda rng: [f"COUP ARAT,{rng.integers(1, 5)}", "COUP ACOUP,ON"],
        both=False,
    ),
    _said("tracking", "PG02 3.26, p. 84", "COUP TRACE,ON", both=False),
    _said("phase mode", "PG02 3.43, p. 132", "MODE INDEPENDENT", both=False),
    Left(
        "synchronised instruments",
        "PG02 3.44, p. 132",
        lambda rng: [f"CASCADE STATE,ON,MODE,{rng.choice(['MASTER', 'SLAVE'])}"],
        both=False,
    ),
    _said("decimal comma", "PG02 3.12, p. 55", "NBFM PNT,COMMA", both=False),
    _said("output on", "PG02 3.3, p. 15", "C{n}:OUTP ON"),
)


def left_by(instrument: ScpiInstrument) -> tuple[Left, ...]:
    """What can be left on an instrument of this family."""
    return SIGLENT_LEFT if isinstance(instrument.language, SiglentLanguage) else KEYSIGHT_LEFT


def leave(instrument: ScpiInstrument, left: Sequence[Left], rng: Rng) -> None:
    """Leave these things, in their order."""
    for one in left:
        outputs = [1, 2] if one.both else [1]
        if one.both and rng.random() < 0.5:
            outputs = [int(rng.integers(1, 3))]
        for n in outputs:
            instrument.send(*(command.replace("{n}", str(n)) for command in one.commands(rng)))


def draw_state(instrument: ScpiInstrument, rng: Rng) -> tuple[str, ...]:
    """Leave the instrument in a state drawn at random, also one of none; the names of what was left."""
    share = rng.choice([0.0, 0.08, 0.25, 0.5])
    taken: set[str] = set()
    drawn: list[Left] = []
    every = left_by(instrument)
    # Which one of a group it is doesn't depend on the order in which they are said.
    for place in rng.permutation(len(every)):
        one = every[int(place)]
        if rng.random() < share and one.group not in taken:
            drawn.append(one)
            taken |= {one.group} - {""}
    drawn.sort(key=every.index)
    leave(instrument, drawn, rng)
    return tuple(one.name for one in drawn)


def habits_of(instrument: ScpiInstrument, rng: Rng) -> tuple[str, ...]:
    """Draw how the instrument answers, within what is reported of real ones; the names of what is unusual."""
    styles: tuple[ErrorStyle, ...] = ("plain", "plain", "minus", "constant")
    instrument.error_style = styles[int(rng.integers(len(styles)))]
    names = [] if instrument.error_style == "plain" else [f"error queue {instrument.error_style}"]
    language = instrument.language
    if isinstance(language, SiglentLanguage):
        language.style = str(rng.choice(["plain", "prefixed", "lower", "power"]))
        language.tells_edge = bool(rng.random() < 0.5)
        names += [f"answers {language.style}"] if language.style != "plain" else []
    elif isinstance(language, KeysightLanguage):
        instrument.tells_triggers = bool(rng.random() < 0.7)
        old = ("TRIG1:COUN", "TRIG2:COUN", "INIT", "ROSC:SOUR:AUTO", "SOUR1:PHAS:ARB", "SOUR2:PHAS:ARB")
        if rng.random() < 0.3:
            language.unknown += old
            names.append("an old firmware")
    return tuple(names)
