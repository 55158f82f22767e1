"""`decolle-events`: digits that a camera sees in three saccades, as of N-MNIST or the real set.

Events of a camera of 34 x 34 pixels and two polarities, summed over 3 x 3 pixels and 10 ms, go
through 16 channels in pools of 2 x 2, 32 in pools of 2 x 2, and 64; all on one core of 4,032
neurons and 23,952 weights. All was chosen on the validation part with seed 11, AdaMax's rate with
seeds 1 to 3; the test part is scored at the end.
"""

from __future__ import annotations

from dataclasses import replace

from axonloop.host.configuration import ObjectiveSettings
from axonloop.host.console import Progress
from axonloop.host.data.formats import SETS
from axonloop.host.experiments.decolle_events.experiment import measured
from axonloop.host.experiments.decolle_events.picture import draw as draw
from axonloop.host.experiments.decolle_events.task import EventLayer, EventTask
from axonloop.host.order import Metrics, Order
from axonloop.models.config import ParameterSet, ResetMode

TASK = EventTask(
    "saccade-digits",
    "n-mnist",
    replace(SETS["n-mnist"].bins, pool=3, tick_us=10_000.0),
    ticks=30,
    image=(2, 12, 12),
    layers=(
        EventLayer(16, 5, 20, 4, pool=2),
        EventLayer(32, 3, 12, 3, pool=2),
        EventLayer(64, 3, 12, 3),
    ),
    neuron=ParameterSet(
        alpha_n=3686,
        beta_n=2867,
        theta=1536,
        box=1536,
        reset_mode=ResetMode.SUBTRACT,
        alpha_p=3482,
        beta_p=1024,
        q_inc=256,
        p_shift=2,
        pq_shift=4,
        pq_on=4,
        eta_shift=12,
    ),
    objective=ObjectiveSettings(
        burn_in=5, every=3, logit_scale=0.03, errors="dense", error_limit=127, threshold=1 / 16
    ),
    epochs=6,
    anneal=2,
    rate=4e-3,
)
PAPER = "99.0 % (N-MNIST; 64, 128, 128 channels, kernels of 7)"


def measure(order: Order, progress: Progress) -> Metrics:
    """The network with all seeds, on the chip and in float."""
    return measured(TASK, PAPER, order, progress)
