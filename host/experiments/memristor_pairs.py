"""Digits on pairs of memristors, G+ and G-, that are only potentiated; beside one and a reference.

Every input has two rows that hear the same spikes: one adds what its devices hold, the other takes
it away, so a weight is G+ - G-. To raise it G+ is potentiated, to lower it G-: one curve serves
both. Where a device of a pair has gone far, the host sets both back to Gmin and writes their
difference anew, a *refresh*.

The chip needs nothing for it. Rows that add have weights of 1..Wmax, from Gmin to Gmax, rows that
take away -1..-Wmax. The headroom of a change then tells what to do: below Wmax the weight moves
away from 0, a device is potentiated; above it, it would move toward 0, and the gain there is 0. So
rises reach the rows that add alone, and falls those that take away. The bias is a pair of rows too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import mean
from textwrap import fill
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import split_digits
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.memristor.digits import (
    FILLED,
    MIDDLE,
    PLAIN,
    Synapses,
    settings_of,
)
from axonloop.host.experiments.rows import PRINTS_NONE, ResultRow, percent
from axonloop.host.network import Network, Program, Source
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, ORANGE, Picture, dots, legend, styled
from axonloop.host.processing import Flags
from axonloop.host.training import (
    Copies,
    OwnNetwork,
    Samples,
    Trainer,
    Weights,
    open_copies,
    program_of,
    task_parts,
    telling,
)
from axonloop.models.config import MemristorTables

LOW, HIGH = 1, 127
"""What a device weighs at Gmin and at Gmax, in the rows that add."""
FULL = 0.7
"""A pair is refreshed where one of its devices has passed this share of its range."""
EVERY = 1
"""Samples between two looks at the pairs. Both were chosen, of 0.5, 0.7, 0.9 and of 1, 10, on the
validation part with seeds 11 to 13, for weights that fill their range."""
EPOCHS, FULL_EPOCHS = 2, 3
ALWAYS = 2
"""Rows that the chip itself drives: the bias."""
RANGES = {MIDDLE: "weights in the middle of their range", FILLED: "weights that fill it"}


@dataclass(frozen=True)
class Devices(Synapses):
    """A kind of synapse, on one device each or on a pair."""

    pairs: bool = False


def kinds_of(memristor: str) -> tuple[Devices, ...]:
    """The kinds that are compared, of a memristor whose writes and devices vary."""
    varied, gain = {"memristor": memristor}, {"memristor": memristor, "write_rule": "gain"}
    even = varied | {"write_spread": 0.0, "device_spread": 0.0}
    return (
        Devices(PLAIN),
        Devices("one device and a reference, writes and devices vary", varied),
        Devices("pairs, no variation", even, pairs=True),
        Devices("pairs, writes and devices vary", varied, pairs=True),
        Devices("pairs, not compensated", gain, pairs=True),
    )


def paired_tables(tables: MemristorTables) -> MemristorTables:
    """Tables of potentiation alone: the way up of `tables`, and only away from 0."""
    gain = tuple(word if room < HIGH else 0 for room, word in enumerate(tables.up_gain))
    shift, share = tables.up_gain_shift, tables.up_share
    return MemristorTables(gain, gain, shift, shift, share, share)


def refreshed(plus: Weights, minus: Weights) -> tuple[Weights, Weights, int]:
    """Pairs of which none is full: weights of both, and how many pairs were written anew."""
    full = np.maximum(plus, -minus) > LOW + FULL * (HIGH - LOW)
    full &= np.minimum(plus, -minus) > LOW
    difference = plus + minus
    return (
        np.where(full, LOW + np.maximum(difference, 0), plus),
        np.where(full, -LOW + np.minimum(difference, 0), minus),
        int(full.sum()),
    )


@dataclass(frozen=True)
class PairedSamples:
    """Samples whose channels come twice, and behind them silent ones for the bias."""

    samples: Samples

    def __len__(self) -> int:
        return len(self.samples)

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The input spikes, bool `(ticks, channels)`."""
        one = self.samples.raster(place, random)
        return np.hstack([one, one, np.zeros((len(one), ALWAYS), np.bool_)])

    def target(self, place: int) -> Any:
        """What the sample stands for."""
        return self.samples.target(place)

    def number(self, place: int) -> int:
        """The sample's number in its data set."""
        return self.samples.number(place)


@dataclass(frozen=True, eq=False)
class PairedNetwork(OwnNetwork):
    """A network of one layer on pairs: rows that add, rows that take away, and a bias of each."""

    @classmethod
    def of(cls, network: Network) -> PairedNetwork:
        """The pairs of a network on memristors, one device of each at Gmin."""
        (projection,), (population,) = network.projections, network.populations
        biases = np.zeros((1, population.size), np.int64)
        plus, minus = _split(projection.weights)
        weights = np.vstack([plus, minus, *_split(biases)])
        paired = Network(
            (Source(projection.source, len(weights)),),
            (replace(population, bias=False),),
            (replace(projection, weights=weights),),
            network.seed,
            paired_tables(network.memristor),
        )
        return cls(paired)

    @property
    def channels(self) -> int:
        """The channels of a sample."""
        return self.network.sources[0].size

    def program(self, settings: Settings, epoch: int = 0) -> Program:
        """The network on a core that drives the rows of the bias in every tick."""
        program = super().program(settings, epoch)
        (core,), rows = program.config.cores, list(program.config.cores[0].rows)
        for axon in self.rows(program)[-1:, :].ravel().tolist():
            rows[axon] = replace(rows[axon], always_on=True)
        config = replace(program.config, cores=(replace(core, rows=tuple(rows)),))
        return replace(program, config=config)

    def rows(self, program: Program) -> Weights:
        """The axons of each input that add and that take away, `(inputs + 1, 2)`; last the bias."""
        axons = program.axons[self.network.sources[0].name].ravel()
        inputs = axons[:-ALWAYS].reshape(2, -1)
        return np.vstack([inputs.T, axons[-ALWAYS:]])


def _split(weights: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What both devices of a pair weigh, one of them at Gmin."""
    return LOW + np.maximum(weights, 0), -LOW + np.minimum(weights, 0)


@dataclass(frozen=True)
class LearnedPair:
    """How a chip did: accuracy in 0..1 on the test part, writes and refreshes of a device."""

    accuracy: float
    writes: float
    refreshes: float
    weight_hash: str
    spike_hash: str


def learned(
    device: str, kind: Devices, doubled: int, seed: int, order: Order, progress: Progress
) -> LearnedPair:
    """Train a chip of a kind and score it; pairs are refreshed between samples."""
    epochs = FULL_EPOCHS if order.full else EPOCHS
    settings = settings_of(kind, doubled, seed, epochs, order.limit)
    parts, own, program = task_parts(settings, split_digits()), None, program_of(settings)
    if kind.pairs:
        own = PairedNetwork.of(program.plan.network)
        parts = replace(
            parts,
            train=PairedSamples(parts.train),
            validation=PairedSamples(parts.validation),
            final=PairedSamples(parts.final),
        )
        bare = {"task": {"inputs": own.channels}, "network": {"memristor": None}}
        settings = settings.changed(bare)
        program = own.program(settings)
    with open_copies(device, program.config, [seed]) as copies:
        trainer = Trainer(copies, [settings], parts, own=own)
        tell, refreshes = telling(trainer, progress), 0

        def after_sample() -> None:
            nonlocal refreshes
            tell()
            if own is not None and trainer.position.sample % EVERY == 0:
                refreshes += refresh(copies, own.rows(program))

        trainer.run(after_sample)
        (accuracy,) = trainer.final_scores()
        (counted,), (weights,) = copies.counters(), copies.weights()
    synapses = int((weights != program.geometry.no_synapse).sum())
    return LearnedPair(
        accuracy,
        counted["writes"] / synapses,
        refreshes / (synapses // 2),
        weight_hash(weights, program.geometry),
        trainer.spike_hashes()[0],
    )


def refresh(copies: Copies, rows: Weights) -> int:
    """Write those pairs of a chip anew that need it, and say how many did."""
    weights = copies.weights().copy()
    plus, minus, count = refreshed(weights[:, rows[:, 0]], weights[:, rows[:, 1]])
    if count:
        weights[:, rows[:, 0]], weights[:, rows[:, 1]] = plus, minus
        copies.load_weights(weights)
    return count


def measure(order: Order, progress: Progress) -> Metrics:
    """Every kind of synapse in both ranges, with all seeds."""
    points, rows = [], []
    for doubled, place in RANGES.items():
        plain = None
        for kind in kinds_of(order.memristor):
            runs = [
                learned(str(order.device), kind, doubled, seed, order, progress)
                for seed in order.seeds
            ]
            points.append({"name": kind.name, "doubled": doubled, "runs": [vars(r) for r in runs]})
            shares = [run.accuracy for run in runs]
            plain = mean(shares) if plain is None else plain
            rows.append(_row(f"{place}: {kind.name}", runs, 100 * (plain - mean(shares))))
    return {"points": points, "rows": rows}


def _row(what: str, runs: Sequence[LearnedPair], lost: float) -> ResultRow:
    text = percent([run.accuracy for run in runs])
    writes, refreshes = (mean(getattr(r, name) for r in runs) for name in ("writes", "refreshes"))
    if writes:
        text += f", {lost:.1f} points lost; {writes:.0f} writes per device"
    if refreshes:
        text += f", {refreshes:.2g} refreshes of a pair"
    return ResultRow(what, PRINTS_NONE, "", text)


@styled
def draw(metrics: Metrics) -> Picture:
    """The accuracy of every kind of synapse, in both ranges."""
    picture = Picture(8, 4)
    axes, names = picture.subplots(), list(dict.fromkeys(p["name"] for p in metrics["points"]))
    for (doubled, label), colour, side in zip(
        RANGES.items(), (BLUE, ORANGE), (-0.15, 0.15), strict=True
    ):
        for place, name in enumerate(names):
            (own,) = (p for p in metrics["points"] if (p["name"], p["doubled"]) == (name, doubled))
            shares = [run["accuracy"] for run in own["runs"]]
            dots(axes, place + side, shares, colour, label if place == 0 else None)
    axes.set_xticks(range(len(names)), [fill(name, 18) for name in names])
    axes.set(ylabel="test accuracy (%)", title="One device for a weight, and two")
    legend(axes, below=True, ncols=2)
    return picture
