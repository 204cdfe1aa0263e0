"""Keysight's language, and what its settings do to the outputs.

"Guide" is Agilent's 33500 Series Operating and Service Guide. What was read there: tracking p. 315, burst modes p. 177,
trigger output p. 264, load, units and voltage limits p. 61. Where a page isn't given the subsystem of that name says
it; what is marked as reported comes from other people's drivers and lists of settings.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_output import Playing
from tests.doors.scpi_values import OPEN, UNDEFINED, header_pattern, value

__all__ = ["KeysightLanguage"]

_SOURCE = "[SOURce#:]"
_BOOLEAN = "0|1|OFF|ON"
#: Header -> name, words, and the one after a reset. Short forms are kept.
_WORDS = {
    "OUTPut#:POLarity": ("polarity", "NORMal|INVerted", "NORM"),
    "OUTPut#:MODE": ("gate", "NORMal|GATed", "NORM"),
    _SOURCE + "COMBine:FEED": ("feed", "CH1|CH2|NONE", "NONE"),
    _SOURCE + "SWEep:STATe": ("SWE", _BOOLEAN, "0"),
    _SOURCE + "AM:STATe": ("AM", _BOOLEAN, "0"),
    _SOURCE + "FM:STATe": ("FM", _BOOLEAN, "0"),
    _SOURCE + "PM:STATe": ("PM", _BOOLEAN, "0"),
    _SOURCE + "PWM:STATe": ("PWM", _BOOLEAN, "0"),
    _SOURCE + "FSKey:STATe": ("FSK", _BOOLEAN, "0"),
    _SOURCE + "BPSK:STATe": ("BPSK", _BOOLEAN, "0"),
    _SOURCE + "SUM:STATe": ("SUM", _BOOLEAN, "0"),
    _SOURCE + "FREQuency:MODE": ("frequency mode", "CW|LIST|SWEep|FIXed", "CW"),
    _SOURCE + "VOLTage:UNIT": ("unit", "VPP|VRMS|DBM", "VPP"),
    _SOURCE + "VOLTage:RANGe:AUTO": ("autorange", _BOOLEAN, "1"),
    _SOURCE + "VOLTage:LIMit:STATe": ("limits", _BOOLEAN, "0"),
    _SOURCE + "FUNCtion:ARBitrary:FILTer": ("filter", "NORMal|STEP|OFF", "STEP"),
    _SOURCE + "FUNCtion:ARBitrary:ADVance": ("advance", "TRIGger|SRATe", "SRAT"),
    "INITiate#:CONTinuous": ("continuous", _BOOLEAN, "1"),
}
#: As above, of the whole instrument. Tracking and coupling have one state, whichever output is named.
_SHARED_WORDS = {
    _SOURCE + "TRACk": ("tracking", "ON|OFF|INVerted", "OFF"),
    _SOURCE + "FREQuency:COUPle[:STATe]": ("frequency coupling", _BOOLEAN, "0"),
    _SOURCE + "FREQuency:COUPle:MODE": ("coupling mode", "OFFSet|RATio", "RAT"),
    _SOURCE + "VOLTage:COUPle[:STATe]": ("voltage coupling", _BOOLEAN, "0"),
    _SOURCE + "RATE:COUPle[:STATe]": ("rate coupling", _BOOLEAN, "0"),
    "OUTPut:TRIGger[:STATe]": ("trigger output", _BOOLEAN, "0"),
    "ROSCillator:SOURce:AUTO": ("auto reference", _BOOLEAN, "0"),
}
#: Header -> name, and the number after a reset.
_NUMBERS = {
    _SOURCE + "VOLTage:LIMit:HIGH": ("high", 5.0),
    _SOURCE + "VOLTage:LIMit:LOW": ("low", -5.0),
    _SOURCE + "FREQuency:COUPle:RATio": ("ratio", 1.0),
    _SOURCE + "FREQuency:COUPle:OFFSet": ("frequency offset", 0.0),
    _SOURCE + "PHASe:ARBitrary": ("arbitrary phase", 0.0),
    "TRIGger#:DELay": ("delay", 0.0),
    "TRIGger#:COUNt": ("count", 1.0),
}
_MODULATIONS = ("AM", "FM", "PM", "PWM", "FSK", "BPSK", "SUM")
#: One at a time: a modulation, the sweep, the burst.
_EXCLUSIVE = (*_MODULATIONS, "SWE")


def _canonical(text: str, words: str) -> str:
    for word in words.split("|"):
        short = "".join(c for c in word if c.isupper() or c.isdigit())
        if text.upper() in (word.upper(), short):
            return {"ON": "1", "OFF": "0"}.get(short, short) if words == _BOOLEAN else short
    raise ValueError(text)


class KeysightLanguage:
    def __init__(self, identity: str = "Agilent Technologies,33522A,MY50000891,2.03-1.19-2.00-52-00") -> None:
        self.identity = identity
        self.arbs: dict[tuple[int, str], bytes] = {}
        self.swapped = False
        self.angle = "DEG"
        #: Headers that this firmware doesn't know, by their beginning.
        self.unknown: tuple[str, ...] = ("TRIG1:LEV", "TRIG2:LEV")
        table: dict[str, Callable[[ScpiInstrument, int, str, bytes], str | None]] = {
            "*IDN": lambda i, n, a, b: i.identity,
            "*CLS": lambda i, n, a, b: i.errors.clear(),
            "*OPC": lambda i, n, a, b: "1" if a == "?" else None,
            "SYSTem:ERRor[:NEXT]": self._error,
            "STATus:OPERation:CONDition": self._condition,
            "OUTPut#[:STATe]": self._output,
            "OUTPut#:LOAD": self._load,
            "[SOURce#:]FUNCtion": self._function,
            "[SOURce#:]FREQuency[:CW]": self._frequency,
            "[SOURce#:]VOLTage[:LEVel][:IMMediate][:AMPLitude]": self._amplitude,
            "[SOURce#:]VOLTage[:LEVel][:IMMediate]:OFFSet": self._offset,
            "UNIT:ANGLe": self._angle,
            "[SOURce#:]PHASe[:ADJust]": self._phase,
            "FORMat:BORDer": self._order,
            "[SOURce#:]DATA:VOLatile:CLEar": lambda i, n, a, b: self.arbs.clear(),
            "[SOURce#:]DATA:ARBitrary:DAC": self._upload,
            "[SOURce#:]FUNCtion:ARBitrary": self._select,
            "[SOURce#:]FUNCtion:ARBitrary:SRATe": self._rate,
            "TRIGger#:SOURce": lambda i, n, a, b: self._burst(i, n, "source", a),
            "TRIGger#:SLOPe": lambda i, n, a, b: self._burst(i, n, "slope", a),
            "[SOURce#:]BURSt:MODE": lambda i, n, a, b: self._burst(i, n, "mode", a),
            "[SOURce#:]BURSt:NCYCles": lambda i, n, a, b: self._burst(i, n, "cycles", a),
            "[SOURce#:]BURSt:PHASe": self._burst_phase,
            "[SOURce#:]BURSt:STATe": lambda i, n, a, b: self._burst(i, n, "state", a),
            "ROSCillator:SOURce": self._reference,
        }
        for header, (name, words, _) in _WORDS.items():
            table[header] = lambda i, n, a, b, name=name, words=words: self._word(i, n, name, words, a)
        for header, (name, words, _) in _SHARED_WORDS.items():
            table[header] = lambda i, n, a, b, name=name, words=words: self._shared(i, n, name, words, a)
        for header, (name, _) in _NUMBERS.items():
            table[header] = lambda i, n, a, b, name=name: self._number(i, n, name, a)
        self._table = [(header_pattern(pattern), action) for pattern, action in table.items()]

    def begin(self, instrument: ScpiInstrument) -> None:
        """The state after a reset."""
        instrument.words = {name: word for name, _, word in _SHARED_WORDS.values()}
        for output in instrument.outputs:
            output.words = {name: word for name, _, word in _WORDS.values()}
            output.words |= {name: repr(number) for name, number in _NUMBERS.values()}
            output.burst = {"state": "0", "mode": "TRIG", "cycles": "1", "source": "IMM", "slope": "POS", "phase": "0"}

    def obey(self, instrument: ScpiInstrument, message: bytes) -> list[str]:
        text, mark, block = message.partition(b"#")
        data = block[1 + int(block[:1]) :] if mark else b""
        answers: list[str] = []
        path = ""
        for unit in text.decode("latin-1").split(";"):
            header, _, argument = unit.strip().partition(" ")
            if not header.startswith((":", "*")):
                header = path + header
            if not header.startswith("*"):
                path = header[: header.rfind(":") + 1]
            answer = self._run(instrument, header, argument.strip(), data)
            if answer is not None:
                answers.append(answer)
        return [";".join(answers)] if answers else []

    def _run(self, instrument: ScpiInstrument, header: str, argument: str, data: bytes) -> str | None:
        for pattern, action in self._table:
            match = pattern.fullmatch(header.removesuffix("?"))
            if match is None or header.upper().startswith(self.unknown):
                continue
            channel = int(next((g for g in match.groups() if g), "1")) - 1
            if channel >= len(instrument.outputs):
                break
            try:
                answer = action(instrument, channel, "?" if header.endswith("?") else argument, data)
            except (ValueError, KeyError):
                instrument.error(-104, "Data type error")
                return None
            if not header.endswith("?") and instrument.words["tracking"] != "OFF":
                # p. 315: changes to either channel are reflected in both.
                instrument.outputs[1 - channel].copy_signal(instrument.outputs[channel])
            return answer
        instrument.error(*UNDEFINED)
        return None

    # What an output does with its settings.

    def playing(self, instrument: ScpiInstrument, number: int) -> Playing:
        output = instrument.outputs[number]
        words, burst = output.words, output.burst
        copied = instrument.words["tracking"] == "INV" and number == 1
        sign = (-1.0 if words["polarity"] == "INV" else 1.0) * (-1.0 if copied else 1.0)
        playing = Playing(sign=sign, gated=words["gate"] == "GAT", radians=math.radians(output.degrees))
        playing.fed = words["feed"] == f"CH{2 - number}"
        playing.modulation = next((m for m in _MODULATIONS if words[m] == "1"), "")
        playing.sweep = words["SWE"] == "1" or words["frequency mode"] in ("SWE", "LIST")
        if self._on(burst):
            playing.radians = math.radians(float(burst["phase"]))
            playing.cycles = math.inf if burst["cycles"] == "INF" else float(burst["cycles"])
            playing.delay = float(words["delay"])
            playing.start = {"EXT": "armed", "IMM": "internal", "TIM": "internal"}.get(burst["source"], "never")  # type: ignore[assignment]
            if burst["mode"] == "GAT":
                playing.start = "never"
        if output.waveform == "ARB" and words["advance"] == "TRIG":
            playing.start = "never"
        return playing

    def takes_trigger(self, instrument: ScpiInstrument, number: int) -> bool:
        """Whether a pulse at the trigger input starts the output."""
        output = instrument.outputs[number]
        # A slope isn't to be missed: a pulse has both.
        listens = output.words["continuous"] == "1" and instrument.words["trigger output"] == "0"
        if not (self.waits(instrument, number) and listens):
            return False
        output.triggers += 1
        return output.triggers >= float(output.words["count"])

    def waits(self, instrument: ScpiInstrument, number: int) -> bool:
        output = instrument.outputs[number]
        return self._on(output.burst) and output.burst["source"] == "EXT" and output.triggered is None

    @staticmethod
    def _on(burst: dict[str, str]) -> bool:
        return burst["state"] in ("1", "ON")

    # Settings.

    def _error(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str:
        if i.error_style == "constant":
            return '-108,"Parameter not allowed"'
        code, text = i.errors.popleft() if i.errors else (0, "No error")
        return "-0, No errors" if i.error_style == "minus" and not code else f'{code:+d},"{text}"'

    def _condition(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str:
        waits = any(self.waits(i, k) for k in range(len(i.outputs)))
        return f"{32 * (waits and i.tells_triggers):+d}"

    def _output(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return str(int(i.outputs[n].on))
        i.outputs[n].on = {"ON": True, "1": True, "OFF": False, "0": False}[a.upper()]
        return None

    def _load(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        output = i.outputs[n]
        if a == "?":
            return f"{output.load:+.14E}"
        if output.words["limits"] == "1" and value(a) != output.load:
            i.error(-221, "Settings conflict; output load can't be changed with voltage limits on")
            return None
        output.load = value(a)
        if output.load > 1e37 and output.words["unit"] == "DBM":
            output.words["unit"] = "VPP"  # p. 61
        return None

    def _word(self, i: ScpiInstrument, n: int, name: str, words: str, a: str) -> str | None:
        output = i.outputs[n]
        if a == "?":
            return output.words[name]
        word = _canonical(a, words)
        if name == "unit" and word == "DBM" and output.load > 1e37:
            i.error(-221, "Settings conflict; dBm needs a finite load")
            return None
        output.words[name] = word
        if name in _EXCLUSIVE and word == "1":
            output.words |= {other: "0" for other in _EXCLUSIVE if other != name}
            output.burst["state"] = "0"
            output.words["frequency mode"] = "SWE" if name == "SWE" else "CW"
        elif name == "SWE":
            output.words["frequency mode"] = "CW"
        elif name == "frequency mode":
            output.words["SWE"] = str(int(word == "SWE"))
        elif name == "autorange":
            output.words["range"] = repr(max(output.source_amplitude + abs(output.source_offset), 0.05))
        return None

    def _shared(self, i: ScpiInstrument, n: int, name: str, words: str, a: str) -> str | None:
        if a == "?":
            return i.words[name]
        i.words[name] = _canonical(a, words)
        if name == "tracking" and i.words[name] != "OFF":
            # p. 315: tracking turns the combination and the couplings off.
            i.words |= {"frequency coupling": "0", "voltage coupling": "0", "rate coupling": "0"}
            for output in i.outputs:
                output.words["feed"] = "NONE"
        self._couple(i, n)
        return None

    def _couple(self, i: ScpiInstrument, n: int) -> None:
        """Let the other output follow where it is coupled."""
        if len(i.outputs) < 2:
            return
        this, other = i.outputs[n], i.outputs[1 - n]
        if i.words["frequency coupling"] == "1":
            words = i.outputs[0].words
            ratio, offset = float(words["ratio"]), float(words["frequency offset"])
            if i.words["coupling mode"] == "RAT":
                other.hz = this.hz * ratio if n == 0 else this.hz / ratio
            else:
                other.hz = abs(this.hz + offset if n == 0 else this.hz - offset)
        if i.words["voltage coupling"] == "1":
            other.source_amplitude, other.source_offset = this.source_amplitude, this.source_offset
        if i.words["rate coupling"] == "1":
            other.sample_rate = this.sample_rate

    def _number(self, i: ScpiInstrument, n: int, name: str, a: str) -> str | None:
        words = i.outputs[n].words
        if a == "?":
            return f"{float(words[name]):+.15E}"
        words[name] = repr(value(a))
        return None

    def _function(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return i.outputs[n].waveform
        shapes = "SINusoid|SQUare|TRIangle|RAMP|PULSe|PRBS|NOISe|ARB|DC"
        i.outputs[n].waveform = _canonical(a, shapes)
        return None

    def _frequency(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        output = i.outputs[n]
        if a == "?":
            return f"{output.hz:+.15E}"
        output.hz = value(a)
        if self._on(output.burst) and output.burst["source"] == "IMM":
            # p. 177: a burst period that is too short is increased, with an error.
            i.error(-221, "Settings conflict; burst period increased to fit entire burst")
        self._couple(i, n)
        return None

    def _amplitude(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        output = i.outputs[n]
        unit, ohms = output.words["unit"], min(output.load, 1e30)
        peak = output.source_amplitude * output.shown
        if a == "?":
            rms = peak / math.sqrt(2)
            told = {"VPP": 2 * peak, "VRMS": rms, "DBM": 10 * math.log10(rms**2 / ohms / 1e-3)}[unit]
            return f"{told:+.15E}"
        number = value(a)
        rms = {"VPP": number / 2 / math.sqrt(2), "VRMS": number, "DBM": math.sqrt(ohms * 1e-3 * 10 ** (number / 10))}
        self._levels(i, n, rms[unit] * math.sqrt(2) / output.shown, output.source_offset)
        return None

    def _offset(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        o = i.outputs[n]
        if a == "?":
            return f"{o.source_offset * o.shown:+.15E}"
        self._levels(i, n, o.source_amplitude, value(a) / o.shown)
        return None

    def _levels(self, i: ScpiInstrument, n: int, amplitude: float, offset: float) -> None:
        o = i.outputs[n]
        if amplitude + abs(offset) > 10 * (1 + 1e-9) or amplitude < 0.999e-3:
            i.error(-222, "Data out of range")
            return
        if o.words["autorange"] == "0" and amplitude + abs(offset) > float(o.words["range"]) * (1 + 1e-9):
            i.error(-221, "Settings conflict; beyond the voltage range")
            return
        if o.words["limits"] == "1":
            low, high = float(o.words["low"]) / o.shown, float(o.words["high"]) / o.shown
            inside = min(max(offset, low + 1e-3), high - 1e-3)
            clipped = min(amplitude, high - inside, inside - low)
            if (clipped, inside) != (amplitude, offset):
                i.error(-221, "Settings conflict; limits clipped the level")
            amplitude, offset = clipped, inside
        o.source_amplitude, o.source_offset = amplitude, offset
        self._couple(i, n)

    def _angle(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return self.angle
        self.angle = _canonical(a, "DEGree|RADian|SECond")
        return None

    def _phase(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        scale = 57.29577951308232 if self.angle == "RAD" else 1.0
        if a == "?":
            return f"{i.outputs[n].degrees / scale:+.15E}"
        i.outputs[n].degrees = value(a) * scale
        return None

    def _order(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> None:
        self.swapped = a.upper().startswith("SWAP")

    def _upload(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> None:
        if not b:  # numbers as text, after the name
            b, self.swapped = b"".join(int(p).to_bytes(2, "little", signed=True) for p in a.split(",")[1:]), True
        swapped = b if self.swapped else b"".join(b[k : k + 2][::-1] for k in range(0, len(b), 2))
        self.arbs[n, a.split(",")[0].strip().upper()] = swapped

    def _select(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        output = i.outputs[n]
        if a == "?":
            return f'"{output.arb or "INT:" + chr(92) + "BUILTIN" + chr(92) + "EXP_RISE.ARB"}"'
        if (n, a.upper()) not in self.arbs:
            i.error(785, "Specified arb waveform does not exist")
            return None
        output.codes, output.arb = self.arbs[n, a.upper()], a.upper()
        return None

    def _rate(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return f"{i.outputs[n].sample_rate:+.15E}"
        i.outputs[n].sample_rate = value(a)
        self._couple(i, n)
        return None

    def _burst(self, i: ScpiInstrument, n: int, key: str, a: str) -> str | None:
        output = i.outputs[n]
        if a == "?":
            told = output.burst[key]
            if key == "cycles":
                return f"{OPEN if told == 'INF' else float(told):+.15E}"
            return str(int(self._on(output.burst))) if key == "state" else told
        output.burst[key] = a.upper()
        if key == "state":
            output.triggered, output.triggers = None, 0
            if self._on(output.burst):
                output.words |= dict.fromkeys(_EXCLUSIVE, "0")
                output.words["frequency mode"] = "CW"
        return None

    def _burst_phase(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        scale = 57.29577951308232 if self.angle == "RAD" else 1.0
        if a == "?":
            return f"{float(i.outputs[n].burst['phase']) / scale:+.15E}"
        i.outputs[n].burst["phase"] = f"{value(a) * scale:g}"
        return None

    def _reference(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return i.reference
        i.reference = a.upper()[:3]
        i.words["auto reference"] = "0"
        if i.reference == "EXT" and not i.reference_connected:
            i.error(580, "Reference phase-locked loop is unlocked")
        return None
