"""What the derivatives are worth: exactness, scatter, error bars, signs, cross-talk, one record against many.

    python scripts/verify_derivatives.py [--device FILE.npz ...] [--quick]

Everything is measured through the simulated signal chain and the streaming demodulator, and compared with the
exact derivative of the device or with the Cramer-Rao bound sqrt(S/T), never with the program's own output. With
--device the comparison of one record with K records is made on these surrogate networks of real devices as well.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from verify_claims import Claims
from verify_rig import Measured, Rig

from hgx_drivers.simulated import ChainSettings, Flicker, White
from hgx_drivers.simulated.devices import Device, LinearDevice, SmoothDevice, SurrogateDevice
from hgx_lab.signals import TonePlan, empty_bins, make_plan

Floats = NDArray[np.float64]

RATE_HZ = 100e3
PERIOD = 1000  # 10 ms
TONES = 7
NANOAMPERE = 1e-9
#: The chain of a published bench: 1/f noise of 1e-5 nA^2/Hz at 1 kHz, hum, 16-bit converters, 0.5 pF, 6.4 kHz.
PUBLISHED = replace(ChainSettings(), delay_samples=6.0)
#: Noise that is white, and with 1/f noise of the same density at 1 kHz, on an otherwise ideal chain.
WHITE = replace(ChainSettings.ideal(), white=White(1e-23))
MIXED = replace(WHITE, flicker=Flicker(1e-23))
FLICKER = replace(ChainSettings.ideal(), white=White(), flicker=Flicker(1e-23))


def octave() -> TonePlan:
    return make_plan("octave", TONES, rate_hz=RATE_HZ, period_samples=PERIOD, band_hz=(300.0, 3000.0))


def octave_rig(device: Device, chain: ChainSettings, *, seed: int = 1) -> Rig:
    plan = octave()
    noise = [int(b) for b in empty_bins(plan)]
    return Rig(device, chain, plan.bins, PERIOD, RATE_HZ, noise_bins=noise, seed=seed)


def exactness(claims: Claims, points: int) -> None:
    """Two small amplitudes extrapolated to none: what is left is what the program itself does wrong."""
    rig = octave_rig(SmoothDevice(3), replace(ChainSettings.ideal(), delay_samples=6.0))
    volts = np.random.default_rng(1).uniform(-1.0, 1.0, (points, TONES))

    def at(volt: float) -> Floats:
        amplitudes = np.full(TONES, volt)
        return rig.derivatives(rig.measure(volts, amplitudes, settle=20, periods=1), amplitudes).value

    extrapolated = (4.0 * at(1e-4) - at(2e-4)) / 3.0
    exact = rig.exact(volts)
    worst = float(np.max(np.abs(extrapolated / exact - 1.0)))
    claims.at_most(
        f"derivative against the exact one, noise off, vanishing amplitude, worst of {points * TONES}, relative",
        worst,
        1e-6,
        digits=".1e",
    )


def scatter(claims: Claims, windows: int) -> None:
    """Scatter of the derivative at one setting against the bound, and against what was reported."""
    amplitudes = np.full(TONES, 0.02)
    for name, chain, allowed in (
        ("white noise", WHITE, 0.02),
        ("white + 1/f noise, knee 1 kHz", MIXED, 0.05),
        ("published noise (1/f)", FLICKER, 0.05),
    ):
        for periods in (1, 4):
            rig = octave_rig(SmoothDevice(3), chain, seed=periods)
            setting = np.full((windows, TONES), 0.1)
            found = rig.derivatives(rig.measure(setting, amplitudes, settle=0, periods=periods), amplitudes)
            true = found.value.std(axis=0)
            density = np.zeros(TONES)
            if chain.white is not None:
                density += chain.white.density
            if chain.flicker is not None:
                density += chain.flicker.density_at_1_khz * 1e3 / rig.frequencies_hz
            bound = np.sqrt(density / (periods * PERIOD / RATE_HZ)) / amplitudes
            ratio = float(np.sqrt(np.mean((true / bound) ** 2)))
            where = f"{name}, {periods * PERIOD / RATE_HZ * 1e3:g} ms, {windows} windows x {TONES} tones"
            claims.state(
                f"scatter over sqrt(S/T)/a, {where}", f"<= {1 + allowed:g}", f"{ratio:.4f}", ratio <= 1 + allowed
            )
            reported = np.sqrt(np.mean(found.std**2, axis=0))
            off = float(np.max(np.abs(reported / true - 1.0)))
            claims.at_most(f"reported standard deviation off the true scatter, worst tone, {where}", off, 0.1)


def below_the_mains(claims: Claims, windows: int) -> None:
    """Windows of one base period in which the mains take all bins below the lowest tone: its noise is continued."""
    for bins in ((12, 16, 20), (7, 23)):
        plan = TonePlan("manual", RATE_HZ, PERIOD, bins, 50.0)
        noise = [int(b) for b in empty_bins(plan)]
        amplitudes = np.full(len(bins), 0.02)
        for name, chain, most in (("white noise", WHITE, 1.15), ("white + 1/f noise, knee 1 kHz", MIXED, 1.1),
                                  ("published noise (1/f)", FLICKER, 1.1)):  # fmt: skip
            rig = Rig(LinearDevice(np.full(len(bins), 20e-9)), chain, bins, PERIOD, RATE_HZ, noise_bins=noise)
            setting = np.full((windows, len(bins)), 0.1)
            found = rig.derivatives(rig.measure(setting, amplitudes, settle=0, periods=1), amplitudes)
            ratio = float(np.sqrt(np.mean(found.std[:, 0] ** 2)) / found.value[:, 0].std())
            claims.state(
                f"reported standard deviation over the true scatter, tone in bin {bins[0]}, lowest empty bin "
                f"{noise[0]}, {name}, {windows} windows of 10 ms",
                f"0.9 to {most:g}",
                f"{ratio:.3f}",
                0.9 <= ratio <= most,
            )


def drift(claims: Claims) -> None:
    """1 nA of drift during every window, noise off, tones in the lowest bins there are."""
    device = LinearDevice(np.full(TONES, 20e-9))
    amplitudes = np.full(TONES, 0.02)
    steep = replace(ChainSettings.ideal(), drift_amperes_per_second=NANOAMPERE / (PERIOD / RATE_HZ))
    setting, lowest = np.zeros((5, TONES)), range(1, TONES + 1)
    bias: dict[bool, float] = {}
    for regressor in (True, False):
        still, drifting = (
            Rig(device, chain, lowest, PERIOD, RATE_HZ, drift=regressor)
            .measure(setting, amplitudes, settle=0, periods=1)
            .phasor
            for chain in (ChainSettings.ideal(), steep)
        )
        bias[regressor] = float(np.max(np.abs(drifting - still))) / NANOAMPERE
    claims.state(
        "bias of a tone, bins 1 to 7, by a drift of 1 nA a window, with the drift regressor",
        "<= 0.0001 nA",
        f"{bias[True]:.1e} nA ({bias[False]:.2g} nA without)",
        bias[True] <= 1e-4,
    )


def signs(claims: Claims, points: int) -> None:
    """Random settings on the whole published chain, 10 ms each; only components beyond 3 sigma count."""
    rig = octave_rig(SmoothDevice(3), PUBLISHED)
    volts = np.random.default_rng(2).uniform(-0.98, 0.98, (points, TONES))
    amplitudes = np.full(TONES, 0.02)
    found = rig.derivatives(rig.measure(volts, amplitudes, settle=100, periods=1), amplitudes)
    sure = found.significant(3.0)
    wrong = sure & (np.sign(found.value) != np.sign(rig.exact(volts)))
    share = wrong.sum() / sure.sum()
    claims.state(
        f"wrong signs beyond 3 sigma, published chain, {points} random settings, 10 ms, 20 mV",
        "<= 0.2 %",
        f"{100 * share:.3f} % ({wrong.sum()} of {sure.sum()}; {sure.mean():.0%} of all are beyond 3 sigma)",
        share <= 2e-3,
    )


def cross_talk(claims: Claims) -> None:
    """Every tone taken away in turn: what the others then read, relative to themselves."""
    rng = np.random.default_rng(3)
    rig = octave_rig(LinearDevice(rng.uniform(5e-9, 100e-9, TONES)), ChainSettings.ideal())
    setting, amplitudes = rng.uniform(-1.0, 1.0, (1, TONES)), np.full(TONES, 0.02)
    together = rig.measure(setting, amplitudes, settle=0, periods=1).phasor[0]
    worst = 0.0
    for tone in range(TONES):
        others = np.delete(np.arange(TONES), tone)
        without = amplitudes.copy()
        without[tone] = 0.0
        alone = rig.measure(setting, without, settle=0, periods=1).phasor[0]
        worst = max(worst, float(np.max(np.abs(together[others] / alone[others] - 1.0))))
    claims.at_most("change of a tone's reading by another tone, linear device, relative", worst, 1e-9, digits=".1e")


def one_record(claims: Claims, name: str, device: Device, box: Floats, points: int) -> None:
    """All derivatives from one record against as many records with one tone each, 0.1 s a record."""
    rate_hz, period, settle = 25e3, 2500, 50
    rng = np.random.default_rng(4)
    # As at the bench: larger amplitudes on the weak electrodes, within the published 10 to 30 mV.
    probe = rng.uniform(box[:, 0], box[:, 1], (500, len(box)))
    strength = np.sqrt(np.mean(device.jacobian(np.ascontiguousarray(probe.T))[0] ** 2, axis=1))
    amplitudes = np.clip(0.02 * np.median(strength) / strength, 0.01, 0.03)
    volts = rng.uniform(box[:, 0] + amplitudes, box[:, 1] - amplitudes, (points, len(box)))
    for spacing_hz in (10, 40):
        bins = [43 + spacing_hz // 10 * k for k in range(len(box))]
        rig = Rig(device, PUBLISHED, bins, period, rate_hz, seed=spacing_hz)
        truth = rig.exact(volts)
        multi = rig.derivatives(rig.measure(volts, amplitudes, settle=settle, periods=1), amplitudes).value
        single = np.empty_like(multi)
        for tone in range(len(box)):
            lone = np.where(np.arange(len(box)) == tone, amplitudes, 0.0)
            record = rig.measure(volts, lone, settle=settle, periods=1)
            single[:, tone] = rig.derivatives(Measured(record.phasor, record.std), lone).value[:, tone]
        unexplained = np.sum((multi - single) ** 2) / np.sum((single - single.mean()) ** 2)
        errors = [float(np.sqrt(np.mean((found - truth) ** 2))) / NANOAMPERE for found in (multi, single)]
        claims.state(
            f"R^2 of one record against {len(box)}, {name}, {points} random settings, {len(box)} tones {spacing_hz} Hz "
            "apart, 0.1 s",
            ">= 0.998",
            f"{1.0 - unexplained:.5f} (rms errors {errors[0]:.2f} and {errors[1]:.2f} nA/V)",
            1.0 - unexplained >= 0.998,
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", type=Path, action="append", default=[], help="a surrogate network (.npz)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the settings")
    options = parser.parse_args()
    share = 10 if options.quick else 1
    claims = Claims()
    exactness(claims, 200 // share)
    scatter(claims, 4000 // share)
    below_the_mains(claims, 4000 // share)
    drift(claims)
    signs(claims, 10_000 // share)
    cross_talk(claims)
    wide = np.tile([-1.0, 1.0], (TONES, 1))
    one_record(claims, "smooth device", SmoothDevice(3), wide, 1000 // share)
    for path in options.device:
        device = SurrogateDevice.from_npz(path)
        one_record(claims, f"real device {path.name}", device, device.voltage_ranges, 1000 // share)
    return claims.exit_code


if __name__ == "__main__":
    sys.exit(main())
