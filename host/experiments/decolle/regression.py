"""DECOLLE's regression on the chip (Kaiser, Mostafa & Neftci 2020, figure 1).

One fixed Poisson pattern feeds three layers in a chain. Each has a fixed random readout and learns
to follow a target of its own, with local errors at every tick: a ramp, a fast sine, a slow sine.
The pattern is shown again and again. The error of a layer is the mean of (prediction - target)^2
over the ticks of a pass without learning, as a share of the mean of target^2: 1 is silence.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.data import BUILDING, SCORING, TRAINING, generator
from axonloop.host.devices import Device
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
from axonloop.host.processing import (
    GRADIENT_ONE,
    ActivityBand,
    Flags,
    Layers,
    LearningLayer,
    ProcessingCore,
    Readout,
    SigmaDeltaEncoder,
    fixed_readout,
)
from axonloop.host.training import SingleCopy, Task, TrainingLoop
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig, Mesh, ParameterSet, ResetMode

NAMES = ("ramp", "fast", "slow")
"""The layers, by their targets."""
Series = NDArray[np.float64]
"""A value per layer and tick, `(layers, ticks)`."""
NEURON = ParameterSet(
    alpha_n=3891,
    beta_n=3277,
    gamma=3891,
    rho=1024,
    theta=1024,
    box=2048,
    w_exp=2,
    reset_mode=ResetMode.NONE,
    alpha_p=3891,
    beta_p=3277,
    q_inc=128,
    p_shift=0,
    pq_shift=4,
)
"""DECOLLE's neuron: traces decay as the states do, and a spike is undone by R."""
HALVINGS = (0.4, 0.6, 0.8)
"""Shares of a run after which the learning rate is halved."""


@dataclass(frozen=True)
class Regression:
    """A run; the defaults were found with seeds above 10.

    `rate` of the input in spikes per tick; first weights are even in +-`weight_span`. `threshold`
    of the sigma-delta encoder is in units of the prediction. Activity is held in `floor`..
    `ceiling` spikes per tick; `strength` 0 leaves it alone. Raises ValueError out of range.
    """

    seed: int = 1
    epochs: int = 100
    mesh: str = "1x1"
    ticks: int = 500
    inputs: int = 256
    neurons: int = 256
    lanes: int = 16
    rate: float = 0.02
    weight_span: int = 32
    eta_shifts: tuple[int, int, int] = (7, 10, 9)
    parameters: ParameterSet = field(default=NEURON)
    readout_leak: int = 3686
    scale: float = 0.01
    threshold: float = 2.0
    floor: float = 0.01
    ceiling: float = 0.5
    strength: float = 1.0

    def __post_init__(self) -> None:
        require_range("seed", self.seed, 0, 2**32 - 1)
        require_range("epochs", self.epochs, 1, 1_000_000)
        require_range("ticks", self.ticks, 2, 1_000_000)
        require(0 < self.rate <= 1, "rate of the input", "above 0 and at most 1", self.rate)
        require(0 < self.threshold < 2**20, "threshold", "above 0 and below 2**20", self.threshold)
        require(self.strength >= 0, "strength", "0 or more", self.strength)
        Mesh.parse(self.mesh)

    def halvings(self, epoch: int) -> int:
        """How often the learning rate was halved when this epoch, from 0, begins."""
        return sum(epoch >= share * self.epochs for share in HALVINGS)


def targets_of(ticks: int) -> Series:
    """What the layers are to follow: a ramp from -1 to 1, five sine waves, one."""
    time = np.arange(ticks) / ticks
    return np.stack([2 * time - 1, np.sin(10 * np.pi * time), np.sin(2 * np.pi * time)])


def pattern_of(task: Regression) -> list[Int32Array]:
    """The input channels that spike at each tick."""
    random = generator(task.seed, TRAINING)
    raster = random.random((task.ticks, task.inputs)) < task.rate
    return [np.flatnonzero(row).astype(np.int32) for row in raster]


def readouts_of(task: Regression) -> list[NDArray[np.int64]]:
    """The readout of each layer: signs, int64 `(1, neurons)`."""
    random = generator(task.seed, BUILDING, 1)
    return [fixed_readout(1, task.neurons, 1, random) for _ in NAMES]


def network_of(task: Regression, epoch: int = 0) -> Network:
    """Source and layers in a chain, with the learning rates of an epoch."""
    random = generator(task.seed, BUILDING, 0)
    slower = task.halvings(epoch)
    populations = [
        Population(name, task.neurons, replace(task.parameters, eta_shift=shift + slower), False)
        for name, shift in zip(NAMES, task.eta_shifts, strict=True)
    ]
    sizes = [task.inputs] + [task.neurons] * (len(NAMES) - 1)
    chain = zip(("input", *NAMES), NAMES, sizes, strict=False)
    projections = [
        Projection(source, target, uniform_weights(random, size, task.neurons, task.weight_span))
        for source, target, size in chain
    ]
    return Network(
        (Source("input", task.inputs),), tuple(populations), tuple(projections), task.seed
    )


def program_of(task: Regression, epoch: int = 0) -> Program:
    """The network on the smallest cores that hold it, layer by layer around the mesh."""
    network, mesh = network_of(task, epoch), Mesh.parse(task.mesh)
    place = {name: (k % mesh.cores,) for k, name in enumerate(NAMES)}
    geometry = smallest_geometry(network, mesh, task.lanes, place=place)
    return compile_network(network, geometry, mesh, place)


def chip_config(task: Regression) -> ChipConfig:
    """The chip that a task needs."""
    return program_of(task).config


def following(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Half the squared distance between the one logit and the series' value at this tick."""
    return (logits - target).square().sum() / 2


class FollowedPattern:
    """The one sample: the pattern, and the series that the layers are to follow."""

    def __init__(self, task: Regression) -> None:
        self._raster = np.zeros((task.ticks, task.inputs), dtype=bool)
        for tick, channels in enumerate(pattern_of(task)):
            self._raster[tick, channels] = True
        self._target = [torch.from_numpy(series) for series in targets_of(task.ticks)]

    def __len__(self) -> int:
        return 1

    def raster(self, place: int, random: np.random.Generator) -> Flags:
        """The pattern, bool `(ticks, inputs)`: nothing of it is drawn anew."""
        return self._raster

    def target(self, place: int) -> list[torch.Tensor]:
        """A series for each layer, float64 `(ticks,)`."""
        return self._target

    def number(self, place: int) -> int:
        """The only sample's number."""
        return place


def _layers(task: Regression, program: Program, burn_in: int = 0) -> Layers:
    """The processing cores; during the burn-in they listen only, and hold no activity."""
    step = max(1, round(task.threshold * GRADIENT_ONE))
    layers = []
    for name, weights in zip(NAMES, readouts_of(task), strict=True):
        core = ProcessingCore(
            Readout(weights, task.readout_leak, task.scale),
            weights,
            SigmaDeltaEncoder(task.neurons, step),
            following,
            burn_in,
            per_tick=True,
        )
        held = task.strength > 0 and burn_in == 0
        band = (task.floor, task.ceiling, task.strength)
        own = ActivityBand(task.neurons, *band) if held else None
        layers.append(LearningLayer(name, core, own, own_target=True))
    return Layers(program, layers)


class RegressionTrainer:
    """Trains on a device that is open for `chip_config(task)`; loads the first weights."""

    def __init__(self, device: Device, task: Regression) -> None:
        self.device, self.task, self.program = device, task, program_of(task)
        self.targets, self._pattern = targets_of(task.ticks), FollowedPattern(task)
        self.layers = _layers(task, self.program)
        self._listeners = _layers(task, self.program, burn_in=task.ticks)
        self.loop = TrainingLoop(
            SingleCopy(device),
            self.program,
            [Task(self._pattern, ("input",))],
            self.layers,
            [task.seed],
            task.epochs,
            self._config_in,
        )
        self.rates = np.zeros(len(NAMES))
        device.load_weights(self.program.weights)

    def _config_in(self, epoch: int) -> ChipConfig | None:
        """The chip with a new learning rate, in the epochs that begin with one."""
        changed = epoch > 0 and self.task.halvings(epoch) > self.task.halvings(epoch - 1)
        return program_of(self.task, epoch).config if changed else None

    def run(self, after_epoch: Callable[[int], None] = lambda epoch: None) -> None:
        """All epochs; `after_epoch` gets how many are done."""
        self.loop.run(lambda: after_epoch(self.loop.position.epoch + 1))

    def outputs(self) -> Series:
        """The predictions of a pass without learning; `rates` are then its spikes per tick."""
        copies = self.loop.copies
        copies.clear()
        self._listeners.begin([self._pattern.target(0)])
        raster = self.loop.arriving([self._pattern], [0], SCORING)
        found, heard = np.zeros_like(self.targets), list(self._listeners.spikes)
        for tick, spikes in enumerate(copies.run(raster)):
            self._listeners.step(spikes)
            cores = self._listeners.readers.values()
            found[:, tick] = [core.logits[0, 0] for core in cores]
        counts = np.array(self._listeners.spikes) - heard
        self.rates = counts / (self.task.neurons * self.task.ticks)
        return found

    def results(self) -> dict[str, Any]:
        """What the run cost so far: the chip's counters."""
        return {counter.name.lower(): n for counter, n in self.device.counters().items()}


def relative_errors(outputs: Series, targets: Series) -> NDArray[np.float64]:
    """Mean squared error over the target's mean square, per layer: `(layers,)`."""
    errors: NDArray[np.float64] = ((outputs - targets) ** 2).mean(1) / (targets**2).mean(1)
    return errors
