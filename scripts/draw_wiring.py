"""Draw the wiring of the three rigs with NI hardware into docs/images.

python scripts/draw_wiring.py
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

IMAGES = Path(__file__).parents[1] / "docs" / "images"
STYLE = (
    ".b{fill:#f6f6f6;stroke:#333}.p{fill:#333}.w{fill:none;stroke:#0072b2;stroke-width:2}"
    ".i{fill:none;stroke:#009e73;stroke-width:2}.g{fill:none;stroke:#333;stroke-width:2}"
    ".s{fill:none;stroke:#d55e00;stroke-width:2;stroke-dasharray:6 4}"
    ".h{text-anchor:middle;font-weight:bold}.r{text-anchor:end}.c{text-anchor:middle}"
)
LEGEND = (
    ("w", "voltages to the electrodes"),
    ("i", "current and its read-out"),
    ("s", "clock and start"),
    ("g", "ground"),
)
TEXT_DROP = 4  # from the middle of a line to the baseline of a text of 12 px

Point = tuple[float, float]


@dataclass
class Drawing:
    """An SVG, element by element; coordinates in pixels from the upper left corner."""

    title: str
    width: int
    height: int
    body: list[str] = field(default_factory=list)

    def text(self, at: Point, words: str, style: str = "") -> None:
        """Words on the middle line of a point; styles h and c are centred, r ends there."""
        self.body.append(f'<text x="{at[0]:g}" y="{at[1] + TEXT_DROP:g}" class="{style}">{words}</text>')

    def box(self, corner: Point, size: Point, *lines: str) -> None:
        """A box with a heading and lines below it."""
        (x, y), (width, height) = corner, size
        self.body.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="b"/>')
        for number, line in enumerate(lines):
            self.text((x + width / 2, y + 18 + 16 * number), line, "c" if number else "h")

    def pin(self, at: Point, name: str = "", *, left: bool = True) -> Point:
        """A terminal, its name to the left or to the right of it."""
        self.body.append(f'<circle cx="{at[0]:g}" cy="{at[1]:g}" r="4" class="p"/>')
        self.text((at[0] - 10 if left else at[0] + 10, at[1]), name, "r" if left else "")
        return at

    def line(self, style: str, *points: Point) -> None:
        """A wire through points."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.body.append(f'<polyline points="{path}" class="{style}"/>')

    def ground(self, at: Point) -> None:
        """The symbol of ground, hanging on a point."""
        x, y = at
        for number, half in enumerate((10, 6, 2)):
            self.line("g", (x - half, y + 5 * number), (x + half, y + 5 * number))

    def device(self, x: float, height: float, pins: dict[str, float]) -> None:
        """The device, its terminals on its left side at these heights."""
        self.box((x, 20), (140, height), "device")
        for name, at in pins.items():
            self.pin((x, at), name, left=False)

    def read_out(self, x: float, plus: Point, minus: Point, device: float) -> None:
        """The current-to-voltage converter between the differential input and the device's output."""
        self.box((x, plus[1] - 38), (110, 85), "I-V converter")
        self.line("i", (device, plus[1]), (x + 110, plus[1]))
        self.line("i", (x, plus[1]), plus)
        self.line("g", (x, minus[1]), minus)
        self.pin((x + 110, plus[1]), "in")
        self.pin((x, plus[1]), "out", left=False)
        self.pin((x, minus[1]), "ground", left=False)

    def legend(self) -> None:
        """What the colours mean, in the last line."""
        x = 20.0
        for style, words in LEGEND:
            self.line(style, (x, self.height - 18), (x + 30, self.height - 18))
            self.text((x + 38, self.height - 18), words)
            x += 62 + 6.2 * len(words)

    def save(self, name: str) -> None:
        """Write it as docs/images/NAME.svg."""
        self.legend()
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            'font-family="sans-serif" font-size="12">'
        )
        lines = [
            head,
            f"<title>{self.title}</title>",
            f"<style>{STYLE}</style>",
            f'<rect width="{self.width}" height="{self.height}" fill="white"/>',
            *self.body,
            "</svg>",
        ]
        (IMAGES / f"{name}.svg").write_text("\n".join(lines) + "\n", encoding="utf-8")


def electrodes(drawing: Drawing, outputs: list[Point], common: Point, device: float, height: float, out: float) -> None:
    """The device, with a wire from each output to an electrode and one between the grounds."""
    pins = {f"electrode {number}": pin[1] for number, pin in enumerate(outputs)}
    drawing.device(device, height, pins | {"ground": common[1], "output": out})
    for pin in outputs:
        drawing.line("w", pin, (device, pin[1]))
    drawing.line("g", common, (device, common[1]))


def one_card() -> None:
    """Outputs and input on one multifunction card."""
    d = Drawing("Wiring of one NI multifunction card", 720, 400)
    d.box((20, 20), (230, 320), "PCIe-6363", "Dev1")
    outputs = [d.pin((250, 75 + 30 * i), f"ao{i}") for i in range(3)]
    common = d.pin((250, 165), "AO GND")
    plus, minus, ground = d.pin((250, 235), "ai0 +"), d.pin((250, 265), "ai0 - (ai8)"), d.pin((250, 300), "AI GND")
    electrodes(d, outputs, common, 560, 320, plus[1])
    d.read_out(380, plus, minus, 560)
    d.line("g", (290, minus[1]), (290, ground[1]), ground)
    d.text((35, 105), "ao clock")
    d.text((35, 235), "ai/SampleClock")
    d.line("s", (60, 225), (60, 117))
    d.text((70, 170), "inside the card")
    d.save("wiring-ni-card")


def one_chassis() -> None:
    """Modules in one chassis."""
    d = Drawing("Wiring of modules in one NI cDAQ chassis", 740, 440)
    d.box((20, 20), (230, 360), "cDAQ-9178", "cDAQ1")
    d.box((45, 65), (185, 85), "Mod1: NI 9264, 16 x ao")
    d.box((45, 160), (185, 75), "Mod2: NI 9263, 4 x ao")
    d.box((45, 245), (185, 80), "Mod3: NI 9215, 4 x ai")
    outputs = [d.pin((230, 105), "cDAQ1Mod1/ao0"), d.pin((230, 130), "cDAQ1Mod1/ao1")]
    outputs.append(d.pin((230, 195), "cDAQ1Mod2/ao0"))
    common = d.pin((230, 220), "COM")
    plus, minus = d.pin((230, 280), "cDAQ1Mod3/ai0 +"), d.pin((230, 310), "cDAQ1Mod3/ai0 -")
    electrodes(d, outputs, common, 570, 360, plus[1])
    d.read_out(390, plus, minus, 570)
    d.line("g", (290, minus[1]), (290, 335))
    d.ground((290, 335))
    d.text((35, 345), "the chassis' ai/SampleClock")
    d.text((35, 361), "clocks both output modules")
    d.line("s", (58, 290), (32, 290), (32, 120), (58, 120))
    d.line("s", (32, 200), (58, 200))
    d.save("wiring-ni-chassis")


def two_devices() -> None:
    """Outputs on one device, inputs on another, locked by two cables."""
    d = Drawing("Wiring of two NI devices that share clock and start", 760, 420)
    d.box((150, 20), (190, 160), "outputs", "Dev1")
    d.box((150, 220), (190, 140), "inputs", "Dev2")
    outputs = [d.pin((340, 70 + 28 * i), f"ao{i}") for i in range(3)]
    common = d.pin((340, 154), "AO GND")
    plus, minus = d.pin((340, 285), "ai0 +"), d.pin((340, 315), "ai0 -")
    electrodes(d, outputs, common, 600, 340, plus[1])
    d.read_out(430, plus, minus, 600)
    d.line("g", (385, minus[1]), (385, 338))
    d.ground((385, 338))
    for what, x, above, below in (
        ("reference", 90, ("PFI0 in", 100), ("PFI2 out", 325)),
        ("start", 120, ("PFI1 in", 130), ("PFI3 out", 295)),
    ):
        d.pin((150, above[1]), above[0], left=False)
        d.pin((150, below[1]), below[0], left=False)
        d.line("s", (150, above[1]), (x, above[1]), (x, below[1]), (150, below[1]))
        if what == "start":
            d.text((x + 8, 200), what)
        else:
            d.text((x - 8, 200), what, "r")
    d.save("wiring-ni-devices")


def main() -> None:
    one_card()
    one_chassis()
    two_devices()


if __name__ == "__main__":
    main()
