"""The sides of `axonloop bench batched`: one task, the chip's way to do it, and float ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from axonloop.host.bench.peers import (
    PEERS,
    DecolleLoop,
    FloatNetwork,
    Inference,
    ThreeFactorLoop,
    all_layers_at_once,
    installed,
    layer_by_layer,
)
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.models.config import DECAY_ONE, ParameterSet
from axonloop.sim.batched import BatchedChip

ACTIVITY = 0.05
SIZES = (256, 512, 512, 10)
SPANS = (40, 41, 44)
"""Weights of the layers are drawn from -span..span."""
PARAMETERS = ParameterSet(
    theta=3000, box=1500, w_exp=2, q_inc=128, pq_shift=3, eta_shift=16, alpha_n=3686, beta_n=3277
)
"""With these spans some 4 % of the neurons of a hidden layer spike in every tick."""
TARGETS = 10
ERROR_STEP = 0.8
"""An error event stands for this much of a local error: some 5 % of the neurons get one."""
FLOAT_STEP = 1e-5
"""The float loop's rate of learning; samples of a batch share it."""
Ways = dict[str, Callable[[FloatNetwork], Inference]]
"""Ways to run a float network, by their names."""
OURS, LOOP, DECOLLE = "axonloop", "torch, three-factor loop", "torch, DECOLLE by autograd"


@dataclass(frozen=True, eq=False)
class Workload:
    """One network, its input and its targets, as both sides need them.

    `spikes`: bool `(ticks, copies, channels)`. `readout`: float `(neurons, 3 x TARGETS)`, a fixed
    readout of every layer; `target`: what it should say, `(copies, 3 x TARGETS)`.
    """

    program: Program
    spikes: Tensor
    readout: Tensor
    target: Tensor

    @property
    def copies(self) -> int:
        return int(self.spikes.shape[1])

    @property
    def ticks(self) -> int:
        return int(self.spikes.shape[0])

    @property
    def device(self) -> torch.device:
        return self.spikes.device

    def on(self, device: torch.device) -> Workload:
        """The same with its tensors on a device."""
        given = (each.to(device) for each in (self.spikes, self.readout, self.target))
        return Workload(self.program, *given)

    @property
    def layers(self) -> list[slice]:
        """Where the neurons of each layer lie on the chip."""
        return [slice(int(n[0]), int(n[-1]) + 1) for n in self.program.neurons.values()]


def make_task(
    copies: int, ticks: int = 100, sizes: tuple[int, ...] = SIZES, seed: int = 0
) -> Workload:
    """A random network and random input."""
    rng = np.random.default_rng(seed)
    names = ("input", *(f"layer {k}" for k in range(1, len(sizes))))
    pairs = list(zip(names, names[1:], strict=False))
    network = Network(
        (Source(names[0], sizes[0]),),
        tuple(
            Population(name, size, PARAMETERS, bias=False)
            for name, size in zip(names[1:], sizes[1:], strict=True)
        ),
        tuple(
            Projection(a, b, uniform_weights(rng, m, n, span))
            for (a, b), m, n, span in zip(pairs, sizes, sizes[1:], SPANS, strict=False)
        ),
    )
    program = compile_network(network, smallest_geometry(network))
    readout = np.zeros((sum(sizes[1:]), TARGETS * (len(sizes) - 1)), np.float32)
    start = 0
    for layer, size in enumerate(sizes[1:]):
        block = rng.standard_normal((size, TARGETS)) / np.sqrt(size * ACTIVITY)
        readout[start : start + size, TARGETS * layer : TARGETS * (layer + 1)] = block
        start += size
    target = np.tile(np.eye(TARGETS, dtype=np.float32)[rng.integers(0, TARGETS, copies)], 3)
    spikes = rng.random((ticks, copies, sizes[0])) < ACTIVITY
    given = (torch.from_numpy(array) for array in (spikes, readout, target))
    return Workload(program, *given)


def float_network(task: Workload) -> FloatNetwork:
    """The same weights and decays, in units of the threshold."""
    scale = (1 << PARAMETERS.w_exp) / PARAMETERS.theta
    weights = [
        torch.from_numpy(projection.weights.astype(np.float32)).to(task.device) * scale
        for projection in task.program.plan.network.projections
    ]
    return FloatNetwork(
        weights,
        beta=PARAMETERS.beta_n / DECAY_ONE,
        alpha=PARAMETERS.alpha_n / DECAY_ONE,
        trace_beta=PARAMETERS.beta_p / DECAY_ONE,
        trace_alpha=PARAMETERS.alpha_p / DECAY_ONE,
        box=PARAMETERS.box / PARAMETERS.theta,
    )


@dataclass(frozen=True, eq=False)
class Contender:
    """Something to time: `run` does the whole work once; the spikes of every layer come out.

    `prepare` comes before each run and is not timed.
    """

    name: str
    run: Callable[[], list[Tensor]]
    prepare: Callable[[], None] = lambda: None


class ChipInference:
    """The chip's side of inference: the raster of axons is made within the time measured.

    Copies share weights; else each has its own, and a seed of its own.
    """

    def __init__(self, task: Workload, arithmetic: str = "auto", shared: bool = True) -> None:
        self.task = task
        where, seeds = str(task.device), None if shared else range(task.copies)
        build = task.program.config, task.copies, shared
        self.chip = BatchedChip(*build, device=where, seeds=seeds, arithmetic=arithmetic)
        self.chip.load_weights(task.program.weights)
        self.late = len(task.layers) - 1

    def raster(self) -> Tensor:
        """The input as spikes of axons, bool `(ticks + late, copies, axons)`."""
        task, axons = self.task, self.task.program.axons["input"][:, 0]
        shape = (task.ticks + self.late, task.copies, task.program.config.axons)
        raster = task.spikes.new_zeros(shape)
        raster[: task.ticks, :, int(axons[0]) : int(axons[-1]) + 1] = task.spikes
        return raster

    def run(self) -> list[Tensor]:
        """All ticks from rest; the spikes of every layer."""
        self.chip.clear()
        spikes = self.chip.run(self.raster())
        return [spikes[:, :, layer] for layer in self.task.layers]


class ChipLearning(ChipInference):
    """The chip's side of learning: local errors as events, every tick."""

    def __init__(self, task: Workload, arithmetic: str = "auto", shared: bool = True) -> None:
        super().__init__(task, arithmetic, shared)
        self.late = 0
        self.readout = self.readout_of(task)
        self.back = (self.readout.t() / ERROR_STEP).contiguous()

    def readout_of(self, task: Workload) -> Tensor:
        """The readout of what `heard` returns."""
        neurons = np.concatenate(list(task.program.neurons.values()))
        shape = task.program.config.neurons, task.readout.shape[1]
        readout = task.readout.new_zeros(shape)
        readout[torch.from_numpy(neurons).long().to(task.device)] = task.readout
        return readout

    def heard(self, spikes: Tensor) -> Tensor:
        """What the readout hears of a tick's spikes, float `(copies, neurons)`."""
        return spikes.float()

    def errors(self, spikes: Tensor) -> Tensor:
        """Error events, int32 `(copies, neurons)`, after a tick's `spikes`."""
        limit, heard = self.chip.geometry.error_max, self.heard(spikes)
        local = torch.addmm(self.task.target, heard, self.readout, beta=-1) @ self.back
        return local.clamp_(-limit, limit).to(torch.int32)

    def prepare(self) -> None:
        """Put back the first weights."""
        self.chip.load_weights(self.task.program.weights)

    @torch.inference_mode()
    def run(self) -> list[Tensor]:
        """All ticks from rest, with a learning step after each."""
        chip, found = self.chip, []
        chip.clear()
        for arrived in self.raster().unbind(0):
            found.append(spikes := chip.tick(arrived))
            chip.send_errors(self.errors(spikes))
            chip.learn()
        spikes = torch.stack(found)
        return [spikes[:, :, layer] for layer in self.task.layers]


PLAIN: Ways = {
    "torch, layer by layer": layer_by_layer,
    "torch, layers at once": all_layers_at_once,
}
"""Inference in plain torch, both ways."""


def float_inference(task: Workload) -> list[Contender]:
    """Plain torch, both ways, and on a CPU the peers that are installed."""
    peers = {name: PEERS[name] for name in installed()} if task.device.type == "cpu" else {}
    network, given = float_network(task), task.spikes.float()
    return contenders(PLAIN | peers, network, given)


def run_by(ways: Ways, network: FloatNetwork, given: Tensor) -> list[Contender]:
    """A float network by each of the ways, and by the peers that are installed."""
    return contenders(ways | {name: PEERS[name] for name in installed()}, network, given)


def contenders(ways: Ways, network: FloatNetwork, given: Tensor) -> list[Contender]:
    """A float network by each of the ways."""
    return [Contender(name, partial(way(network), given)) for name, way in ways.items()]


def float_learning(task: Workload) -> list[Contender]:
    """The three-factor loop in plain torch, and DECOLLE's by autograd."""
    network, given = float_network(task), task.spikes.float()

    def contender(name: str, kind: type[ThreeFactorLoop]) -> Contender:
        loop = kind(network, task.readout, task.copies, FLOAT_STEP / task.copies)

        def run() -> list[Tensor]:
            loop.clear()
            found = [loop.tick(spikes, task.target) for spikes in given.unbind(0)]
            return list(torch.split(torch.stack(found), network.sizes, dim=2))

        return Contender(name, run, loop.prepare)

    return [contender(LOOP, ThreeFactorLoop), contender(DECOLLE, DecolleLoop)]
