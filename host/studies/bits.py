"""What weight bits and rounding are worth when the chip learns.

The same network learns with weights of 2 (ternary), 3, 4, 6, 8 and 16 bits, each with stochastic
and with nearest rounding, at the same learning rate (see `with_bits`): a weight step of 4 bits is
16 steps of 8 bits, so an update of less than half a step is lost to nearest rounding. 16-bit
weights are finer as far as w_exp and eta_shift can follow; the other bits make their range larger.
"""

from __future__ import annotations

from statistics import mean
from typing import Any

from axonloop.host.configuration import NetworkSettings, ObjectiveSettings, RunSettings, Settings
from axonloop.host.console import Column, Progress, notice, percent, percents
from axonloop.host.data import split_digits
from axonloop.host.order import Metrics, Order
from axonloop.host.studies.populations import Copy, train_all
from axonloop.host.studies.weight_pictures import draw_bits
from axonloop.host.training import with_bits
from axonloop.models.config import Rounding

BITS = (2, 3, 4, 6, 8, 16)
"""2 bits are ternary weights: -1, 0 and 1 (-2 is no synapse)."""


def settings_of(bits: int, rounding: Rounding, seed: int, epochs: int) -> Settings:
    """The settings of one run: those of `study layers` for one layer, halved every two epochs."""
    base = Settings(
        network=NetworkSettings(layers=(128,), weight_span=16),
        objective=ObjectiveSettings(threshold=12.0),
        run=RunSettings(seed=seed, epochs=epochs, anneal=2),
    )
    usual = base.changed({"network": {"parameters": {"eta_shift": 4}}})
    return with_bits(usual, bits, rounding)


TABLES = {
    "rows": (
        Column("bits"),
        Column("rounding"),
        Column("accuracy", show=percent),
        Column("visits", show="{:,.0f}".format),
        Column("changed", "updates", "{:,.0f}".format),
        Column("seeds", "accuracies", percents),
    )
}


def measure(order: Order, progress: Progress) -> Metrics:
    """Run all with all seeds, a population for each kind of chip."""
    points, digits = [], split_digits()
    for bits in BITS:
        for rounding in Rounding:
            every = [
                settings_of(bits, rounding, seed, order.epochs).changed(
                    {"task": {"limit": order.limit}}
                )
                for seed in order.seeds
            ]
            points.append(_summarise(bits, rounding, train_all(every, digits, progress)))
            notice(f"{bits} bits, {rounding.name.lower()}: {percent(points[-1]['accuracy'])}")
    return {"rows": points}


def _summarise(bits: int, rounding: Rounding, copies: list[Copy]) -> dict[str, Any]:
    return {
        "bits": bits,
        "rounding": rounding.name.lower(),
        "accuracies": [copy.accuracy for copy in copies],
        "accuracy": mean(copy.accuracy for copy in copies),
        "visits": mean(copy.counters["visits"] for copy in copies),
        "updates": mean(copy.counters["updates"] for copy in copies),
    }


draw = draw_bits
