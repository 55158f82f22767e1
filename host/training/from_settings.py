"""From the settings of a run to its network, the chip that holds it, and its processing cores."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod

import numpy as np

from axonloop.hdl.boards import Build
from axonloop.host.configuration import (
    Configuration,
    ConvolutionLayer,
    NetworkSettings,
    Settings,
    open_samples,
)
from axonloop.host.data import BUILDING, SIDE, SpikeEncoder, generator, spike_encoder
from axonloop.host.network import (
    Convolution,
    Network,
    Population,
    Program,
    Projection,
    Source,
    Strategy,
    built_geometry,
    compile_network,
    learning_channel,
    learning_populations,
    on_memristors,
    smallest_geometry,
    uniform_kernel,
    uniform_weights,
)
from axonloop.host.processing import (
    ACCURACY,
    GRADIENT_ONE,
    ActivityBand,
    Dropout,
    ErrorCode,
    ErrorEncoder,
    ErrorPath,
    Goal,
    IntegerCore,
    Integers,
    Layers,
    LearningLayer,
    ProcessingCore,
    Readout,
    ReadoutLearning,
    SampleEncoder,
    error_encoder,
    feedback_matrix,
    fixed_readout,
    node_constants,
)
from axonloop.models.checks import require
from axonloop.models.config import NO_TABLES, ChipConfig, Mesh, ParameterSet

INPUT = "pixels"
LARGEST = 127
"""Largest entry of a feedback matrix made of weights."""


def network_of(settings: Settings, epoch: int = 0) -> Network:
    """The inputs, then the layers one behind the other, with the parameters of an epoch.

    Recurrent layers hear their own spikes a tick later. Symmetric feedback needs upper weights that
    both chip and host know: they are fixed then.
    """
    own, random = settings.network, generator(settings.run.seed, BUILDING, 0)
    names = [INPUT if settings.data is None else "inputs", *layer_names(settings)]
    parameters = settings.parameters_in(epoch)
    spans = [own.weight_span] + [own.deep_span] * (own.depth - 1)
    source = _source(settings, names[0])
    populations: list[Population] = []
    projections: list[Projection] = []
    every: list[ConvolutionLayer | int] = [*own.convolutions, *own.layers]
    for k, (layer, span) in enumerate(zip(every, spans, strict=True)):
        before = populations[-1] if populations else source
        if isinstance(layer, ConvolutionLayer):
            population, projection = _convolution(
                layer, before, names[k + 1], parameters[k], random, span
            )
        else:
            population = Population(names[k + 1], layer, parameters[k])
            weights = uniform_weights(random, before.units, layer, span)
            plastic = k == 0 or settings.objective.strategy != Strategy.SYMMETRIC
            projection = Projection(before.name, names[k + 1], weights, plastic=plastic)
        populations.append(population)
        projections.append(projection)
    if own.recurrent_span is not None:
        projections += [
            Projection(
                name,
                name,
                uniform_weights(random, size, size, own.recurrent_span),
                traces=own.recurrent_traces,
            )
            for name, size in zip(names[1:], own.layers, strict=True)
        ]
    seed = settings.run.seed
    return _seeing(Network((source,), tuple(populations), tuple(projections), seed), own)


def _source(settings: Settings, name: str) -> Source:
    """The inputs; in front of convolutions they are an image."""
    own, inputs = settings.network, settings.task.inputs
    if not own.convolutions:
        return Source(name, inputs)
    local = settings.objective.strategy == Strategy.LOCAL
    told = "local where network.convolutions are given"
    require(local, "objective.strategy", told, settings.objective.strategy)
    image = own.image or ((1, SIDE, SIDE) if settings.data is None else None)
    told = "given, as [1, 28, 28], where convolutions are and the data have no shape"
    require(image is not None, "network.image", told, image)
    assert image is not None
    told = f"of {inputs} pixels in all, as the data"
    require(prod(image) == inputs, "network.image", told, image)
    return Source(name, inputs, image)


def _convolution(
    layer: ConvolutionLayer,
    before: Source | Population,
    name: str,
    parameters: ParameterSet,
    random: np.random.Generator,
    span: int,
) -> tuple[Population, Projection]:
    """A layer of convolutions, and its kernel."""
    channels, high, wide = before.unit_shape
    shape = layer.after((channels, high, wide))
    told = f"at least that of the kernel ({layer.kernel}), with its padding"
    require(min(shape) > 0, f"image before {name}", told, before.unit_shape)
    population = Population.image(name, shape, parameters, layer.pool)
    weights = uniform_kernel(random, layer.channels, channels, layer.kernel, span)
    kernel = Convolution(before.name, name, weights, stride=layer.stride, padding=layer.padding)
    return population, kernel


def _seeing(network: Network, own: NetworkSettings) -> Network:
    """The network on the memristors that its settings name, if any."""
    if own.memristor is None:
        return network
    spreads = own.write_spread, own.device_spread
    return on_memristors(network, own.memristor, own.weight_bits, own.write_rule, *spreads)


def encoder_of(settings: Settings) -> SpikeEncoder:
    """What makes spikes of a sample."""
    task = settings.task
    return spike_encoder(task.encoding, task.ticks, task.white, task.peak)


def layer_names(settings: Settings) -> list[str]:
    """The names of the populations."""
    return [f"layer{k + 1}" for k in range(settings.network.depth)]


@lru_cache(maxsize=8)
def program_of(settings: Settings, epoch: int = 0) -> Program:
    """The network on the smallest cores that hold it, or on those that the settings name.

    ValueError where it does not fit.

    Also where the strategy of feedback needs a variable that is not there.
    """
    network = network_of(settings, epoch)
    rates = dict.fromkeys(layer_names(settings), 0.0)
    learning_channel(network, settings.objective.strategy, rates, rates)
    return _compiled(network, settings)


def chip_config(settings: Settings, epoch: int = 0, own: OwnNetwork | None = None) -> ChipConfig:
    """The chip that `settings`, or an `own` network, ask for in an epoch."""
    program = program_of(settings, epoch) if own is None else own.program(settings, epoch)
    return program.config


def on_built_chip(settings: Settings) -> Settings:
    """The settings with the smallest geometry that is compiled and holds their network.

    They stay as they are where there is none, or where they name a geometry.
    """
    own = settings.network
    if settings.geometry is not None:
        return settings
    mesh = Mesh.parse(own.mesh)
    found = built_geometry(network_of(settings), mesh, own.lanes, own.weight_bits)
    return replace(settings, geometry=found)


def build_of(configuration: Configuration, board: str | None = None) -> Build:
    """The build for a file: its [geometry], else the cores that its [network] takes.

    With neither it is that of the board, or the usual one. The inputs of a network are those of the
    [data]. ValueError for a network without fit.
    """
    build = configuration.build(board)
    if "network" in configuration.tables and "geometry" not in configuration.tables:
        with open_samples(configuration.settings, configuration.tables.get("task")) as (fit, _):
            return replace(build, geometry=chip_config(fit).geometry)
    return build


@dataclass(frozen=True, eq=False)
class OwnNetwork:
    """A user's `network`, in place of the layers that [network] describes.

    Where it has several sources, they are those of the data, by their names.

    Every population that a plastic projection reaches learns, by a fixed random readout and a loss
    of its own; that of `readout` (None: the last of them) is what a run is scored by. Settings
    give all the rest: objective, run, memristors, and mesh, lanes and weight bits of the chip.
    Raises ValueError for a network that is not so.
    """

    network: Network
    readout: str | None = None

    def __post_init__(self) -> None:
        own = learning_populations(self.network)
        names, silent = [each.name for each in own], [each.name for each in own if not each.report]
        require(len(names) > 0, "projections", "plastic, one at least", [])
        require(not silent, "populations that learn", "reported to the host", silent)
        good = self.readout in (None, *names)
        require(
            good, "readout", f"one of the populations that learn, {', '.join(names)}", self.readout
        )

    @property
    def learners(self) -> list[Population]:
        """The populations that learn; the one that is scored is the last."""
        own = learning_populations(self.network)
        return sorted(own, key=lambda each: each.name == (self.readout or own[-1].name))

    @property
    def fingerprint(self) -> str:
        """A hash of all that the network is, its first weights too."""
        network, digest = self.network, hashlib.sha256()
        for each in (*network.sources, *network.populations, self.learners[-1].name, network.seed):
            digest.update(repr(each).encode())
        shapes = [(each.shape, each.shape) for each in network.sources]
        shapes += [(each.shape, each.unit_shape) for each in network.populations]
        for shape, of_units in shapes:
            digest.update(f"{shape} {of_units}".encode() if shape else b"")
        if network.memristor != NO_TABLES:
            digest.update(repr(network.memristor).encode())
        for each in network.projections:
            digest.update(f"{each} {each.delay} {each.plastic} {each.traces!r}".encode())
            if isinstance(each, Convolution):
                digest.update(f"{each.stride} {each.padding}".encode())
            digest.update(each.weights.astype("<i8").tobytes())
            digest.update(b"" if each.present is None else np.packbits(each.present).tobytes())
        return digest.hexdigest()

    def program(self, settings: Settings, epoch: int = 0) -> Program:
        """The network with the learning rate of an epoch, on the smallest cores that hold it."""
        sources, inputs = self.network.sources, settings.task.inputs
        if len(sources) > 1:
            named = getattr(settings.data, "inputs", ())
            own, told = [each.name for each in sources], [] if isinstance(named, str) else [*named]
            good = sorted(own) == sorted(told)
            require(good, "sources of the network", f"those of data.inputs, {told}", own)
        else:
            good, thing = sources[0].size == inputs, f"size of source {sources[0].name!r}"
            require(good, thing, f"{inputs}, as the data", sources[0].size)
        anneal = settings.run.anneal
        steps = 0 if anneal is None else epoch // anneal
        populations = tuple(_slower(each, steps) for each in self.network.populations)
        slower = replace(self.network, populations=populations)
        return _compiled(_seeing(slower, settings.network), settings)

    def layers(self, every: Sequence[Settings], program: Program, goal: Goal) -> Layers:
        """Readout, loss and errors of every population that learns, for the settings of copies."""
        settings = every[0]
        local = settings.objective.strategy == Strategy.LOCAL
        require(local, "strategy of an own network", "local", settings.objective.strategy)
        layers = [
            _learning(every, k, each.name, each.units, _reader(every, k, each.units, goal))
            for k, each in enumerate(self.learners)
        ]
        return Layers(program, layers, settings.objective.latency, goal.measure)


def _slower(population: Population, steps: int) -> Population:
    """A population whose learning rate is halved so many times."""
    own = population.parameters
    return replace(population, parameters=replace(own, eta_shift=own.eta_shift + steps))


def _compiled(network: Network, settings: Settings) -> Program:
    """A network on the smallest cores that hold it, or on those that the settings name."""
    own, geometry, mesh = settings.network, settings.geometry, Mesh.parse(settings.network.mesh)
    if geometry is None:
        geometry = smallest_geometry(network, mesh, own.lanes, own.weight_bits)
    return compile_network(network, geometry, mesh)


def layers_of(
    every: Sequence[Settings], programs: Sequence[Program], goal: Goal | None = None
) -> Layers:
    """The objective that settings ask for, those of every copy; readouts are random and fixed.

    `goal` is usually that of classes.
    Copies may differ in seeds, thresholds, limits and rates of their error events.
    """
    common, goal = every[0], goal or Goal()
    sizes = [each.units for each in programs[0].plan.network.populations]
    strategy = common.objective.strategy
    own = not goal.integer or len(sizes) == 1 or strategy == Strategy.LOCAL
    require(own, "strategy of several layers with the loss integer", "local", strategy)
    cores = [_reader(every, k, size, goal) for k, size in enumerate(sizes)]
    teachers: list[ProcessingCore | ErrorPath] = list(cores)
    if common.objective.strategy == Strategy.DIRECT:
        teachers[:-1] = [_random_path(every, k) for k in range(len(cores) - 1)]
    elif common.objective.strategy == Strategy.SYMMETRIC:
        readouts = cores[-1].readout.weights
        teachers[:-1] = _mirrored_paths(every, programs, readouts)
    layers = [
        _learning(every, k, *each)
        for k, each in enumerate(zip(layer_names(common), sizes, teachers, strict=True))
    ]
    return Layers(programs[0], layers, common.objective.latency, goal.measure)


def _learning(
    every: Sequence[Settings],
    layer: int,
    name: str,
    units: int,
    teacher: ProcessingCore | ErrorPath,
) -> LearningLayer:
    """A layer with what its settings do to its readout and its activity."""
    own, band, dropout = every[0].objective, None, None
    if own.activity > 0:
        floor, ceiling = own.activity_floor, own.activity_ceiling
        band = ActivityBand(units, floor, ceiling, own.activity, len(every))
    if own.dropout > 0 and isinstance(teacher, ProcessingCore):
        dropout = Dropout(units, own.dropout, [each.run.seed for each in every], layer)
    return LearningLayer(name, teacher, band, dropout=dropout)


def _reader(every: Sequence[Settings], layer: int, neurons: int, goal: Goal) -> ProcessingCore:
    common, readouts, feedbacks = every[0], [], []
    objective = common.objective
    top = objective.readout_top
    learning = None
    if objective.readout_rate > 0:
        learning = ReadoutLearning(objective.readout_rate, common.task.ticks)
    for settings in every:
        random = generator(settings.run.seed, BUILDING, 1 + layer)
        first = fixed_readout(common.task.classes, neurons, top, random)
        readouts.append(first if learning is None else 0 * first)
        feedbacks.append(feedback_matrix(objective.feedback, readouts[-1], top, random))
    if goal.integer:
        return _integer_reader(every, readouts, feedbacks, goal)
    return ProcessingCore(
        Readout(np.stack(readouts), objective.readout_leak, objective.logit_scale),
        np.stack(feedbacks),
        _encoder(every, neurons, [1.0] * len(every)),
        goal.loss,
        objective.burn_in,
        goal.per_tick,
        objective.every,
        learning,
    )


def _integer_reader(
    every: Sequence[Settings], readouts: list[Integers], feedbacks: list[Integers], goal: Goal
) -> IntegerCore:
    """A reader whose loss is in integers."""
    nodes = [
        node_constants(
            readout,
            feedback,
            of_classes=goal.measure == ACCURACY,
            leak=objective.readout_leak,
            logit_scale=objective.logit_scale,
            burn_in=objective.burn_in,
            errors=objective.errors,
            threshold=objective.threshold,
            limit=objective.error_limit,
            event_rate=objective.event_rate,
        )
        for objective, readout, feedback in zip(
            (each.objective for each in every), readouts, feedbacks, strict=True
        )
    ]
    return IntegerCore(nodes, goal.per_tick)


def _encoder(every: Sequence[Settings], neurons: int, gains: Sequence[float]) -> ErrorEncoder:
    """An encoder for gradients that are `gains` times as large as through a readout."""
    thresholds = [
        max(1, round(gain * each.objective.threshold * GRADIENT_ONE))
        for each, gain in zip(every, gains, strict=True)
    ]
    objectives = [each.objective for each in every]
    limits, rates = [one.error_limit for one in objectives], [one.event_rate for one in objectives]
    if objectives[0].errors == ErrorCode.SAMPLE:
        task, own = every[0].task, objectives[0]
        ticks = len(range(own.burn_in, task.ticks, own.every))
        return SampleEncoder(neurons, thresholds, limits, ticks)
    held = [rate for rate in rates if rate is not None]
    alike = len(held) in (0, len(rates))
    require(alike, "event_rate of a population", "given for all copies or for none", rates)
    return error_encoder(objectives[0].errors, neurons, thresholds, limits, held or None)


def _random_path(every: Sequence[Settings], layer: int) -> ErrorPath:
    """Direct feedback: random signs, magnitudes as in a readout."""
    common, neurons = every[0], every[0].network.layers[layer]
    feedback = [
        fixed_readout(
            common.task.classes,
            neurons,
            common.objective.readout_top,
            generator(settings.run.seed, BUILDING, 1 + layer),
        )
        for settings in every
    ]
    return ErrorPath(np.stack(feedback), _encoder(every, neurons, [1.0] * len(every)))


def _mirrored_paths(
    every: Sequence[Settings], programs: Sequence[Program], readouts: Integers
) -> list[ErrorPath]:
    """Symmetric feedback: F = F of the layer above x its weights, transposed.

    Boxes and leaks of the layers above are left out: they would have to cross from the chip in
    every tick. Entries are scaled to at most LARGEST, and thresholds with them.
    """
    mirrored = [
        _mirrored(settings, program, readout)
        for settings, program, readout in zip(every, programs, readouts, strict=True)
    ]
    usual = np.abs(readouts).mean(axis=(1, 2)).tolist()
    paths = []
    for layer in zip(*mirrored, strict=True):
        feedback = np.stack(layer)
        gains = [np.abs(own).mean() / mean for own, mean in zip(layer, usual, strict=True)]
        paths.append(ErrorPath(feedback, _encoder(every, feedback.shape[2], gains)))
    return paths


def _mirrored(settings: Settings, program: Program, readout: Integers) -> list[Integers]:
    """The feedback of all layers but the last one, of one copy."""
    found: list[Integers] = []
    exact = readout.astype(np.float64)
    for projection in reversed(program.plan.network.projections[1 : len(settings.network.layers)]):
        exact = exact @ projection.weights.T
        found.insert(0, np.rint(exact * (LARGEST / np.abs(exact).max())).astype(np.int64))
    return found
