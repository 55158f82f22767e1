"""Speed of learning by terms: pair STDP in a layer whose neurons inhibit one another.

Inputs meet every neuron; each neuron's spike comes back on an axon of its own that inhibits all
others. A quarter of the inputs fires, 0.15 times per tick. One thread; medians of several runs.
"""

from __future__ import annotations

import time
from statistics import median

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.bench.figure import Figure
from axonloop.models.config import CoreConfig, Destination, Geometry, ParameterSet, Row
from axonloop.models.protocol import Counter
from axonloop.models.rules import pair_stdp
from axonloop.sim.batched import BatchedChip

RUNS = 5
TICKS = 1000
SIZES = ((256, 256), (784, 256))
"""Inputs and neurons."""
ACTIVE, RATE = 0.25, 0.15


def layer(inputs: int, neurons: int) -> CoreConfig:
    """The core: plastic rows for the inputs, a fixed one for each neuron's spike."""
    parameters = ParameterSet(
        alpha_n=4000, beta_n=0, theta=24000, w_exp=2, gamma=4090, rho=300, refractory=5,
        beta_p=3900, q_inc=2000, qq_shift=4, zeta=3900, z_inc=2000, z_shift=5,
        terms=pair_stdp(rise=7, fall=6),
    )  # fmt: skip
    geometry = Geometry(inputs + neurons, neurons, terms=2, entries=neurons)
    groups = geometry.groups
    rows = (*(Row(groups=groups, plastic=True),) * inputs, *(Row(groups=groups),) * neurons)
    fanout = tuple((Destination(inputs + k),) for k in range(neurons))
    return CoreConfig(geometry, (parameters,), rows, fanout=fanout)


def first_weights(config: CoreConfig, rng: np.random.Generator) -> NDArray[np.int64]:
    """Random ones for the inputs, the lowest between neurons: int64 `(axons, neurons)`."""
    geometry = config.geometry
    neurons = geometry.neurons
    weights = np.full((geometry.axons, neurons), -geometry.weight_max)
    weights[:-neurons] = rng.integers(0, 60, (geometry.axons - neurons, neurons))
    np.fill_diagonal(weights[-neurons:], geometry.no_synapse)
    return weights


def terms_figure(inputs: int, neurons: int, copies: int, ticks: int = TICKS) -> Figure:
    """Ticks of all copies per CPU second, learning after each."""
    rng = np.random.default_rng(0)
    config = layer(inputs, neurons)
    chip = BatchedChip(config, copies, shared=False, seeds=range(copies))
    chip.load_weights(first_weights(config, rng))
    rates = RATE * (rng.random(config.geometry.axons) < ACTIVE)
    rates[inputs:] = 0
    raster = torch.from_numpy(rng.random((ticks, copies, len(rates))) < rates)
    chip.run(raster, learn=True)
    before, taken = chip.counters().sum(0), []
    for _ in range(RUNS):
        start = time.process_time()
        chip.run(raster, learn=True)
        taken.append(time.process_time() - start)
    each = (chip.counters().sum(0) - before) / (RUNS * ticks * copies)
    spikes, visits = (float(each[c]) for c in (Counter.SPIKES, Counter.VISITS))
    unit = f"ticks/s; {spikes:.1f} spikes, {visits:.0f} visits per tick"
    name = f"pair STDP, {inputs} inputs, {neurons} neurons, batch {copies}: all copies"
    return Figure(name, ticks * copies / median(taken), unit, "")


def terms_figures() -> list[Figure]:
    """All of them."""
    return [terms_figure(*size, copies) for size in SIZES for copies in (1, 8)]
