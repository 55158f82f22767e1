"""`axonloop bench link`: what the serial link makes of its line, in the board's own time.

The board is compiled and simulated with its pins; a byte takes 40 of its clock cycles. Every
answer reaches the host 1 ms late, as through an adapter, and the host's own work takes no time. So
the figures are the same in every run and on every machine (docs/link.md, section 8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from axonloop.host.bench.figure import Figure
from axonloop.host.configuration import RunSettings, Settings, TaskSettings
from axonloop.host.console import Progress, steps
from axonloop.host.data import split_digits
from axonloop.host.devices import BoardDevice, Device, LinkUse
from axonloop.host.devices.serial_line import BAUD, BITS, SimulatedLine, SimulatedTransport
from axonloop.host.order import Metrics, Order
from axonloop.host.training import (
    Processor,
    Trainer,
    chip_config,
    lone_trainer,
    program_of,
)
from axonloop.models.arrays import Int32Array
from axonloop.models.config import NodeGeometry
from axonloop.models.protocol import LinkConfig, Region, region_words
from axonloop.sim.cosim import RtlTop

LINK = LinkConfig(4 * BAUD, BAUD)
BYTE = BITS * LINK.cycles_per_bit
"""Clock cycles of a byte on the line."""
DELAY = 1e-3
"""Seconds that an answer takes beside line and board."""
SETTINGS = Settings(task=TaskSettings(limit=4, tune=True), run=RunSettings(epochs=1))
LATENCIES = (0, 2)
RECKON_TICKS = 127
"""Ticks' worth of link time in which ReckOn's neurons are read once."""


@dataclass(frozen=True)
class Stretch:
    """Clock cycles of a board, those of them in which its link was idle, and what it carried."""

    cycles: int
    idle: int
    use: LinkUse

    def __sub__(self, other: Stretch) -> Stretch:
        return Stretch(self.cycles - other.cycles, self.idle - other.idle, self.use - other.use)


class SimulatedBoard:
    """A board for `settings`, perhaps with a `node`, on a simulated line; its clock at hand."""

    def __init__(
        self, settings: Settings, delay: float = DELAY, node: NodeGeometry | None = None
    ) -> None:
        chip = chip_config(settings)
        top = RtlTop(LINK, chip.geometry, chip.mesh, seed=1, node=node)
        self.line = SimulatedLine(top, LINK, delay)
        self.device = BoardDevice(SimulatedTransport(self.line, LINK.baud), chip)

    def now(self) -> Stretch:
        """All since power-up."""
        return Stretch(self.line.cycles, self.line.idle, self.device.telemetry.link_use)

    def measure(self, work: Callable[[], object]) -> Stretch:
        """What `work` on the device costs."""
        before = self.now()
        work()
        return self.now() - before

    def train(
        self, settings: Settings, processor: Processor = Processor.HOST
    ) -> tuple[Trainer, list[Stretch]]:
        """Train without a rest but at the end; the trainer, and `now` around every sample."""
        trainer = lone_trainer(self.device, settings, split_digits())
        trainer.place_processor(processor)
        marks = [self.now()]
        trainer.run(lambda: marks.append(self.now()), lambda: False)
        return trainer, marks


def measure(order: Order, progress: Progress) -> Metrics:
    """Upload and download, the training loop, and state."""
    report, settings = steps(progress, "measuring"), SETTINGS
    report("opening a board")
    board = SimulatedBoard(settings)
    with board.device:
        report("weights")
        figures = weight_figures(board, program_of(settings).weights)
        for latency in LATENCIES:
            report(f"training at error latency {latency}")
            trainer, marks = board.train(settings.changed({"objective": {"latency": latency}}))
            # The first sample begins at rest and the last one ends there; between them the loop
            # runs on, and as much of the next sample is sent at the end as was at the beginning.
            loop, ticks = marks[-2] - marks[1], settings.task.ticks * (len(marks) - 3)
            figures += loop_figures(loop, ticks, latency)
        report("state")
        trains = trainer.trains(trainer.test, 0)
        return {"rows": figures + state_figures(board, trains, loop.cycles / ticks)}


def weight_figures(board: SimulatedBoard, weights: Int32Array) -> list[Figure]:
    """Weights per time as shares of what the line could carry of them."""
    config = board.device.config
    size = 4 * region_words(config.geometry)[Region.WEIGHT] * config.mesh.cores
    up = board.measure(lambda: board.device.load_weights(weights))
    down = board.measure(board.device.read_weights)
    unit = f"of the line's rate, {size} bytes"
    return [
        Figure("weights to the board", size * BYTE / up.cycles, unit, "at least 0.85"),
        Figure("weights from the board", size * BYTE / down.cycles, unit, ""),
    ]


def loop_figures(loop: Stretch, ticks: int, latency: int) -> list[Figure]:
    """Means over `ticks` training ticks."""
    use, where = loop.use, f"latency {latency}"
    return [
        Figure(
            f"{where}: link idle",
            loop.idle / loop.cycles,
            "of the time",
            "0" if latency == max(LATENCIES) else "",
        ),
        Figure(f"{where}: round trips", use.round_trips / ticks, "per tick", ""),
        _bytes(f"{where}: down", use.bytes_down / ticks, use.predicted_down / ticks),
        _bytes(f"{where}: up", use.bytes_up / ticks, use.predicted_up / ticks),
        Figure(f"{where}: a tick", loop.cycles / ticks / BYTE, "byte times", ""),
    ]


def _bytes(name: str, measured: float, predicted: float) -> Figure:
    return Figure(name, measured, "bytes per tick", f"{predicted:.4g} by formula")


def state_figures(
    board: SimulatedBoard, trains: list[Int32Array], training_tick: float
) -> list[Figure]:
    """What it costs that all membranes come with every tick; `training_tick` in cycles."""
    device, ticks = board.device, len(trains)
    plain = board.measure(lambda: device.run(trains))
    with_state = board.measure(lambda: run_with_state(device, trains))
    more = with_state - plain
    worth = more.cycles / ticks / training_tick
    return [
        Figure("all membranes", more.use.bytes_up / ticks, "bytes per tick", ""),
        Figure("round trips with state", with_state.use.round_trips / ticks, "per tick", ""),
        Figure(
            "reading all membranes",
            worth,
            "training ticks of time",
            "",
            "ReckOn",
            RECKON_TICKS / worth,
        ),
    ]


def run_with_state(
    device: Device, trains: list[Int32Array]
) -> list[tuple[Int32Array, list[Int32Array]]]:
    """Spikes and all membranes of every tick, all of them under way at once."""
    for axons in trains:
        device.send_tick(axons)
        device.send_read([Region.MEMBRANE])
    return [(device.take_tick(), device.take_read()) for _ in trains]
