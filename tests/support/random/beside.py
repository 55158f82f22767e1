"""Batched chips of one copy beside a golden and a naive one, all told the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np

from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    Geometry,
    Mesh,
    ResetMode,
    Rounding,
    Term,
    ThirdFactor,
)
from axonloop.models.protocol import readable
from axonloop.sim.batched import BatchedChip
from tests.support.random.chips import Pair, random_chip
from tests.support.random.cores import random_config

Rng = np.random.Generator


@dataclass
class Beside(Pair):
    """`emulators`: by the arithmetic that each was built with."""

    emulators: dict[str, BatchedChip] = field(default_factory=dict)

    @classmethod
    def around(cls, rng: Rng, geometry: Geometry, mesh: Mesh, ways: tuple[str, ...]) -> Self:
        """A random chip of a geometry somewhere in its life, also emulated in those `ways`."""
        config = random_chip(rng, mesh, geometry)
        return cls.with_emulators(rng, config, ways)

    @classmethod
    def with_emulators(cls, rng: Rng, config: ChipConfig, ways: tuple[str, ...]) -> Self:
        """A chip of this configuration with random weights, also emulated in those `ways`."""
        pair = cls.loaded(rng, config)
        pair.golden.tick_register = pair.naive.t = int(rng.choice([0, 5, 2**32 - 7]))
        for way in ways:
            chip = BatchedChip(config, 1, shared=False, arithmetic=way)
            chip.load_weights(pair.golden.weights)
            chip.tick_register = pair.golden.tick_register
            pair.emulators[way] = chip
        return pair

    def send_spikes(self, axons: np.ndarray, delay: int) -> None:
        super().send_spikes(axons, delay)
        for chip in self.emulators.values():
            chip.send_spikes(np.bincount(axons, minlength=chip.config.axons)[None], delay)

    def send_errors(self, neurons: np.ndarray, values: np.ndarray, ungated: bool) -> None:
        super().send_errors(neurons, values, ungated)
        for chip in self.emulators.values():
            sums, events = np.zeros((2, 1, chip.config.neurons), np.int64)
            np.add.at(sums[0], neurons, values)
            np.add.at(events[0], neurons, 1)
            chip.send_errors(sums, ungated, events)

    def modulate(self, value: int) -> None:
        super().modulate(value)
        for chip in self.emulators.values():
            chip.modulate([value])

    def tick(self) -> None:
        super().tick()
        for chip in self.emulators.values():
            chip.tick(np.zeros((1, chip.config.axons), bool))

    def learn(self) -> None:
        super().learn()
        for chip in self.emulators.values():
            chip.learn()

    def check(self, where: str) -> None:
        super().check(where)
        golden = self.golden
        for way, chip in self.emulators.items():
            for region in readable(golden.geometry):
                expected = golden.array(region).tolist()
                assert chip.read(region)[0].tolist() == expected, f"{where}: {way} {region.name}"
            assert chip.read_weights()[0].tolist() == golden.weights.tolist(), f"{where}: {way}"
            found = chip.counter_table()[0].tolist()
            assert found == golden.counter_table().tolist(), f"{where}: {way} counters"

    def live(self, rng: Rng, ticks: int) -> None:
        """Random ticks with learning after most of them; everything is compared each time."""
        for tick in range(ticks):
            self.send_traffic(rng)
            self.tick()
            self.check(f"tick {tick}")
            self.send_traffic(rng)
            self.learn()
            self.check(f"tick {tick} learned")


def _lively_term(rng: Rng, geometry: Geometry) -> Term:
    """A term that moves weights, most often by pulses."""
    return Term(
        axon=AxonFactor(rng.integers(1, len(AxonFactor))),
        third=ThirdFactor(rng.integers(0, len(ThirdFactor))),
        sign=int(rng.choice([-1, 1])),
        shift=int(rng.integers(0, 10)),
        weighted=rng.random() < 0.7,
        pulsed=geometry.memristor == 2 and rng.random() < 0.7,
    )


def lively(rng: Rng, geometry: Geometry) -> ChipConfig:
    """A random core with memristors in which all rows learn, and noise decides what spikes."""
    core = random_config(rng, replace(geometry, entries=128))
    state = geometry.state_max
    spread = ("cycle_to_cycle", "device_to_device") if geometry.memristor == 2 else ()
    sets = tuple(
        replace(
            each,
            theta=int(rng.integers(0, state + 1)) >> int(rng.choice([0, 3])),
            reset_mode=ResetMode.SUBTRACT,
            temperature=int(rng.integers(0, state + 1)) if geometry.threshold_noise else 0,
            refractory=0,
            **{name: int(rng.integers(128, 256)) for name in spread},
            rounding=Rounding(rng.random() < 0.3),
            terms=tuple(_lively_term(rng, geometry) for _ in range(geometry.terms)),
        )
        for each in core.parameter_sets
    )
    rows = (replace(r, first_group=0, groups=geometry.groups, plastic=True) for r in core.rows)
    return ChipConfig.of(replace(core, parameter_sets=sets, rows=tuple(rows)))
