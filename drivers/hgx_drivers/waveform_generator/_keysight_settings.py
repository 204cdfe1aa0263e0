"""What a previous user may have left on a Keysight 33500 or 33600, and what the tones need.

"Guide" is Agilent's 33500 Series Operating and Service Guide, with the page where it is known and the subsystem where
it isn't. Settings on which nobody but other people's lists of a 33600A's settings was at hand are marked as reported.

Looked at elsewhere: load, function, frequency, amplitude, offset, phase and burst are read back with every waveform,
and the reference when it is chosen. Voltage limits are a protection that somebody wanted, so they stay; limits that
are in the way are refused by name. Sync and marker signals leave by connectors of their own.
"""

from __future__ import annotations

from hgx_drivers.waveform_generator._setting import Setting

__all__ = ["KEYSIGHT_REFERENCE", "KEYSIGHT_SETTINGS"]

_OFF = ("OFF", "0")


def _modulation(word: str, name: str) -> Setting:
    return Setting(
        name,
        "the tone is modulated",
        f"SOUR{{n}}:{word}:STAT?",
        _OFF,
        f"SOUR{{n}}:{word}:STAT OFF",
        f"Guide, {word} subsystem",
        optional=word in ("SUM", "BPSK", "PWM"),
    )


#: In the order in which they are set: what ties two outputs together comes first, then what may refuse a frequency.
KEYSIGHT_SETTINGS = (
    Setting(
        "tracking",
        "every change of one output is made to the other as well",
        "SOUR{n}:TRAC?",
        _OFF,
        "SOUR{n}:TRAC OFF",
        "Guide p. 315",
        shared=True,
        outputs=2,
    ),
    Setting(
        "frequency coupling",
        "the frequency of one output follows that of the other",
        "SOUR{n}:FREQ:COUP:STAT?",
        _OFF,
        "SOUR{n}:FREQ:COUP:STAT OFF",
        "Guide, FREQuency subsystem",
        shared=True,
        outputs=2,
    ),
    Setting(
        "voltage coupling",
        "amplitude and offset of one output follow those of the other",
        "SOUR{n}:VOLT:COUP:STAT?",
        _OFF,
        "SOUR{n}:VOLT:COUP:STAT OFF",
        "Guide, VOLTage subsystem",
        shared=True,
        outputs=2,
    ),
    Setting(
        "sample rate coupling",
        "the sample rate of one output follows that of the other",
        "SOUR{n}:RATE:COUP:STAT?",
        _OFF,
        "SOUR{n}:RATE:COUP:STAT OFF",
        "Guide, RATE subsystem",
        shared=True,
        outputs=2,
        optional=True,
    ),
    Setting(
        "combined output",
        "the signal of the other output is added to this one",
        "SOUR{n}:COMB:FEED?",
        ("NONE",),
        "SOUR{n}:COMB:FEED NONE",
        "Guide, COMBine subsystem",
        outputs=2,
    ),
    Setting(
        "burst",
        "it refuses frequencies with -221, and the output plays at other times than it should",
        "SOUR{n}:BURS:STAT?",
        _OFF,
        "SOUR{n}:BURS:STAT OFF",
        "Guide p. 177",
    ),
    Setting(
        "sweep",
        "the frequency moves",
        "SOUR{n}:SWE:STAT?",
        _OFF,
        "SOUR{n}:SWE:STAT OFF",
        "Guide, SWEep subsystem",
    ),
    _modulation("AM", "amplitude modulation"),
    _modulation("FM", "frequency modulation"),
    _modulation("PM", "phase modulation"),
    _modulation("PWM", "pulse width modulation"),
    _modulation("FSK", "frequency shift keying"),
    _modulation("BPSK", "phase shift keying"),
    _modulation("SUM", "sum modulation"),
    Setting(
        "frequency mode",
        "the frequency is that of a sweep or a list",
        "SOUR{n}:FREQ:MODE?",
        ("CW", "FIX", "FIXED"),
        "SOUR{n}:FREQ:MODE CW",
        "Guide, FREQuency subsystem",
    ),
    Setting(
        "polarity",
        "the output is inverted, and so is the sign of every derivative",
        "OUTP{n}:POL?",
        ("NORM",),
        "OUTP{n}:POL NORM",
        "Guide, OUTPut subsystem",
    ),
    Setting(
        "gated output",
        "the output is there only while the trigger input is high",
        "OUTP{n}:MODE?",
        ("NORM",),
        "OUTP{n}:MODE NORM",
        "Guide, OUTPut subsystem; p. 177 for the difference to a gated burst",
    ),
    Setting(
        "amplitude unit",
        "an amplitude in volts is taken for Vrms or dBm",
        "SOUR{n}:VOLT:UNIT?",
        ("VPP",),
        "SOUR{n}:VOLT:UNIT VPP",
        "Guide p. 61",
    ),
    Setting(
        "voltage autorange",
        "an amplitude beyond the range in use is refused or clipped",
        "SOUR{n}:VOLT:RANG:AUTO?",
        ("1", "ON"),
        "SOUR{n}:VOLT:RANG:AUTO ON",
        "Guide, VOLTage subsystem",
    ),
    Setting(
        "arbitrary filter",
        "the samples are played through another filter",
        "SOUR{n}:FUNC:ARB:FILT?",
        ("STEP",),
        "SOUR{n}:FUNC:ARB:FILT STEP",
        "Guide, FUNCtion subsystem",
        waveform="arbitrary",
    ),
    Setting(
        "arbitrary advance",
        "each sample waits for a trigger",
        "SOUR{n}:FUNC:ARB:ADV?",
        ("SRAT",),
        "SOUR{n}:FUNC:ARB:ADV SRAT",
        "Guide, FUNCtion subsystem",
        waveform="arbitrary",
    ),
    Setting(
        "arbitrary phase",
        "the waveform doesn't begin with its first sample",
        "SOUR{n}:PHAS:ARB?",
        ("0",),
        "SOUR{n}:PHAS:ARB 0",
        "reported",
        optional=True,
        waveform="arbitrary",
    ),
    Setting(
        "continuous initiation",
        "triggers are ignored",
        "INIT{n}:CONT?",
        ("1", "ON"),
        "INIT{n}:CONT ON",
        "reported",
        optional=True,
    ),
    Setting(
        "trigger count",
        "it takes more than one trigger to start the tone",
        "TRIG{n}:COUN?",
        ("1",),
        "TRIG{n}:COUN 1",
        "reported",
        optional=True,
    ),
    Setting(
        "trigger level",
        "the trigger input has another threshold",
        "TRIG{n}:LEV?",
        ("3.3",),
        "TRIG{n}:LEV 3.3",
        "reported, 33600 series",
        optional=True,
    ),
    Setting(
        "trigger output",
        "the generator drives the connector at which the card's start should come in",
        "OUTP:TRIG?",
        _OFF,
        "OUTP:TRIG OFF",
        "Guide p. 264",
        shared=True,
    ),
)

KEYSIGHT_REFERENCE = (
    Setting(
        "automatic reference",
        "the timebase changes to the instrument's own without a word when the 10 MHz fail",
        "ROSC:SOUR:AUTO?",
        _OFF,
        "ROSC:SOUR:AUTO OFF",
        "reported",
        shared=True,
        optional=True,
    ),
)
