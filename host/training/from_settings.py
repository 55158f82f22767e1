"""From the settings of a run to its network, the chip that holds it, and its processing cores."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

from axonloop.host.data import BUILDING, SpikeEncoder, generator, spike_encoder
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    Strategy,
    compile_network,
    learning_channel,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.processing import (
    GRADIENT_ONE,
    ErrorEncoder,
    ErrorPath,
    Integers,
    Layers,
    LearningLayer,
    Loss,
    ProcessingCore,
    Readout,
    error_encoder,
    feedback_matrix,
    fixed_readout,
)
from axonloop.host.training.settings import Settings
from axonloop.models.config import ChipConfig, Mesh

CROSS_ENTROPY = torch.nn.functional.cross_entropy
INPUT = "pixels"
LARGEST = 127
"""Largest entry of a feedback matrix made of weights."""


def network_of(settings: Settings, epoch: int = 0) -> Network:
    """Pixels, then the layers one behind the other, with the parameters of an epoch.

    A recurrent layer hears its own spikes a tick later. Symmetric feedback needs upper weights that
    both chip and host know: they are fixed then.
    """
    random = generator(settings.seed, BUILDING, 0)
    names = [INPUT, *layer_names(settings)]
    sizes = [settings.inputs, *settings.layers]
    parameters = settings.parameters_in(epoch)
    populations = [
        Population(name, size, parameters[k])
        for k, (name, size) in enumerate(zip(names[1:], sizes[1:], strict=True))
    ]
    spans = [settings.weight_span] + [settings.deep_span] * (len(settings.layers) - 1)
    projections = [
        Projection(
            names[k],
            names[k + 1],
            uniform_weights(random, sizes[k], sizes[k + 1], span),
            plastic=k == 0 or settings.strategy != Strategy.SYMMETRIC,
        )
        for k, span in enumerate(spans)
    ]
    if settings.recurrent_span is not None:
        weights = uniform_weights(random, sizes[1], sizes[1], settings.recurrent_span)
        projections.append(Projection(names[1], names[1], weights))
    source = Source(INPUT, settings.inputs)
    return Network((source,), tuple(populations), tuple(projections), settings.seed)


def encoder_of(settings: Settings) -> SpikeEncoder:
    """What makes spikes of a sample."""
    return spike_encoder(settings.encoding, settings.ticks, settings.white, settings.peak)


def layer_names(settings: Settings) -> list[str]:
    """The names of the populations."""
    return [f"layer{k + 1}" for k in range(len(settings.layers))]


@lru_cache(maxsize=8)
def program_of(settings: Settings, epoch: int = 0) -> Program:
    """The network on the smallest cores that hold it; ValueError where it does not fit.

    Also where the strategy of feedback needs a variable that is not there.
    """
    network, mesh = network_of(settings, epoch), Mesh.parse(settings.mesh)
    rates = dict.fromkeys(layer_names(settings), 0.0)
    learning_channel(network, settings.strategy, rates, rates)
    geometry = smallest_geometry(network, mesh, settings.lanes, settings.weight_bits)
    return compile_network(network, geometry, mesh)


def chip_config(settings: Settings, epoch: int = 0) -> ChipConfig:
    """The chip that `settings` ask for in an epoch."""
    return program_of(settings, epoch).config


def layers_of(settings: Settings, program: Program, loss: Loss = CROSS_ENTROPY) -> Layers:
    """The processing cores that `settings` ask for; every readout is random and fixed."""
    cores = [_reader(settings, k, loss) for k in range(len(settings.layers))]
    teachers: list[ProcessingCore | ErrorPath] = list(cores)
    if settings.strategy == Strategy.DIRECT:
        teachers[:-1] = [_random_path(settings, k) for k in range(len(cores) - 1)]
    elif settings.strategy == Strategy.SYMMETRIC:
        teachers[:-1] = _mirrored_paths(settings, program, cores[-1].readout.weights)
    pairs = zip(layer_names(settings), teachers, strict=True)
    return Layers(program, [LearningLayer(name, teacher) for name, teacher in pairs])


def _reader(settings: Settings, layer: int, loss: Loss) -> ProcessingCore:
    random = generator(settings.seed, BUILDING, 1 + layer)
    top, neurons = settings.readout_top, settings.layers[layer]
    readout = fixed_readout(settings.classes, neurons, top, random)
    return ProcessingCore(
        Readout(readout, settings.readout_leak, settings.logit_scale),
        feedback_matrix(settings.feedback, readout, top, random),
        _encoder(settings, neurons),
        loss,
        settings.burn_in,
    )


def _encoder(settings: Settings, neurons: int, gain: float = 1.0) -> ErrorEncoder:
    """An encoder for gradients that are `gain` times as large as through a readout."""
    threshold = max(1, round(gain * settings.threshold * GRADIENT_ONE))
    limit, rate = settings.error_limit, settings.event_rate
    return error_encoder(settings.errors, neurons, threshold, limit, rate)


def _random_path(settings: Settings, layer: int) -> ErrorPath:
    """Direct feedback: random signs, magnitudes as in a readout."""
    random = generator(settings.seed, BUILDING, 1 + layer)
    neurons = settings.layers[layer]
    feedback = fixed_readout(settings.classes, neurons, settings.readout_top, random)
    return ErrorPath(feedback, _encoder(settings, neurons))


def _mirrored_paths(settings: Settings, program: Program, readout: Integers) -> list[ErrorPath]:
    """Symmetric feedback: F = F of the layer above x its weights, transposed.

    Boxes and leaks of the layers above are left out: they would have to cross from the chip in
    every tick. Entries are scaled to at most LARGEST, and thresholds with them.
    """
    paths: list[ErrorPath] = []
    exact = readout.astype(np.float64)
    usual = np.abs(readout).mean()
    for projection in reversed(program.plan.network.projections[1 : len(settings.layers)]):
        exact = exact @ projection.weights.T
        feedback = np.rint(exact * (LARGEST / np.abs(exact).max())).astype(np.int64)
        encoder = _encoder(settings, feedback.shape[1], np.abs(feedback).mean() / usual)
        paths.insert(0, ErrorPath(feedback, encoder))
    return paths
