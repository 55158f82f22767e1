"""`decolle-gestures`: eleven gestures that only time tells apart, generated or of the real set.

Events of a camera of 128 x 128 pixels and two polarities, summed over 11 x 11 pixels and 20 ms, go
through 16 channels in pools of 2 x 2, 32 in pools of 2 x 2, and 64 whose kernel sees the whole
image. Traces decay as neurons do, so a kernel learns from what its neurons saw, and when. All was
chosen on the validation part with seed 11; the test part is scored at the end. Beside both sides
stands a readout of the inputs' averages over time, which is all that a network without memory has.
"""

from __future__ import annotations

from dataclasses import replace

from axonloop.host.configuration import ObjectiveSettings
from axonloop.host.console import Progress
from axonloop.host.data import open_data
from axonloop.host.data.formats import SETS
from axonloop.host.data.generated import averaged_readout
from axonloop.host.experiments.decolle_events.experiment import measured
from axonloop.host.experiments.decolle_events.picture import draw as draw
from axonloop.host.experiments.decolle_events.task import EventLayer, EventTask
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.models.config import ParameterSet, ResetMode

TASK = EventTask(
    "shape-gestures",
    "dvs-gesture",
    replace(SETS["dvs-gesture"].bins, pool=11, tick_us=20_000.0),
    ticks=40,
    image=(2, 12, 12),
    layers=(
        EventLayer(16, 5, 30, 4, pool=2),
        EventLayer(32, 3, 20, 3, pool=2),
        EventLayer(64, 3, 20, 3, padding=0),
    ),
    neuron=ParameterSet(
        alpha_n=3482,
        beta_n=2048,
        theta=1536,
        box=1536,
        reset_mode=ResetMode.SUBTRACT,
        alpha_p=3482,
        beta_p=2048,
        q_inc=256,
        p_shift=2,
        pq_shift=3,
        pq_on=16,
        eta_shift=12,
    ),
    objective=ObjectiveSettings(
        burn_in=5,
        every=3,
        readout_leak=3891,
        logit_scale=0.03,
        errors="dense",
        error_limit=127,
        threshold=1 / 16,
    ),
    epochs=8,
    anneal=3,
    rate=4e-3,
)
PAPER = "95.5 % (DVS128 Gesture; 64, 128, 128 channels, kernels of 7)"


def measure(order: Order, progress: Progress) -> Metrics:
    """The network with all seeds, on the chip and in float, beside a readout of averages."""
    metrics = measured(TASK, PAPER, order, progress)
    with open_data(TASK.description(order.data, order.limit)) as data:
        averaged = averaged_readout(data)
    chip = [run["test"][-1] for run in metrics["runs"] if run["side"] == "chip"]
    return metrics | {
        "averaged": averaged,
        "rows": [*metrics["rows"], *averaged_rows(averaged["test"], chip)],
    }


def averaged_rows(averaged: float, chip: list[float]) -> list[ResultRow]:
    """What the inputs' averages tell, and how far above it the last layers of the chip are."""
    above = [own - averaged for own in chip]
    return [
        ResultRow("a linear readout of the inputs' averages over time", "", percent([averaged])),
        ResultRow("last layer of the chip above that readout", "", "", percent(above)),
    ]
