"""`axonloop bench core`: what its figures are made of, on a device that counts as it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from axonloop.host.bench.core import core_config, cycle_figures
from axonloop.models.config import Geometry
from axonloop.models.protocol import Counter

GEOMETRY = Geometry(axons=64, neurons=80, entries=8)
IDLE, A_SYNOP, A_NEURON, A_STEP, READING = 100, 0.25, 64, 30, 7


class Counting:
    """Its cycles: of a tick and of a learning step by what came in, and of each word."""

    def __init__(self) -> None:
        self.config = core_config(GEOMETRY)
        self.cycles = 0.0
        self.taught: list[int] = []

    def counters(self) -> dict[Counter, float]:
        self.cycles += READING
        return {Counter.CYCLES: self.cycles}

    def tick(self, axons: Any) -> None:
        self.cycles += IDLE + len(axons) + A_SYNOP * len(axons) * GEOMETRY.neurons

    def send_errors(self, neurons: Any, values: Any) -> None:
        assert len(set(neurons.tolist())) == len(neurons) == len(values)
        self.taught.append(len(neurons))
        self.cycles += 2 * len(neurons)

    def learn(self) -> None:
        self.cycles += A_STEP + A_NEURON * self.taught[-1]


def test_cycles_are_those_of_the_core_alone() -> None:
    """Neither the words of a packet count nor the reading of the counters."""
    device: Any = Counting()
    figures = {each.name: each for each in cycle_figures(device, np.random.default_rng(0))}
    assert device.taught == [4, 80]  # 5 % of the neurons, then all
    values = {name: each.value for name, each in figures.items()}
    sweep = GEOMETRY.neurons / GEOMETRY.update_lanes
    dense = GEOMETRY.axons * GEOMETRY.neurons / GEOMETRY.multipliers
    assert values == pytest.approx(
        {
            "cycles per SynOp": A_SYNOP,
            "fixed cycles per tick": IDLE - sweep,
            "lanes busy while integrating": 5120 / GEOMETRY.lanes / (IDLE + A_SYNOP * 5120 - sweep),
            "learning": A_STEP + 4 * A_NEURON,
            "learning, all in error": (A_STEP + 80 * A_NEURON) / dense,
        }
    )
    assert figures["learning"].unit == "cycles, 4 in error"
    assert figures["cycles per SynOp"].ratio == pytest.approx(1 / A_SYNOP)
