"""Random chips, pairs of a golden and a naive one, and traffic for both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Self

import numpy as np

from axonloop.models.config import ChipConfig, CoreConfig, Destination, Geometry, Mesh
from axonloop.models.golden import Chip
from axonloop.models.protocol import MODEL_COUNTERS, Counter, Region, state_regions
from tests.support.naive import NaiveChip
from tests.support.random.cores import random_config, random_geometry, random_weights

Rng = np.random.Generator


def random_chip(rng: Rng, mesh: Mesh, geometry: Geometry | None = None) -> ChipConfig:
    """Cores of one geometry that feed one another; a lone core has any number.

    The geometry is random if it is not given; it has 128 entries.
    """
    geometry = replace(geometry or random_geometry(rng), entries=128)
    first = random_config(rng, geometry)
    cores = [random_config(rng, geometry) for _ in range(mesh.cores)]
    start = first.core if mesh.cores == 1 else 0
    numbers = range(start, start + mesh.cores)

    def tables(core: CoreConfig) -> tuple[tuple[Destination, ...], ...]:
        return tuple(random_table(rng, core, numbers) for _ in range(geometry.neurons))

    return ChipConfig(
        tuple(
            replace(core, core=number, seed=first.seed, fanout=tables(core))
            for number, core in zip(numbers, cores, strict=True)
        ),
        mesh,
    )


def random_table(rng: Rng, core: CoreConfig, numbers: range) -> tuple[Destination, ...]:
    """Up to four destinations in any of the cores `numbers`."""
    geometry = core.geometry
    found = {
        Destination(
            int(rng.integers(0, geometry.axons)),
            int(rng.integers(0, geometry.max_delay + 1)),
            int(rng.choice(numbers)),
        )
        for _ in range(rng.integers(0, 5))
    }
    return tuple(sorted(found, key=lambda entry: (entry.core, entry.axon, entry.delay)))


@dataclass
class Pair:
    """A golden chip and a naive one that are told the same."""

    golden: Chip
    naive: NaiveChip

    @classmethod
    def of(cls, config: ChipConfig, weights: np.ndarray, shuffle: Random | None = None) -> Self:
        """Two chips with `weights`, int `(cores * axons, neurons)`."""
        golden, naive = Chip(config), NaiveChip(config, shuffle)
        golden.load_weights(weights)
        shares = np.split(weights, len(naive.cores))
        for core, share in zip(naive.cores.values(), shares, strict=True):
            core.weights = share.tolist()
        return cls(golden, naive)

    @classmethod
    def loaded(cls, rng: Rng, config: ChipConfig, shuffle: Random | None = None) -> Self:
        """Two chips with random weights."""
        weights = np.concatenate([random_weights(rng, core) for core in config.cores])
        return cls.of(config, weights, shuffle)

    @classmethod
    def random(cls, rng: Rng, mesh: Mesh, shuffle: Random | None = None) -> Self:
        """A random chip somewhere in its life, with random weights."""
        pair = cls.loaded(rng, random_chip(rng, mesh), shuffle)
        pair.golden.tick_register = pair.naive.t = int(rng.choice([0, 5, 2**32 - 7]))
        return pair

    def send_spikes(self, axons: np.ndarray, delay: int) -> None:
        self.golden.send_spikes(axons, delay)
        for axon in axons.tolist():
            index, local = divmod(axon, self.golden.geometry.axons)
            self.naive.send_spike(self.golden.config.first + index, local, delay)

    def send_errors(self, neurons: np.ndarray, values: np.ndarray, ungated: bool) -> None:
        self.golden.send_errors(neurons, values, ungated)
        for neuron, value in zip(neurons.tolist(), values.tolist(), strict=True):
            index, local = divmod(neuron, self.golden.geometry.neurons)
            self.naive.send_error(self.golden.config.first + index, local, value, ungated)

    def send_traffic(self, rng: Rng) -> None:
        """Random spikes with delays, doubled ones among them, random errors and modulation."""
        geometry, cores = self.golden.geometry, len(self.golden.cores)
        axons, neurons = cores * geometry.axons, cores * geometry.neurons
        for _ in range(rng.integers(0, 3)):
            chosen = rng.integers(0, axons, rng.integers(0, axons // 2 + 2))
            self.send_spikes(chosen, int(rng.integers(0, geometry.max_delay + 1)))
        for ungated in (False, True):
            count = rng.integers(0, neurons + 1) if rng.random() < 0.4 else 0
            limit = geometry.error_max
            values = rng.integers(-limit, limit + 1, count)
            self.send_errors(rng.integers(0, neurons, count), values, ungated)
        if geometry.terms and rng.random() < 0.3:
            self.modulate(int(rng.integers(-geometry.error_max, geometry.error_max + 1)))

    def modulate(self, value: int) -> None:
        self.golden.modulate(value)
        self.naive.modulate(value)

    def tick(self) -> None:
        """A tick of both; they must report the same spikes."""
        first, neurons = self.golden.config.first, self.golden.geometry.neurons
        found = [(first + n // neurons, n % neurons) for n in self.golden.tick().tolist()]
        assert found == self.naive.tick()

    def learn(self) -> None:
        self.golden.learn()
        self.naive.learn()

    def clear(self) -> None:
        self.golden.clear()
        self.naive.clear()

    def check(self, where: str) -> None:
        """Every state word and counter of both must be the same."""
        golden, naive, cores = self.golden, self.naive, self.naive.cores.values()
        for region in state_regions(golden.geometry):
            name = region.name.lower()
            assert golden.array(region).tolist() == naive.joined(name), f"{where}: {name}"
        for region in (Region.GATED, Region.UNGATED):
            sums = [value for core in cores for value in getattr(core, region.name.lower())]
            assert golden.array(region).tolist() == sums, f"{where}: {region.name}"
        slots = zip(*(core.pending for core in cores), strict=True)
        pending = [[bit for part in slot for bit in part] for slot in slots]
        assert golden.array(Region.PENDING).tolist() == pending, f"{where}: pending"
        assert golden.weights.tolist() == [row for core in cores for row in core.weights], where
        registers = (golden.tick_register, golden.seed, golden.learned)
        assert registers == (naive.t, naive.seed, naive.learned), where
        modulations = [core.learning.modulation for core in golden.cores]
        assert modulations == [core.modulation for core in cores], where
        self.check_counters(where)

    def check_counters(self, where: str) -> None:
        tables = [core.counters for core in self.naive.cores.values()]
        expected = [[table.get(c.name.lower(), 0) for c in Counter] for table in tables]
        assert self.golden.counter_table().tolist() == expected, f"{where}: counters of cores"
        sums = {c: sum(table[c.name.lower()] for table in tables) for c in MODEL_COUNTERS}
        sums[Counter.TICKS] = tables[0]["ticks"]
        assert self.golden.counters() == sums, f"{where}: counters"
