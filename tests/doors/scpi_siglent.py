"""Siglent's language, and what its settings do to the outputs.

"PG02" is Siglent's SDG Series Programming Guide, PG02-E05C, with section and page. Answers of a burst, what is clipped,
and that naming a waveform ends modulation, sweep and burst are as others measured them on an SDG2042X with firmware
2.01.01.23R7 ("measured"); that TrueArb excludes a burst is reported.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from tests.doors.scpi_instrument import ScpiInstrument
from tests.doors.scpi_output import Output, Playing
from tests.doors.scpi_values import OPEN, UNDEFINED, value

__all__ = ["SiglentLanguage"]

_SHAPES = {"SINE": "SIN", "SQUARE": "SQU", "RAMP": "RAMP", "PULSE": "PULS", "NOISE": "NOIS", "DC": "DC", "ARB": "ARB"}
_TYPES = ("AM", "DSBAM", "FM", "PM", "PWM", "ASK", "FSK", "PSK")
#: After a reset; PG02 3.26, 3.12, 3.43, 3.44.
_SHARED = {
    "TRACE": "OFF", "FCOUP": "OFF", "PCOUP": "OFF", "ACOUP": "OFF", "FDEV": "0", "FRAT": "1", "PDEV": "0", "ARAT": "1",
    "PNT": "DOT", "SEPT": "OFF", "MODE": "PHASE-LOCKED", "CASCADE": "OFF", "CASCADE MODE": "MASTER",
}  # fmt: skip
_OWN = {
    "PLRT": "NOR", "CMBN": "OFF", "HARM": "OFF", "NOISE": "OFF", "MDWV": "OFF", "TYPE": "AM", "SWWV": "OFF",
    "SRATE": "DDS",
}  # fmt: skip
_BURST = {"STATE": "OFF", "PRD": "0.01", "STPS": "0", "TRSR": "INT", "TIME": "1", "DLAY": "0", "GATE_NCYC": "NCYC",
          "PLRT": "NEG", "EDGE": "RISE"}  # fmt: skip


def _pairs(fields: list[str]) -> Iterator[tuple[str, str]]:
    yield from zip(fields[::2], fields[1::2], strict=False)


class SiglentLanguage:
    def __init__(self, identity: str = "Siglent Technologies,SDG2042X,SDG2XCAD1R1234,2.01.01.22R5") -> None:
        self.identity = identity
        self.waves: dict[str, bytes] = {}
        #: How answers are written: plain, prefixed (1KHZ, 500MV), lower case, or with the power-on state in between.
        self.style = "plain"
        #: Whether ``BTWV?`` tells the edge: PG02 says so, the firmware that was measured doesn't.
        self.tells_edge = True

    def begin(self, instrument: ScpiInstrument) -> None:
        """The state after a reset."""
        instrument.words = dict(_SHARED)
        for output in instrument.outputs:
            output.words, output.burst = dict(_OWN), dict(_BURST)

    def obey(self, i: ScpiInstrument, message: bytes) -> list[str]:
        text, _, data = message.partition(b"WAVEDATA,")
        header, _, argument = text.decode("latin-1").strip().partition(" ")
        channel, _, subject = header.rpartition(":")
        subject = subject.upper()
        common = self._common(i, header.upper(), argument)
        if common is not None:
            return common
        number = int(channel.upper().removeprefix("C") or "1") - 1
        output = i.outputs[number]
        if subject.endswith("?"):
            return [self._styled(a) for a in self._answer(i, channel, output, subject)]
        fields = [f.strip() for f in argument.split(",")]
        actions: dict[str, Callable[[], None]] = {
            "OUTP": lambda: self._output(output, fields),
            "BSWV": lambda: self._wave(i, number, fields),
            "BTWV": lambda: self._burst(output, fields),
            "SRATE": lambda: self._rate(output, dict(_pairs(fields))),
            "WVDT": lambda: self.waves.__setitem__(
                dict(_pairs(fields))["WVNM"], data[: int(dict(_pairs(fields))["LENGTH"].rstrip("B"))]
            ),
            "ARWV": lambda: self._select(output, fields[1]),
            "MDWV": lambda: self._mode(output, "MDWV", fields),
            "SWWV": lambda: self._mode(output, "SWWV", fields),
            "CMBN": lambda: output.words.__setitem__("CMBN", fields[0]),
            "HARM": lambda: output.words.__setitem__("HARM", dict(_pairs(fields))["HARMSTATE"]),
            "NOISE_ADD": lambda: output.words.__setitem__("NOISE", dict(_pairs(fields))["STATE"]),
            "INVT": lambda: output.words.__setitem__("PLRT", "INVT" if fields[0] == "ON" else "NOR"),
        }
        if subject not in actions:
            i.error(*UNDEFINED)
            return []
        try:
            actions[subject]()
        except (KeyError, ValueError):
            i.error(-224, "Illegal parameter value")
        if i.words["TRACE"] == "ON":
            i.outputs[1 - number].copy_signal(output)
        return []

    # What an output does with its settings.

    def playing(self, instrument: ScpiInstrument, number: int) -> Playing:
        output = instrument.outputs[number]
        words, burst = output.words, output.burst
        inverted = words["PLRT"] == "INVT"
        # Measured: the offset is inverted too.
        sign = -1.0 if inverted else 1.0
        playing = Playing(sign=sign, offset_sign=sign, radians=math.radians(output.degrees))
        playing.fed = words["CMBN"] == "ON"
        playing.modulation = words["TYPE"] if words["MDWV"] == "ON" else ""
        playing.sweep = words["SWWV"] == "ON"
        playing.harmonics = words["HARM"] == "ON" and output.waveform == "SIN"
        playing.noise = words["NOISE"] == "ON"
        if burst["STATE"] == "ON":
            playing.cycles = math.inf if burst["TIME"] == "INF" else float(burst["TIME"])
            playing.delay, playing.period = float(burst["DLAY"]), float(burst["PRD"])
            playing.start = {"EXT": "armed", "INT": "internal"}.get(burst["TRSR"], "never")  # type: ignore[assignment]
            if burst["GATE_NCYC"] == "GATE":
                playing.start = "never"
        if instrument.words["CASCADE"] == "ON" and instrument.words["CASCADE MODE"] == "SLAVE":
            playing.start = "never"
        return playing

    def takes_trigger(self, instrument: ScpiInstrument, number: int) -> bool:
        """Whether a pulse at the trigger input starts the output."""
        return self.waits(instrument, number)

    def waits(self, instrument: ScpiInstrument, number: int) -> bool:
        output = instrument.outputs[number]
        return output.burst["STATE"] == "ON" and output.burst["TRSR"] == "EXT" and output.triggered is None

    # Questions.

    def _common(self, i: ScpiInstrument, header: str, argument: str) -> list[str] | None:
        fields = [f.strip() for f in argument.split(",")]
        match header:
            case "*IDN?":
                return [i.identity]
            case "*OPC?":
                return ["1"]
            case "*CLS":
                i.errors.clear()
            case "SYST:ERR?":
                return self._error(i)
            case "ROSC?":
                return [self._styled(f"ROSC {i.reference},10MOUT,OFF")]
            case "ROSC":
                # Without the cable the instrument stays on its own clock and says nothing.
                i.reference = argument if i.reference_connected else "INT"
            case "COUP?":
                told = [f"{key},{i.words[key]}" for key in ("TRACE", "FCOUP", "PCOUP", "ACOUP")]
                return [self._styled("COUP " + ",".join(told))]
            case "COUP":
                self._couple(i, fields)
            case "NBFM?":
                return [f"NBFM PNT, {i.words['PNT']}, SEPT, {i.words['SEPT']}"]
            case "NBFM" | "CASCADE":
                self._shared(i, header, fields)
            case "MODE?":
                return [f"MODE {i.words['MODE']}"]
            case "MODE":
                i.words["MODE"] = {"PHASELOCKED": "PHASE-LOCKED", "INDEPENDENT": "INDEPENDENT"}[argument]
            case "CASCADE?":
                on = f",MODE,{i.words['CASCADE MODE']}" if i.words["CASCADE"] == "ON" else ""
                return [f"CASCADE STATE,{i.words['CASCADE']}{on}"]
            case _:
                return None
        return []

    def _error(self, i: ScpiInstrument) -> list[str]:
        if i.error_style == "constant":
            return ['-108,"Parameter not allowed"']
        if i.error_style == "mute":
            return []
        code, text = i.errors.popleft() if i.errors else (0, "No Error")
        return ["-0, No errors" if i.error_style == "minus" and not code else f"{code}  -{text}"]

    def _answer(self, i: ScpiInstrument, channel: str, output: Output, subject: str) -> list[str]:
        """What isn't known gets no answer at all."""
        words = output.words
        if i.identity.split(",")[1].startswith("SDG1") and subject == "SRATE?":
            return []
        if subject == "HARM?" and output.waveform != "SIN":
            return []
        answers: dict[str, Callable[[], str]] = {
            "OUTP?": lambda: self._output_state(channel, output),
            "BSWV?": lambda: self._wave_state(i, channel, output),
            "BTWV?": lambda: self._burst_state(channel, output),
            "SRATE?": lambda: (
                f"{channel}:SRATE MODE,DDS"
                if words["SRATE"] == "DDS"
                else f"{channel}:SRATE MODE,TARB,VALUE,{output.sample_rate:.10g}Sa/s,INTER,LINE"
            ),
            "ARWV?": lambda: f"{channel}:ARWV INDEX,2,NAME,{output.arb or 'StairUp'}",
            "CMBN?": lambda: f"{channel}:CMBN {words['CMBN']}",
            "MDWV?": lambda: (
                f"{channel}:MDWV STATE,ON,{words['TYPE']},MDSP,SINE,SRC,INT,FRQ,100HZ,CARR,WVTP,SINE,FRQ,1000HZ"
                if words["MDWV"] == "ON"
                else f"{channel}:MDWV STATE,OFF"
            ),
            # The space is missing in the manual, PG02 p. 27.
            "SWWV?": lambda: (
                f"{channel}:SWWVSTATE,ON,TIME,1S,STOP,1500HZ,START,500HZ,TRSR,INT,CARR,WVTP,SINE,FRQ,1000HZ"
                if words["SWWV"] == "ON"
                else f"{channel}:SWWV STATE,OFF"
            ),
            # The comma too, PG02 p. 131.
            "HARM?": lambda: (
                f"{channel}:HARM ,HARMSTATE,ON,HARMTYPE,EVEN,HARMORDER,2,HARMAMP,2.004748935V,HARMDBC,-6dBc,HARMPHASE,0"
                if words["HARM"] == "ON"
                else f"{channel}:HARM HARMSTATE,OFF"
            ),
            "NOISE_ADD?": lambda: f"{channel}:NOISE_ADDSTATE,{words['NOISE']},RATIO,100,RATIO_DB,20dB",
        }
        return [answers[subject]()] if subject in answers else []

    def _styled(self, answer: str) -> str:
        return answer.lower() if self.style == "lower" else answer

    def _output_state(self, channel: str, output: Output) -> str:
        load = "HZ" if output.load > 1e37 else f"{int(output.load)}"
        power = ",POWERON_STATE,OFF" if self.style == "power" else ""
        return f"{channel}:OUTP {'ON' if output.on else 'OFF'},LOAD,{load}{power},PLRT,{output.words['PLRT']}"

    def _wave_state(self, i: ScpiInstrument, channel: str, o: Output) -> str:
        peak, offset = o.source_amplitude * o.shown, o.source_offset * o.shown
        shape = next(name for name, short in _SHAPES.items() if short == o.waveform)
        if shape == "DC":
            told = f"{channel}:BSWV WVTP,DC,OFST,{offset:.6g}V"
        elif shape == "NOISE":
            told = f"{channel}:BSWV WVTP,NOISE,STDEV,{0.115 * peak:.6g}V,MEAN,{offset:.6g}V,BANDSTATE,OFF"
        else:
            # Ten digits for frequencies, six for the rest; measured.
            hz = f"{o.hz / 1e3:.10g}KHZ" if self.style == "prefixed" else f"{o.hz:.10g}HZ"
            amplitude = f"{2e3 * peak:.6g}MV" if self.style == "prefixed" else f"{2 * peak:.6g}V"
            levels = f"AMP,{amplitude},OFST,{offset:.6g}V,HLEV,{offset + peak:.6g}V,LLEV,{offset - peak:.6g}V"
            rms = "" if shape == "ARB" else f"AMPVRMS,{0.3535 * 2 * peak:.6g}Vrms,"
            levels = levels.replace("OFST", rms + "OFST", 1)
            told = f"{channel}:BSWV WVTP,{shape},FRQ,{hz},PERI,{1 / o.hz:.6g}S,{levels},PHSE,{o.degrees:.6g}"
        return told.replace(".", ",") if i.words["PNT"] == "COMMA" else told

    def _burst_state(self, channel: str, output: Output) -> str:
        """Which keys there are depends on the others; measured."""
        b = output.burst
        if b["STATE"] == "OFF":
            return f"{channel}:BTWV STATE,OFF"
        keys = ["STATE"]
        keys += ["PRD"] if b["TRSR"] == "INT" else []
        keys += ["STPS", "TRSR"]
        gated = b["GATE_NCYC"] == "GATE"
        keys += ["GATE_NCYC", "PLRT"] if gated else ["TIME", "DLAY", "GATE_NCYC"]
        if self.tells_edge and b["TRSR"] == "EXT" and not gated:
            keys.append("EDGE")
        told = ",".join(f"{key},{b[key]}{'S' if key in ('PRD', 'DLAY') else ''}" for key in keys)
        return f"{channel}:BTWV {told},CARR,WVTP,SINE,FRQ,{output.hz:.10g}HZ,PHSE,{output.degrees:.6g}"

    # Settings.

    def _output(self, output: Output, fields: list[str]) -> None:
        if fields[0] in ("ON", "OFF"):
            output.on = fields.pop(0) == "ON"
        for key, word in _pairs(fields):
            if key == "LOAD":
                # Whole ohms from 50 to 100000; measured.
                output.load = OPEN if word == "HZ" else min(max(math.floor(value(word)), 50.0), 1e5)
            elif key == "PLRT" and word in ("NOR", "INVT"):
                output.words["PLRT"] = word

    def _wave(self, i: ScpiInstrument, number: int, fields: list[str]) -> None:
        """One pair after the other; out of range is clipped without a word; measured."""
        o = i.outputs[number]
        for key, word in _pairs(fields):
            match key:
                case "WVTP":
                    o.waveform = _SHAPES[word]
                    o.words |= {"MDWV": "OFF", "SWWV": "OFF"}
                    o.burst["STATE"] = "OFF"
                case "FRQ":
                    o.hz = min(value(word), 40e6)
                case "AMP" if o.waveform not in ("DC", "NOIS"):
                    o.source_amplitude = min(max(value(word) / 2 / o.shown, 1e-3), 10.0 - abs(o.source_offset))
                case "OFST":
                    most = 10.0 - (0.0 if o.waveform == "DC" else o.source_amplitude)
                    o.source_offset = min(max(value(word) / o.shown, -most), most)
                case "PHSE" if o.waveform not in ("DC", "NOIS", "PULS"):
                    o.degrees = math.fmod(value(word), 360.0) or 0.0
                    o.burst["STPS"] = f"{o.degrees:g}"
                case _:
                    pass
        self._follow(i, number)

    def _follow(self, i: ScpiInstrument, number: int) -> None:
        """Let the other output follow where it is coupled, PG02 3.26."""
        this, other, words = i.outputs[number], i.outputs[1 - number], i.words
        first = number == 0
        if words["FCOUP"] == "ON":
            ratio, deviation = float(words["FRAT"]), float(words["FDEV"])
            other.hz = abs(this.hz * ratio + deviation if first else (this.hz - deviation) / ratio)
        if words["PCOUP"] == "ON":
            other.degrees = math.fmod(this.degrees + float(words["PDEV"]) * (1 if first else -1), 360.0)
            other.burst["STPS"] = f"{other.degrees:g}"
        if words["ACOUP"] == "ON":
            ratio = float(words["ARAT"])
            other.source_amplitude = min(this.source_amplitude * (ratio if first else 1 / ratio), 10.0)

    def _couple(self, i: ScpiInstrument, fields: list[str]) -> None:
        for key, word in _pairs(fields):
            # PG02 p. 84: only when TRACE is off the others can be set.
            if key == "TRACE" or i.words["TRACE"] == "OFF":
                i.words[key] = word
        if i.words["TRACE"] == "ON":
            i.outputs[1].copy_signal(i.outputs[0])
        else:
            self._follow(i, 0)

    def _shared(self, i: ScpiInstrument, header: str, fields: list[str]) -> None:
        for key, word in _pairs(fields):
            i.words[{"STATE": "CASCADE", "MODE": "CASCADE MODE"}.get(key, key)] = word

    def _rate(self, output: Output, pairs: dict[str, str]) -> None:
        output.words["SRATE"] = pairs.get("MODE", output.words["SRATE"])
        if output.words["SRATE"] == "TARB":
            output.burst["STATE"] = "OFF"
        if "VALUE" in pairs:
            output.sample_rate = value(pairs["VALUE"])

    def _select(self, output: Output, name: str) -> None:
        output.codes, output.arb = self.waves[name], name

    def _mode(self, output: Output, subject: str, fields: list[str]) -> None:
        """Modulation and sweep; either ends the other and the burst; measured."""
        if fields[0] in _TYPES:
            output.words["TYPE"] = fields.pop(0)
        pairs = dict(_pairs(fields))
        if "STATE" not in pairs:
            return
        # Noise and DC can't be modulated; measured.
        output.words[subject] = "ON" if pairs["STATE"] == "ON" and output.waveform not in ("DC", "NOIS") else "OFF"
        if output.words[subject] == "ON":
            output.words["SWWV" if subject == "MDWV" else "MDWV"] = "OFF"
            output.burst["STATE"] = "OFF"

    def _burst(self, output: Output, fields: list[str]) -> None:
        b = output.burst
        for key, word in _pairs(fields):
            if key == "STATE":
                blocked = output.words["SRATE"] == "TARB" or output.waveform == "DC"
                b["STATE"] = "ON" if word == "ON" and not blocked else "OFF"
                output.triggered, output.triggers = None, 0
                if b["STATE"] == "ON":
                    output.words |= {"MDWV": "OFF", "SWWV": "OFF"}
            elif b["STATE"] == "OFF":
                continue  # PG02 p. 47: the state must be on before anything else is set.
            elif key == "GATE_NCYC" and word == "GATE":
                b |= {"GATE_NCYC": "GATE", "TRSR": "EXT" if b["TRSR"] == "MAN" else b["TRSR"]}
            elif key == "TIME":
                if b["GATE_NCYC"] == "NCYC":
                    b["TIME"] = word
                    b["TRSR"] = "EXT" if word == "INF" and b["TRSR"] == "INT" else b["TRSR"]
            elif key == "TRSR":
                if not (word == "INT" and b["TIME"] == "INF"):
                    b["TRSR"] = word
            elif key == "DLAY":
                if b["GATE_NCYC"] == "NCYC":
                    b["DLAY"] = f"{max(value(word), 6.78035e-07):g}"
            elif key == "STPS":
                b["STPS"] = f"{math.fmod(value(word), 360.0):g}"
                output.degrees = float(b["STPS"])
            elif key in b:
                b[key] = word
