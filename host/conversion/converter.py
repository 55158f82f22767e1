"""From a ReLU network of torch to integrate-and-fire neurons on the chip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import nn

from axonloop.host.conversion.balancing import BalancedStage, Integers, balanced
from axonloop.host.conversion.converted import (
    OUTPUT,
    PULSES,
    VALUES,
    ConvertedNetwork,
    flat_samples,
)
from axonloop.host.conversion.pulses import Pulse, pulses_of
from axonloop.host.conversion.stages import read_stages
from axonloop.host.conversion.value_code import ValueCode, fitted_code
from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.models.checks import require, require_range
from axonloop.models.config import DECAY_ONE, Mesh, ParameterSet, ResetMode


def convert_torch(
    module: nn.Module,
    calibration: Any,
    weight_bits: int = 8,
    state_bits: int = 24,
    input_bits: int = 8,
    percentile: float = 99.9,
    ticks: int = 256,
    mesh: Mesh | None = None,
    lanes: int = 16,
) -> ConvertedNetwork:
    """A trained network of torch as a spiking one, by weight and threshold balancing.

    `module`: a chain of Linear, convolutions, AvgPool, BatchNorm, Flatten, Dropout and ReLU, taken
    as in evaluation; it stays as it is. `calibration`: samples `(samples, *shape)` of the training
    part, by which thresholds are chosen. A value of an input is sent in at most `input_bits` bits.
    A spike stands for the `percentile` of a layer's activations. Membranes have room for `ticks`
    ticks. Raises ValueError for a module that is no such chain, with what would do, and for a
    network that the chip cannot hold.
    """
    require(isinstance(module, nn.Module), "module", "a torch.nn.Module", type(module).__name__)
    require_range("weight_bits", weight_bits, 2, 16)
    require_range("state_bits", state_bits, 8, 24)
    require_range("ticks", ticks, 1, 1 << 20)
    require(50 <= percentile <= 100, "percentile", "in 50..100", percentile)
    shape = tuple(int(side) for side in np.shape(calibration)[1:])
    require(bool(shape), "calibration inputs", "samples of one shape", np.shape(calibration))
    inputs = flat_samples("calibration inputs", calibration, shape)
    stages = read_stages(module, shape)
    code = fitted_code(inputs, input_bits)
    limits = (1 << (weight_bits - 1)) - 1, (1 << (state_bits - 1)) - 1
    first = stages[0]
    sent = type(first)(
        code.spread(first.weights), first.biases + code.low * first.weights.sum(0), first.rectified
    )
    channels = code.spikes(inputs).astype(np.float64)
    found = balanced([sent, *stages[1:]], channels, percentile, *limits, ticks)
    pulses = pulses_of(found, limits[0])
    network = _network(found, pulses)
    geometry = smallest_geometry(network, mesh, lanes, weight_bits, state_bits=state_bits)
    return ConvertedNetwork(
        tuple(stages),
        tuple(found),
        code,
        shape,
        network,
        compile_network(network, geometry, mesh),
        np.repeat([p.tick for p in pulses], [len(p.weights) for p in pulses]).astype(np.int64),
        ticks,
        tuple(_notes(found, code)),
    )


def _network(stages: Sequence[BalancedStage], pulses: Sequence[Pulse]) -> Network:
    names = [*(f"layer{number + 1}" for number in range(len(stages) - 1)), OUTPUT]
    populations = tuple(map(_population, names, stages, range(len(stages))))
    sizes = [len(pulse.weights) for pulse in pulses]
    sources = [Source(VALUES, len(stages[0].weights))]
    sources += [Source(PULSES, sum(sizes))] if sizes else []
    before = [VALUES, *names]
    projections = [
        _projection(before[number], name, stages[number].weights)
        for number, name in enumerate(names)
    ]
    for number, name in enumerate(names):
        weights = np.zeros((sum(sizes), populations[number].size), np.int64)
        for pulse, end in zip(pulses, np.cumsum(sizes), strict=True):
            if pulse.stage == number:
                weights[end - len(pulse.weights) : end] = pulse.weights
        if weights.any():
            projections.append(_projection(PULSES, name, weights))
    return Network(tuple(sources), populations, tuple(projections))


def _projection(source: str, target: str, weights: Integers) -> Projection:
    """Synapses where there is a weight; that of a convolution has few."""
    present = weights != 0 if weights.any() else None
    return Projection(source, target, weights, present, plastic=False)


def _population(name: str, stage: BalancedStage, number: int) -> Population:
    """Integrate-and-fire neurons; the first ones keep their current, the last ones only sum."""
    last = name == OUTPUT
    parameters = ParameterSet(
        alpha_n=DECAY_ONE,
        beta_n=DECAY_ONE if number == 0 else 0,
        theta=stage.theta,
        box=0,
        w_exp=0,
        reset_mode=ResetMode.NONE if last else ResetMode.SUBTRACT,
        q_inc=0,
        pq_on=0,
    )
    drives = tuple(stage.drives.tolist()) if stage.drives.any() else ()
    size = len(stage.drives)
    return Population(name, size, parameters, bias=False, report=not last, drives=drives)


def _notes(stages: Sequence[BalancedStage], code: ValueCode) -> Iterator[str]:
    yield (
        f"inputs: {code.bits} bits a value, in steps of {code.step:.4g} from {code.low:.4g} on; "
        "what lies outside is clipped"
    )
    for number, stage in enumerate(stages[:-1]):
        yield (
            f"layer{number + 1}: a spike stands for {stage.activation:.4g}; "
            f"{100 * stage.clipped:.2f} % of the calibration's activations are above it; "
            f"threshold {stage.theta}, weights off by {stage.rounding:.2f} units (rms)"
        )
    if len(stages) > 1:
        late = len(stages) - 1
        yield f"output: its membrane is read; it gets its first spikes in tick {late}"
