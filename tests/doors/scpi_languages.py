"""The languages of the socket instrument: Keysight's SCPI tree and Siglent's key-value pairs, as their guides say."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.doors.scpi_instrument import Output, ScpiInstrument

_MULTIPLIERS = {"": 1.0, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3, "MA": 1e6, "G": 1e9}
_UNITS = ("VPP", "HZ", "OHM", "DEG", "RAD", "V", "S")
_VALUE = re.compile(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?)\s*([A-Z]*)\s*", re.I)
_UNDEFINED = (-113, "Undefined header")
_OPEN = 9.9e37


def value(text: str) -> float:
    """``20 MVPP`` is 0.02, ``1.5 KHZ`` 1500; M is milli, but mega in MHZ and MOHM (IEEE 488.2, SCPI-1999)."""
    if text.strip().upper() in ("INF", "INFINITY"):
        return _OPEN
    match = _VALUE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    suffix = match[2].upper()
    unit = next((u for u in _UNITS if suffix.endswith(u)), "")
    prefix = suffix.removesuffix(unit) if unit else suffix
    factor = 1e6 if prefix == "M" and unit in ("HZ", "OHM") else _MULTIPLIERS[prefix]
    return float(match[1]) * factor


def header_pattern(pattern: str) -> re.Pattern[str]:
    """``[SOURce#:]VOLTage:OFFSet`` as a regular expression: short or long, optional in brackets, # a number."""
    out = ""
    for token in re.findall(r"[A-Z]+[a-z]*|[\[\]:#*]", pattern):
        if token == "#":
            out += r"(\d*)"
        elif token in "[]":
            out += "(?:" if token == "[" else ")?"
        elif token in ":*":
            out += re.escape(token)
        else:
            short = "".join(c for c in token if c.isupper())
            out += f"(?:{token.upper()}|{short})"
    return re.compile(":?" + out, re.I)


class KeysightLanguage:
    def __init__(self, identity: str = "Agilent Technologies,33522A,MY50000891,2.03-1.19-2.00-52-00") -> None:
        self.identity = identity
        self.arbs: dict[tuple[int, str], bytes] = {}
        self.swapped = False
        self.radians = False
        table: dict[str, Callable[[ScpiInstrument, int, str, bytes], str | None]] = {
            "*IDN": lambda i, n, a, b: i.identity,
            "*CLS": lambda i, n, a, b: i.errors.clear(),
            "SYSTem:ERRor[:NEXT]": self._error,
            "OUTPut#[:STATe]": self._output,
            "OUTPut#:LOAD": self._load,
            "[SOURce#:]FUNCtion": self._function,
            "[SOURce#:]FREQuency[:CW]": lambda i, n, a, b: self._number(i.outputs[n], "hz", a),
            "[SOURce#:]VOLTage[:LEVel][:IMMediate][:AMPLitude]": self._amplitude,
            "[SOURce#:]VOLTage[:LEVel][:IMMediate]:OFFSet": self._offset,
            "[SOURce#:]VOLTage:UNIT": lambda i, n, a, b: None,
            "UNIT:ANGLe": self._angle,
            "[SOURce#:]PHASe[:ADJust]": self._phase,
            "FORMat:BORDer": self._order,
            "[SOURce#:]DATA:VOLatile:CLEar": lambda i, n, a, b: self.arbs.clear(),
            "[SOURce#:]DATA:ARBitrary:DAC": self._upload,
            "[SOURce#:]FUNCtion:ARBitrary": self._select,
            "[SOURce#:]FUNCtion:ARBitrary:SRATe": lambda i, n, a, b: self._number(i.outputs[n], "sample_rate", a),
            "TRIGger#:SOURce": lambda i, n, a, b: self._burst(i, n, "source", a),
            "TRIGger#:SLOPe": lambda i, n, a, b: self._burst(i, n, "slope", a),
            "[SOURce#:]BURSt:MODE": lambda i, n, a, b: self._burst(i, n, "mode", a),
            "[SOURce#:]BURSt:NCYCles": lambda i, n, a, b: self._burst(i, n, "cycles", a),
            "[SOURce#:]BURSt:PHASe": lambda i, n, a, b: self._burst(i, n, "phase", a),
            "[SOURce#:]BURSt:STATe": lambda i, n, a, b: self._burst(i, n, "state", a),
            "ROSCillator:SOURce": self._reference,
        }
        self._table = [(header_pattern(pattern), action) for pattern, action in table.items()]

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
            if match is None:
                continue
            channel = int(next((g for g in match.groups() if g), "1")) - 1
            if channel >= len(instrument.outputs):
                break
            try:
                return action(instrument, channel, "?" if header.endswith("?") else argument, data)
            except (ValueError, KeyError):
                instrument.error(-104, "Data type error")
                return None
        instrument.error(*_UNDEFINED)
        return None

    def _error(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str:
        code, text = i.errors.popleft() if i.errors else (0, "No error")
        return f'{code:+d},"{text}"'

    def _output(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return str(int(i.outputs[n].on))
        i.outputs[n].on = {"ON": True, "1": True, "OFF": False, "0": False}[a.upper()]
        return None

    def _load(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return f"{i.outputs[n].load:+.14E}"
        i.outputs[n].load = value(a)
        return None

    def _function(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return i.outputs[n].waveform
        i.outputs[n].waveform = {"SIN": "SIN", "SINUSOID": "SIN", "ARB": "ARB"}[a.upper()]
        return None

    def _number(self, output: Output, name: str, a: str) -> str | None:
        if a == "?":
            return f"{getattr(output, name):+.15E}"
        setattr(output, name, value(a))
        return None

    def _amplitude(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        o = i.outputs[n]
        if a == "?":
            return f"{2 * o.source_amplitude * o.shown:+.15E}"
        self._levels(i, o, value(a) / 2 / o.shown, o.source_offset)
        return None

    def _offset(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        o = i.outputs[n]
        if a == "?":
            return f"{o.source_offset * o.shown:+.15E}"
        self._levels(i, o, o.source_amplitude, value(a) / o.shown)
        return None

    def _levels(self, i: ScpiInstrument, o: Output, amplitude: float, offset: float) -> None:
        if amplitude + abs(offset) > 10 * (1 + 1e-9) or amplitude < 0.999e-3:
            i.error(-222, "Data out of range")
            return
        o.source_amplitude, o.source_offset = amplitude, offset

    def _angle(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return "RAD" if self.radians else "DEG"
        self.radians = a.upper().startswith("RAD")
        return None

    def _phase(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        scale = 57.29577951308232 if self.radians else 1.0
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

    def _select(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> None:
        if (n, a.upper()) not in self.arbs:
            i.error(785, "Specified arb waveform does not exist")
            return
        i.outputs[n].codes = self.arbs[n, a.upper()]

    def _burst(self, i: ScpiInstrument, n: int, key: str, a: str) -> None:
        i.outputs[n].burst[key] = a.upper()

    def _reference(self, i: ScpiInstrument, n: int, a: str, b: bytes) -> str | None:
        if a == "?":
            return i.reference
        i.reference = a.upper()[:3]
        if i.reference == "EXT" and not i.reference_connected:
            i.error(580, "Reference phase-locked loop is unlocked")
        return None


class SiglentLanguage:
    def __init__(self, identity: str = "Siglent Technologies,SDG2042X,SDG2XCAD1R1234,2.01.01.22R5") -> None:
        self.identity = identity
        self.waves: dict[str, bytes] = {}

    def obey(self, i: ScpiInstrument, message: bytes) -> list[str]:
        text, _, data = message.partition(b"WAVEDATA,")
        header, _, argument = text.decode("latin-1").strip().partition(" ")
        channel, _, subject = header.rpartition(":")
        subject = subject.upper()
        if header.upper() in ("*IDN?", "*CLS", "SYST:ERR?", "ROSC", "ROSC?"):
            return self._common(i, header.upper(), argument)
        output = i.outputs[int(channel.upper().removeprefix("C") or "1") - 1]
        if subject == "OUTP?":
            load = "HZ" if output.load > 1e37 else f"{output.load:g}"
            return [f"{channel}:OUTP {'ON' if output.on else 'OFF'},LOAD,{load},PLRT,NOR"]
        if subject == "BSWV?":
            return [self._state(channel, output)]
        fields = [f.strip() for f in argument.split(",")]
        if subject == "OUTP":
            if fields[0] in ("ON", "OFF"):
                output.on = fields.pop(0) == "ON"
            if fields[:1] == ["LOAD"]:
                output.load = _OPEN if fields[1] == "HZ" else value(fields[1])
            return []
        pairs = dict(zip(fields[::2], fields[1::2], strict=False))
        actions: dict[str, Callable[[], None]] = {
            "BSWV": lambda: self._wave(i, output, pairs),
            "BTWV": lambda: output.burst.update(pairs),
            "SRATE": lambda: setattr(output, "sample_rate", value(pairs["VALUE"])),
            "WVDT": lambda: self.waves.__setitem__(pairs["WVNM"], data[: int(pairs["LENGTH"].rstrip("B"))]),
            "ARWV": lambda: setattr(output, "codes", self.waves[pairs["NAME"]]),
        }
        if subject not in actions:
            i.error(*_UNDEFINED)
            return []
        try:
            actions[subject]()
        except (KeyError, ValueError):
            i.error(-224, "Illegal parameter value")
        return []

    def _common(self, i: ScpiInstrument, header: str, argument: str) -> list[str]:
        if header == "*IDN?":
            return [i.identity]
        if header == "SYST:ERR?":
            code, text = i.errors.popleft() if i.errors else (0, "No Error")
            return [f"{code}  -{text}"]
        if header == "ROSC?":
            return [f"ROSC {i.reference},10MOUT,OFF"]
        if header == "ROSC":
            # Without the cable the instrument stays on its own clock and says nothing.
            i.reference = argument if i.reference_connected else "INT"
        else:
            i.errors.clear()
        return []

    def _state(self, channel: str, o: Output) -> str:
        peak, offset = o.source_amplitude * o.shown, o.source_offset * o.shown
        levels = f"AMP,{2 * peak:.6g}V,OFST,{offset:.6g}V,HLEV,{offset + peak:.6g}V,LLEV,{offset - peak:.6g}V"
        if o.waveform == "ARB":
            return f"{channel}:BSWV WVTP,ARB,FRQ,{o.hz:.12g}HZ,{levels},PHSE,{o.degrees:.5g}"
        return f"{channel}:BSWV WVTP,SINE,FRQ,{o.hz:.12g}HZ,PERI,{1 / o.hz:.6g}S,{levels},PHSE,{o.degrees:.5g}"

    def _wave(self, i: ScpiInstrument, o: Output, pairs: dict[str, str]) -> None:
        o.waveform = {"SINE": "SIN", "ARB": "ARB"}[pairs.get("WVTP", "SINE")]
        o.hz = value(pairs["FRQ"]) if "FRQ" in pairs else o.hz
        o.degrees = value(pairs["PHSE"]) if "PHSE" in pairs else o.degrees
        # Out of range is clipped without a word.
        amplitude = value(pairs["AMP"]) / 2 / o.shown
        o.source_amplitude = min(amplitude, 10.0)
        o.source_offset = value(pairs["OFST"]) / o.shown
