"""`decolle-gestures`: eleven gestures that only time tells apart, generated or of the real set.

Events of a camera of 128 x 128 pixels and two polarities, summed over 11 x 11 pixels and 20 ms, go
through 16 channels in pools of 2 x 2, 32 in pools of 2 x 2, and 128 whose kernels see the whole
image. The first channels hear each image twice, as it comes and three ticks later: what moves one
way meets itself. Traces decay as neurons do, so a kernel learns from what its neurons saw, and
when. States clip at 2.7 thresholds, so membranes stay near their boxes. All was chosen on the
validation part with seed 11, first weights of layer 1 with seed 1, bits of the weights, range of
the states and the rate in float on a set of another seed (docs/convolution.md); the test part had
been scored before, with weights of 8 bits and a wide range. Beside both sides stands a readout of
the inputs' averages over time, which knows nothing of what came first.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from axonloop.host.configuration import ObjectiveSettings
from axonloop.host.console import Progress
from axonloop.host.data import open_data
from axonloop.host.data.formats import SETS
from axonloop.host.data.generated import averaged_readout
from axonloop.host.experiments.decolle_events.experiment import layer_rows, measured
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
        EventLayer(16, 5, 256, 3, pool=2, delays=(0, 3)),
        EventLayer(32, 3, 320, 2, pool=2),
        EventLayer(128, 3, 384, 0, padding=0),
    ),
    neuron=ParameterSet(
        alpha_n=3482,
        beta_n=2048,
        theta=12_288,
        box=12_288,
        reset_mode=ResetMode.SUBTRACT,
        alpha_p=3482,
        beta_p=2048,
        q_inc=256,
        p_shift=2,
        pq_shift=2,
        pq_on=4,
        eta_shift=8,
    ),
    objective=ObjectiveSettings(
        burn_in=5,
        every=3,
        readout_leak=3891,
        logit_scale=0.02,
        errors="dense",
        error_limit=127,
        threshold=1 / 16,
    ),
    epochs=6,
    anneal=2,
    rate=2e-3,
    weight_bits=12,
)
PAPER = "95.5 % (DVS128 Gesture; 64, 128, 128 channels, kernels of 7)"


def measure(order: Order, progress: Progress) -> Metrics:
    """The network with all seeds, on the chip and in float, beside a readout of averages."""
    metrics = measured(TASK, PAPER, order, progress)
    with open_data(TASK.description(order.data, order.limit)) as data:
        averaged = averaged_readout(data)
    own = {"averaged": averaged, "rows": rows(metrics["runs"], averaged)}
    return metrics | own


def rows(runs: list[dict[str, Any]], averaged: dict[str, float]) -> list[ResultRow]:
    """What both sides reach, what the inputs' averages tell, and how far above these the chip is.

    `averaged` has the accuracies of `averaged_readout`.
    """
    chip = [run["test"][-1] for run in runs if run["side"] == "chip"]
    above = [own - averaged["test"] for own in chip]
    last = len(TASK.layers)
    return [
        *layer_rows(TASK, PAPER, runs),
        ResultRow("a readout of the inputs' averages over time", "", percent([averaged["test"]])),
        ResultRow(f"layer {last} of the chip above that readout", "", "", percent(above)),
    ]
