"""What every experiment has in its hands: an open bench, an open record, and people who watch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from hgx_lab.acquisition import Event, Message, PlacedSegment, Plateau, Reading, Stream, sweep
from hgx_lab.config import MeasuredCalibration, RunFile, TrainRun
from hgx_lab.errors import SelfTestError
from hgx_lab.experiments._audience import Audience
from hgx_lab.experiments._bench import Bench
from hgx_lab.experiments._calibration import calibrate, known_response
from hgx_lab.experiments._generators import stream_generators
from hgx_lab.experiments._guardian import Guardian
from hgx_lab.experiments._interrupts import Interrupts
from hgx_lab.experiments._saved_calibration import stored_fingerprint
from hgx_lab.experiments._self_test import self_test
from hgx_lab.experiments._session import RecordedRun
from hgx_lab.experiments._stream import Listening, hear_all, make_stream
from hgx_lab.experiments._tone_check import check_generated_tones
from hgx_lab.experiments._tones import RunTones
from hgx_lab.signals import IDENTITY_RESPONSE, ChainResponse

__all__ = ["Laboratory"]


class Laboratory:
    """One run's bench, record and audience; streams that end are drained into the record."""

    def __init__(
        self,
        run: RunFile,
        bench: Bench,
        session: RecordedRun,
        audience: Audience,
        interrupts: Interrupts,
        guardian: Guardian,
    ) -> None:
        self.run, self.bench, self.session = run, bench, session
        self.audience, self.interrupts, self._guardian = audience, interrupts, guardian

    @property
    def rate_hz(self) -> float:
        """Samples per second of the bench."""
        return self.bench.rate_hz

    def samples(self, seconds: float) -> int:
        """Return the nearest whole number of samples."""
        return round(seconds * self.rate_hz)

    def check(self) -> None:
        """Look, often and in the thread of the run, whether it is to end, and whether its guardian is there.

        Raises
        ------
        RunInterrupted
            An end was asked for.
        """
        self._guardian.look()
        self.interrupts.check()

    def known_response(self) -> ChainResponse:
        """Return the response as far as it is known without measuring it, for what needs no phase."""
        return known_response(self.run) or IDENTITY_RESPONSE

    def response(self, tones: RunTones) -> ChainResponse:
        """Take delay and pole of the signal chain from the run file, or measure them; either is recorded.

        Raises
        ------
        CalibrationError
            What was measured leaves the signs open.
        RangeError
            A generator can't give one of the tones; nothing has moved then.
        """
        stream_generators(self.run, self.bench.generators, tones)
        writer = self.session.writer
        calibration = self.run.calibration
        known = known_response(self.run)
        if known is not None or not isinstance(calibration, MeasuredCalibration):
            response = known or ChainResponse()
            writer.event("calibration", None, "Delay and pole as given.", response=response.to_dict())
            return response
        self.audience.state("calibrating")
        fit = calibrate(self.run, self.bench, tones, calibration, listening=self.listening)
        writer.event(
            "calibration",
            None,
            f"Delay {fit.response.delay_samples(self.rate_hz):.2f} samples, measured.",
            response=fit.response.to_dict(),
            delay_std_samples=fit.delay_std_samples,
            reduced_chi2=fit.reduced_chi2,
            gradients=fit.gradients,
            capacitances=fit.capacitances,
        )
        writer.flush()
        self.audience.calibrated(fit)
        return fit.response

    @property
    def listening(self) -> Listening:
        """Who hears of the streams of this run, and how it is steered."""
        return Listening(self.hear, self.check, self.interrupts, self.audience.block)

    def self_test(self, *, compare: bool = True) -> None:
        """Test the wires if the run file asks for it; the record and the audience hear what came out.

        ``compare`` says whether a stored fingerprint, where the run names one, is to be compared.

        Raises
        ------
        SelfTestError
            A fault was found.
        """
        settings = self.run.self_test
        if settings is None:
            return
        writer = self.session.writer
        try:
            stored = stored_fingerprint(self.run) if compare else None
            result = self_test(self.run, self.bench, settings, fingerprint=stored, listening=self.listening)
        except SelfTestError as error:
            writer.event("self-test", None, str(error), passed=False)
            raise
        names = result.names
        text = " ".join([f"Self-test passed by {len(names)} electrodes.", *result.notes])
        sizes = {name: float(size) for name, size in zip(names, result.evidence.sizes, strict=True)}
        writer.event(
            "self-test",
            None,
            text,
            passed=True,
            amperes_per_volt=sizes,
            notes=list(result.notes),
            fingerprint_compared=stored is not None,
        )
        writer.flush()
        self.audience.note(text)

    def hear(self, message: Message) -> None:
        """Record an event of the acquisition and tell it; other messages are the experiment's own business."""
        if isinstance(message, Event):
            try:
                self.session.writer.event(str(message.kind), message.sample, message.message, **message.data)
            finally:  # a record that can't take a warning is no reason not to show it
                self.audience.event(message)
        elif isinstance(message, PlacedSegment):
            self.audience.placed(message)

    @contextmanager
    def stream(
        self,
        tones: RunTones,
        response: ChainResponse,
        *,
        hear: Callable[[Message], None] | None = None,
        keep_blocks: bool = False,
    ) -> Iterator[Stream]:
        """Run a stream with these tones; at its end the outputs are at rest and its last messages are heard.

        Where generators give tones it begins with a look whether the device gets them.

        Raises
        ------
        AcquisitionError
            It doesn't.
        """
        generated = stream_generators(self.run, self.bench.generators, tones)
        stream = make_stream(
            self.run,
            self.bench,
            tones_hz=tones.frequencies_hz,
            electrode_of_tone=tones.electrodes,
            period_samples=tones.period_samples,
            bank=tones.bank(),
            demodulator=tones.demodulator(len(self.bench.settings.inputs), _windows(self.run)),
            delay_samples=max(0, round(response.delay_samples(self.rate_hz))),
            listening=self.listening,
            keep_blocks=keep_blocks,
            generated=generated,
        )
        self.audience.state("learning" if isinstance(self.run, TrainRun) else "measuring")
        try:
            with stream:
                if generated is not None:
                    for note in check_generated_tones(self.run, stream, tones, generated.amplitudes, hear or self.hear):
                        self.session.writer.event("generator", stream.samples, note)
                        self.audience.note(note)
                yield stream
        finally:
            self.session.ended_at(stream.samples)
            hear_all(stream.leftovers(), hear or self.hear)
            self.session.writer.flush()

    def measure(
        self, tones: RunTones, response: ChainResponse, plateaus: Iterable[Plateau]
    ) -> Generator[Reading, None, None]:
        """Measure plateaus one after the other in a stream of their own; see :func:`hgx_lab.acquisition.sweep`.

        The stream ends, at rest, when the last reading has been taken or the generator is closed.
        """
        with self.stream(tones, response) as stream:
            yield from sweep(stream, plateaus, slope=self.run.timing.slope, hear=self.hear)


def _windows(run: RunFile) -> set[int]:
    """Lengths of the windows that a run is going to measure, in base periods."""
    return {run.timing.periods, *run.plan_windows.toned, *run.plan_windows.silent}
