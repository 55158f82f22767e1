"""`axonloop bench node`: what crosses the line in training where a node on the board does the loss.

The network, the loss and the board are the same as with the host in the loop, and so are the
weights in the end. The board is simulated in its own time, as by `axonloop bench link`.
"""

from __future__ import annotations

from collections.abc import Callable

from axonloop.host.bench.figure import Figure
from axonloop.host.bench.link import BYTE, SimulatedBoard, Stretch
from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.console import Progress, steps
from axonloop.host.order import Metrics, Order
from axonloop.host.training import Processor
from axonloop.models.checks import require
from axonloop.models.config import NodeGeometry

SETTINGS = Settings(
    task=TaskSettings(limit=4, tune=True),
    objective=ObjectiveSettings(loss="integer"),
    run=RunSettings(epochs=1),
)
NODE = NodeGeometry(program=1024)
BAR = 10
"""How many times fewer bytes a training tick must take with the node."""


def measure(order: Order, progress: Progress) -> Metrics:
    """Train a few samples twice from the same start: the host computes the loss, then the node."""
    return {"rows": compare(SETTINGS, NODE, steps(progress, "measuring"))}


def compare(settings: Settings, node: NodeGeometry, report: Callable[[str], None]) -> list[Figure]:
    """The figures of both loops; ValueError where they end with different weights."""
    rows: list[Figure] = []
    sizes, hashes = [], []
    for where in (Processor.HOST, Processor.CHIP):
        report(f"training with the loss in the {_place(where)}")
        board = SimulatedBoard(settings, node=node)
        with board.device:
            trainer, marks = board.train(settings, where)
            hashes.append(trainer.weight_hashes()[0])
        rows += loop_figures(where, marks, settings.task.ticks)
        sizes.append(rows[-4].value + rows[-3].value)
    require(hashes[0] == hashes[1], "weights", f"those of the host's loop, {hashes[0]}", hashes[1])
    saved = sizes[0] / sizes[1]
    rows.append(Figure("bytes of the line, host's loop by node's", saved, "times", f"{BAR}"))
    return rows


def loop_figures(where: Processor, marks: list[Stretch], ticks: int) -> list[Figure]:
    """Means over all samples but the first, before which the node is told its state.

    Round trips are those before the last sample, behind which the chip rests.
    """
    loop, samples, place = marks[-1] - marks[1], len(marks) - 2, _place(where)
    waits = (marks[-2] - marks[1]).use.round_trips / (samples - 1)
    told = "0" if where == Processor.CHIP else ""
    return [
        Figure(f"{place}: down", loop.use.bytes_down / samples / ticks, "bytes per tick", ""),
        Figure(f"{place}: up", loop.use.bytes_up / samples / ticks, "bytes per tick", ""),
        Figure(f"{place}: round trips", waits, "per sample", told),
        Figure(f"{place}: a tick", loop.cycles / samples / ticks / BYTE, "byte times", ""),
    ]


def _place(where: Processor) -> str:
    return "node" if where == Processor.CHIP else "host"
