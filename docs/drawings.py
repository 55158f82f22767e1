"""The drawings of the documentation: `python docs/drawings.py` writes them as SVG to docs/images.

A drawing is boxes, arrows and words at positions in pixels; its file is a function of this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent / "images"
INK, GREY, LINE = "#1f2933", "#5f6c7b", "#9aa5b1"
PAPER, HOST, CHIP, STATE = "#ffffff", "#eef3fb", "#fdf3e7", "#ffffff"
BLUE, ORANGE = "#2f5fb3", "#b8651b"
FONT = "font-family='Helvetica, Arial, sans-serif'"
MARKER = (
    "<marker id='head-{0}' viewBox='0 0 8 8' refX='7' refY='4' markerWidth='7' markerHeight='7'"
    " orient='auto'><path d='M0,0 L8,4 L0,8 z' fill='#{0}'/></marker>"
)


@dataclass
class Drawing:
    """An SVG of `width` x `height` pixels, with `title` for those who cannot see it."""

    width: int
    height: int
    title: str
    parts: list[str] = field(default_factory=list)

    def frame(self, x: int, y: int, width: int, height: int, label: str, fill: str) -> None:
        """A region that holds boxes; its label stands at its upper left."""
        self._rectangle(x, y, width, height, fill, LINE, radius=10)
        self.words(x + 14, y + 22, label, weight="bold", colour=GREY, anchor="start")

    def box(self, x: int, y: int, width: int, height: int, *lines: str, colour: str = INK) -> None:
        """A part, named by its first line; the others say what it holds or computes."""
        self._rectangle(x, y, width, height, STATE, colour, radius=5)
        first = y + height / 2 + 5 - 8.5 * (len(lines) - 1)
        for number, line in enumerate(lines):
            weight, ink = ("bold", INK) if number == 0 else ("normal", GREY)
            self.words(x + width / 2, first + 17 * number, line, weight=weight, colour=ink)

    def arrow(
        self,
        *points: tuple[int, int],
        label: str = "",
        at: tuple[int, int] = (0, 0),
        ink: str = INK,
    ) -> None:
        """A line through `points` with a head at the last one, and its label at `at`."""
        path = " ".join(f"{x},{y}" for x, y in points)
        self.parts.append(
            f"<polyline points='{path}' fill='none' stroke='{ink}' stroke-width='1.6'"
            f" marker-end='url(#head-{ink[1:]})'/>"
        )
        if label:
            self.words(*at, label, colour=ink)

    def words(
        self,
        x: float,
        y: float,
        text: str,
        *,
        weight: str = "normal",
        colour: str = GREY,
        anchor: str = "middle",
        size: int = 13,
    ) -> None:
        self.parts.append(
            f"<text x='{x:g}' y='{y:g}' {FONT} font-size='{size}' font-weight='{weight}'"
            f" text-anchor='{anchor}' fill='{colour}'>{escape(text)}</text>"
        )

    def _rectangle(
        self, x: float, y: float, width: float, height: float, fill: str, ink: str, radius: int
    ) -> None:
        self.parts.append(
            f"<rect x='{x:g}' y='{y:g}' width='{width:g}' height='{height:g}' rx='{radius}'"
            f" fill='{fill}' stroke='{ink}' stroke-width='1.2'/>"
        )

    def svg(self) -> str:
        heads = "".join(MARKER.format(ink[1:]) for ink in (INK, GREY, BLUE, ORANGE))
        view = f"viewBox='0 0 {self.width} {self.height}' role='img'"
        start = f"<svg xmlns='http://www.w3.org/2000/svg' width='{self.width}' {view}>"
        paper = f"<rect width='{self.width}' height='{self.height}' fill='{PAPER}'/>"
        title = f"<title>{escape(self.title)}</title><defs>{heads}</defs>"
        return "\n".join([start, title, paper, *self.parts, "</svg>", ""])


def loop() -> Drawing:
    """Learning with the chip in the loop: what crosses between host and chip."""
    d = Drawing(960, 430, "The host sends spikes and error events to the chip and hears its spikes")
    d.frame(20, 20, 330, 390, "processing core (host, torch)", HOST)
    d.box(60, 60, 250, 44, "spike encoder", "samples become spike trains")
    d.box(60, 148, 250, 44, "readout", "leaky sums of the chip's spikes")
    d.box(60, 222, 250, 44, "loss", "its gradient by autograd")
    d.box(
        60,
        296,
        250,
        62,
        "error encoder",
        "dense, threshold or sigma-delta:",
        "events where an error is worth one",
    )
    d.arrow((185, 192), (185, 222))
    d.arrow((185, 266), (185, 296))

    d.frame(500, 20, 440, 390, "neuromorphic core (any device: the same bits)", CHIP)
    d.box(530, 60, 110, 62, "scheduler", "spikes due,", "by slot")
    d.box(680, 60, 110, 62, "synapses", "sum of", "weights W")
    d.box(830, 60, 90, 62, "neurons", "I, V, R,", "S, B")
    d.arrow((640, 91), (680, 91))
    d.arrow((790, 91), (830, 91))
    d.box(690, 160, 90, 44, "fan-out", "table")
    d.arrow((875, 122), (875, 182), (780, 182))
    d.arrow((690, 182), (585, 182), (585, 122), label="delayed", at=(614, 198))
    d.box(530, 232, 110, 44, "traces", "Q, P per axon")
    d.arrow((550, 122), (550, 232))
    d.box(530, 326, 110, 44, "error sums", "E per neuron")
    d.box(700, 270, 150, 62, "learning", "dW = -eta E B P", "where E is not 0", colour=ORANGE)
    d.arrow((640, 254), (670, 254), (670, 288), (700, 288), label="P", at=(683, 268))
    d.arrow((640, 348), (670, 348), (670, 314), (700, 314), label="E", at=(683, 344))
    d.arrow((895, 122), (895, 300), (850, 300), label="B", at=(907, 222))
    d.arrow((720, 270), (720, 226), (650, 226), (650, 110), (680, 110), ink=ORANGE)
    d.words(738, 240, "W", colour=ORANGE)

    d.arrow((310, 82), (530, 82), label="input spikes", at=(425, 74), ink=BLUE)
    d.arrow((735, 204), (735, 214), (420, 214), (420, 170), (310, 170), ink=BLUE)
    d.words(425, 162, "spikes of the neurons", colour=BLUE)
    d.arrow((310, 348), (530, 348), label="error events", at=(425, 340), ink=BLUE)
    d.words(720, 396, "golden model | batched emulator | compiled RTL | board", colour=INK)
    return d


def core() -> Drawing:
    """One core: its memories, and the steps of a tick that use them."""
    d = Drawing(960, 520, "The parts of a core, numbered by the steps of a tick")
    d.frame(
        20, 20, 920, 480, "one core; numbers are the steps of a tick (contract, section 5)", CHIP
    )
    d.box(50, 60, 170, 62, "1  scheduler", "pending spikes:", "slots x axons")
    d.box(270, 60, 170, 62, "2  synapses", "W: axons x neurons,", "lanes per cycle")
    d.box(490, 60, 170, 62, "3  neurons", "I, V, R, countdown,", "box B, spike S, trace Z")
    d.box(710, 60, 200, 62, "5  fan-out", "entries: core, delay, axon", "of every neuron")
    d.arrow((220, 91), (270, 91), label="axons", at=(245, 83))
    d.arrow((440, 91), (490, 91), label="ACC", at=(465, 83))
    d.arrow((660, 91), (710, 91), label="S", at=(685, 83))

    d.box(50, 190, 170, 62, "4  traces", "Q, P, and Pq, Qq,", "mark of every axon")
    d.arrow((135, 122), (135, 190), label="spikes of the tick", at=(198, 160))
    d.box(
        380,
        190,
        280,
        62,
        "learning",
        "walks over axons and neurons",
        "where both factors are not 0",
        colour=ORANGE,
    )
    d.arrow((220, 221), (380, 221), label="a: Pq, Qq, mark", at=(300, 213))
    d.arrow((575, 122), (575, 190), label="B, S, Z", at=(603, 160))
    d.arrow((420, 190), (420, 122), label="W'", at=(438, 160), ink=ORANGE)
    d.box(710, 190, 200, 62, "error sums", "gated, ungated", "of every neuron")
    d.arrow((710, 221), (660, 221), label="E", at=(685, 213))

    d.box(50, 320, 170, 62, "parameter sets", "decays, thresholds,", "rates, terms")
    d.box(270, 320, 170, 62, "tables", "row of every axon,", "group of L neurons")
    d.box(490, 320, 170, 62, "rounding hash", "of seed, tick, core,", "neuron and axon")
    d.box(710, 320, 200, 62, "counters", "spikes, SynOps, visits,", "updates, saturations, ...")
    d.words(480, 296, "used by all of the above:", colour=GREY)

    d.box(50, 420, 390, 50, "commands and replies", "packets of the host, in order")
    d.box(490, 420, 420, 50, "router: north, east, south, west, local", "on a mesh of cores")
    d.arrow((830, 122), (830, 150), (925, 150), (925, 445), (910, 445), ink=BLUE)
    d.words(868, 144, "spikes", colour=BLUE)
    d.arrow((490, 458), (465, 458), (465, 400), (35, 400), (35, 91), (50, 91), ink=BLUE)
    d.words(250, 394, "spikes of other cores, and its own", colour=BLUE)
    return d


def data_path() -> Drawing:
    """From a sample to the chip and back, by the folder that does each step."""
    d = Drawing(960, 420, "The data path from a sample to the chip and back")
    kept = "host/ (runs keeps settings, checkpoints, metrics and pictures of all this)"
    d.frame(20, 20, 920, 170, kept, HOST)
    d.box(
        40, 60, 170, 100, "data", "spike encoder:", "a sample becomes the", "channels of each tick"
    )
    d.box(
        260,
        60,
        180,
        100,
        "network",
        "compiled program:",
        "channels to axons,",
        "spikes to populations",
    )
    d.box(490, 60, 180, 100, "training", "sample by sample,", "tick by tick;", "then a score")
    d.box(
        740, 60, 180, 100, "processing", "a readout, loss and", "error encoder", "for every layer"
    )
    d.arrow((210, 110), (260, 110))
    d.arrow((440, 110), (490, 110))
    d.arrow((670, 96), (740, 96), label="spikes", at=(705, 88))
    d.arrow((740, 126), (670, 126), label="errors", at=(705, 144))

    d.box(
        40,
        225,
        880,
        44,
        "host/devices: one interface",
        "configure, load_weights, tick, send_errors, learn, read, snapshot",
    )
    d.arrow((560, 160), (560, 225), label="axons, errors", at=(510, 208), ink=BLUE)
    d.arrow((600, 225), (600, 160), label="neurons that spiked", at=(670, 208), ink=BLUE)

    d.box(40, 320, 180, 76, "golden", "models/golden:", "NumPy, one core a tick")
    d.box(255, 320, 180, 76, "batched", "sim/batched: C++, torch,", "many chips at once")
    d.box(470, 320, 200, 76, "rtl, gates", "packets; sim/cosim: hdl,", "compiled by Verilator")
    d.box(705, 320, 215, 76, "serial", "packets in frames; hdl/boards:", "an FPGA, or co-simulated")
    for x in (130, 345, 570, 812):
        d.arrow((x - 14, 269), (x - 14, 320), ink=BLUE)
        d.arrow((x + 14, 320), (x + 14, 269), ink=BLUE)
    return d


DRAWINGS = {"loop": loop, "core": core, "data-path": data_path}


def main() -> None:
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg())


if __name__ == "__main__":
    main()
