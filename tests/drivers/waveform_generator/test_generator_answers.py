"""What instruments answer, as manuals print it and as others report it: numbers, words, error queues."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgx_drivers.waveform_generator import UnexpectedAnswer
from hgx_drivers.waveform_generator._answers import quantity, word_after, words
from hgx_drivers.waveform_generator._error_queue import ErrorQueue, is_entry

NOISE = (-108, "Parameter not allowed")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000HZ", 1000.0),
        ("1KHZ", 1000.0),
        ("1234.567891HZ", 1234.567891),
        ("1000.000001", 1000.000001),
        ("+1.000000000000000E+03", 1000.0),
        ("2.5MHZ", 2.5e6),
        ("500MVPP", 0.5),
        ("0.02V", 0.02),
        ("20mV", 0.02),
        ("1E-07S", 1e-7),
        ("5.5e-07S", 5.5e-7),
        ("1MS", 1e-3),
        ("50OHM", 50.0),
        ("1MOHM", 1e6),
        ("90°", 90.0),
        ("-0.05", -0.05),
        (".5", 0.5),
        (" 10 ", 10.0),
        ("1e6Sa/s", 1e6),
        ("-3DBM", -3.0),
    ],
)
def test_a_number_has_the_unit_that_it_says(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value, rel=1e-15)
    assert quantity(text.lower() if "M" not in text else text) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize("text", ["", "HZ", "1,5", "1.0.0", "INF", "1XHZ", "ten", "1 000", "1HZ1"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        quantity(text)


@given(st.floats(-1e9, 1e9, allow_nan=False), st.sampled_from(["", "V", "HZ", "S", "%", "Vpp"]))
def test_what_is_written_is_read(value: float, unit: str) -> None:
    assert quantity(f"{value!r}{unit}") == value


@pytest.mark.parametrize(
    ("answer", "key", "word"),
    [
        ("C1:BSWV WVTP,SINE,FRQ,1000HZ,AMP,4V", "FRQ", "1000HZ"),
        ("c1:bswv wvtp,sine,frq,1000hz", "FRQ", "1000HZ"),
        ("WVTP,SINE,FRQ,1000HZ", "WVTP", "SINE"),
        ("C1:OUTP ON,LOAD,HZ,PLRT,NOR", "", "ON"),
        ("C1:OUTP ON,LOAD,HZ,PLRT,NOR", "LOAD", "HZ"),
        ("OUTP OFF,LOAD,50", "", "OFF"),
        # Without a space, and with a comma too many, as in the manual's own examples.
        ("C2:SWWVSTATE,ON,TIME,1S", "STATE", "ON"),
        ("C1:HARM ,HARMSTATE,ON,HARMTYPE,EVEN", "HARMSTATE", "ON"),
        ("C1:HARM HARMSTATE,OFF", "HARMSTATE", "OFF"),
        ("C1:NOISE_ADD STATE,OFF,RATIO,100", "STATE", "OFF"),
        ("C1:NOISE_ADDSTATE,ON,RATIO,120", "STATE", "ON"),
        ("MODE PHASE-LOCKED", "", "PHASE-LOCKED"),
        ("C1:CMBN OFF", "", "OFF"),
        ("COUP TRACE,OFF,FCOUP,ON", "FCOUP", "ON"),
        ("C1:BSWV WVTP,SINE", "FRQ", None),
        # What describes the carrier doesn't describe the burst.
        ("C1:BTWV STATE,ON,PRD,0.01S,DLAY,0S,CARR,WVTP,SINE,FRQ,50HZ,DLAY,1S", "DLAY", "0S"),
        ("C1:MDWV STATE,OFF,CARR,STATE,ON", "STATE", "OFF"),
        ("", "", None),
    ],
)
def test_a_word_is_found_behind_its_key(answer: str, key: str, word: str | None) -> None:
    assert word_after(answer, key) == word


def test_words_are_in_capitals_and_without_a_header() -> None:
    assert words("C2:BTWV state, on ,TRSR,ext") == ["STATE", "ON", "TRSR", "EXT"]


class Queue:
    """Entries in the order in which they came; ``idle`` when there is none."""

    def __init__(self, entries: Sequence[tuple[int, str]] = (), idle: str = '+0,"No error"') -> None:
        self.entries, self.idle = list(entries), idle

    def ask(self) -> str:
        if self.entries:
            code, text = self.entries.pop(0)
            return f'{code:+d},"{text}"'
        return self.idle

    def drained(self, queue: ErrorQueue) -> list[tuple[int, str]]:
        return queue.drain(self.ask(), self.ask, "")


@pytest.mark.parametrize("idle", ['+0,"No error"', "-0, No errors", "0  -No Error", "0,No error"])
def test_an_empty_queue_has_no_errors(idle: str) -> None:
    there, queue = Queue(idle=idle), ErrorQueue()
    assert is_entry(idle)
    queue.learn(there.ask, "")
    assert there.drained(queue) == []
    there.entries = [(-221, "Settings conflict"), (-222, "Data out of range")]
    assert there.drained(queue) == [(-221, "Settings conflict"), (-222, "Data out of range")]


def test_what_was_in_the_queue_before_is_not_ours() -> None:
    there, queue = Queue([(-113, "Undefined header")] * 20), ErrorQueue()
    queue.learn(there.ask, "")
    there.entries = [(-113, "Undefined header")]
    assert there.drained(queue) == [(-113, "Undefined header")]


def test_a_queue_that_always_says_the_same_says_nothing_and_another_entry_counts() -> None:
    there, queue = Queue(idle=f'{NOISE[0]},"{NOISE[1]}"'), ErrorQueue()
    queue.learn(there.ask, "")
    assert there.drained(queue) == []
    there.entries = [(-222, "Data out of range")]
    assert there.drained(queue) == [(-222, "Data out of range")]


def test_after_another_connection_the_queue_is_learned_anew() -> None:
    there, queue = Queue(idle=f'{NOISE[0]},"{NOISE[1]}"'), ErrorQueue()
    queue.learn(there.ask, "")
    queue.forget()
    there.idle = '+0,"No error"'
    queue.learn(there.ask, "")
    there.entries = [NOISE]
    assert there.drained(queue) == [NOISE]


def _counting() -> Callable[[], str]:
    codes = iter(range(1, 10_000))
    return lambda: f'{next(codes)},"never the same"'


def test_a_queue_without_an_end_is_left() -> None:
    queue, ask = ErrorQueue(), _counting()
    queue.learn(ask, "")
    assert len(queue.drain(ask(), ask, "")) <= 100


@pytest.mark.parametrize("answer", ["", "OK", "C1:OUTP ON", "1.5,no", "Agilent,33522A,1,2"])
def test_what_is_no_entry_is_refused(answer: str) -> None:
    assert not is_entry(answer)
    with pytest.raises(UnexpectedAnswer, match="no entry"):
        ErrorQueue().learn(lambda: answer, "a")
