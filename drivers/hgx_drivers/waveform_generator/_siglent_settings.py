"""What a previous user may have left on a Siglent SDG, and what the tones need.

"PG02" is Siglent's SDG Series Programming Guide, PG02-E05C, with section and page; its tables say which series has a
command. Looked at elsewhere: waveform, load, frequency, amplitude, offset, phase, burst and sample rate are read back
with every waveform, and the reference (section 3.21) when it is chosen. Over-voltage and over-current protection (3.27,
3.28) and the largest amplitude (3.3) are protections that somebody wanted, so they stay; what they clip is found by
the readback. The sync signal (3.10) leaves by a connector of its own.
"""

from __future__ import annotations

from hgx_drivers.waveform_generator._setting import Setting

__all__ = ["SIGLENT_SETTINGS"]

_OFF = ("OFF",)
_TRUE_ARB = ("SDG2", "SDG6")


def _coupling(key: str, name: str, otherwise: str) -> Setting:
    return Setting(name, otherwise, "COUP?", _OFF, f"COUP {key},OFF", "PG02 3.26, p. 84", key=key, shared=True)


def _state(subject: str, name: str, otherwise: str, where: str, *, optional: bool = False) -> Setting:
    question, command = f"C{{n}}:{subject}?", f"C{{n}}:{subject} STATE,OFF"
    return Setting(name, otherwise, question, _OFF, command, where, key="STATE", optional=optional)


#: In the order in which they are set: numbers that can be read, then what ties two outputs together. The guide wants
#: tracking off before any other coupling is set.
SIGLENT_SETTINGS = (
    Setting(
        "decimal point",
        "numbers can't be read",
        "NBFM?",
        ("DOT",),
        "NBFM PNT,DOT",
        "PG02 3.12, p. 55",
        key="PNT",
        shared=True,
        optional=True,
    ),
    Setting(
        "separator of digits",
        "numbers can't be read",
        "NBFM?",
        _OFF,
        "NBFM SEPT,OFF",
        "PG02 3.12, p. 55",
        key="SEPT",
        shared=True,
        optional=True,
    ),
    _coupling("TRACE", "tracking", "every change of one output is made to the other as well"),
    _coupling("FCOUP", "frequency coupling", "the frequency of one output follows that of the other"),
    _coupling("PCOUP", "phase coupling", "the phase of one output follows that of the other"),
    _coupling("ACOUP", "amplitude coupling", "the amplitude of one output follows that of the other"),
    Setting(
        "multi-device synchronisation",
        "the outputs wait for another instrument, or come late",
        "CASCADE?",
        _OFF,
        "CASCADE STATE,OFF",
        "PG02 3.44, p. 132",
        key="STATE",
        shared=True,
        series=_TRUE_ARB,
        optional=True,
    ),
    Setting(
        "phase mode",
        "the outputs' phases drift apart",
        "MODE?",
        ("PHASE-LOCKED", "PHASELOCKED"),
        "MODE PHASELOCKED",
        "PG02 3.43, p. 132; the answer with a hyphen is reported",
        shared=True,
        optional=True,
    ),
    Setting(
        "waveform",
        "it isn't a sine",
        "C{n}:BSWV?",
        ("SINE",),
        "C{n}:BSWV WVTP,SINE",
        "PG02 3.4, p. 17; before the rest, for harmonics are told of a sine only",
        key="WVTP",
        waveform="sine",
    ),
    Setting(
        "combined output",
        "the signal of the other output is added to this one",
        "C{n}:CMBN?",
        _OFF,
        "C{n}:CMBN OFF",
        "PG02 3.42, p. 131",
    ),
    _state("BTWV", "burst", "the output plays at other times than it should", "PG02 3.7, p. 46"),
    _state("SWWV", "sweep", "the frequency moves", "PG02 3.6, p. 25"),
    _state("MDWV", "modulation", "the tone is modulated", "PG02 3.5, p. 21"),
    Setting(
        "harmonics",
        "harmonics are added to the tone",
        "C{n}:HARM?",
        _OFF,
        "C{n}:HARM HARMSTATE,OFF",
        "PG02 3.41, p. 130; only of a sine",
        key="HARMSTATE",
        waveform="sine",
    ),
    _state("NOISE_ADD", "added noise", "noise is added to the tone", "PG02 3.3, p. 15", optional=True),
    Setting(
        "polarity",
        "the output is inverted, its offset too, and so is the sign of every derivative",
        "C{n}:OUTP?",
        ("NOR",),
        "C{n}:OUTP PLRT,NOR",
        "PG02 3.3, p. 15; that the offset is inverted too is reported",
        key="PLRT",
    ),
    Setting(
        "sampling mode",
        "a burst is refused without a word",
        "C{n}:SRATE?",
        ("DDS",),
        "C{n}:SRATE MODE,DDS",
        "PG02 3.40, p. 129; that it blocks a burst is reported",
        key="MODE",
        series=_TRUE_ARB,
        waveform="sine",
    ),
)
