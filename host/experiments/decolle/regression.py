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

from axonloop.host.data import BUILDING, TRAINING, generator
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
    Layers,
    LearningLayer,
    ProcessingCore,
    Readout,
    SigmaDeltaEncoder,
    fixed_readout,
)
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


class Following:
    """Half the squared distance between the one logit and a series' value at `tick`."""

    def __init__(self, series: NDArray[np.float64]) -> None:
        self.series = torch.from_numpy(series)
        self.tick = 0

    def __call__(self, logits: torch.Tensor, _: torch.Tensor) -> torch.Tensor:
        """The loss of the present tick."""
        return (logits - self.series[self.tick]).square().sum() / 2


def _layers(
    task: Regression, program: Program, losses: list[Following], burn_in: int = 0
) -> Layers:
    """The processing cores; during the burn-in they listen only."""
    step = max(1, round(task.threshold * GRADIENT_ONE))
    cores = [
        ProcessingCore(
            Readout(weights, task.readout_leak, task.scale),
            weights,
            SigmaDeltaEncoder(task.neurons, step),
            loss,
            burn_in,
        )
        for weights, loss in zip(readouts_of(task), losses, strict=True)
    ]
    return Layers(program, [LearningLayer(n, c) for n, c in zip(NAMES, cores, strict=True)])


class RegressionTrainer:
    """Trains on a device that is open for `chip_config(task)`; loads the first weights."""

    def __init__(self, device: Device, task: Regression) -> None:
        torch.set_num_threads(1)
        self.device, self.task, self.program = device, task, program_of(task)
        self.targets = targets_of(task.ticks)
        pattern = pattern_of(task)
        self.trains = [self.program.axons_of("input", channels) for channels in pattern]
        self._losses = [Following(series) for series in self.targets]
        self.layers = _layers(task, self.program, self._losses)
        self._listeners = _layers(task, self.program, self._losses, burn_in=task.ticks)
        band = (task.floor, task.ceiling, task.strength)
        self._bands = [ActivityBand(task.neurons, *band) for _ in NAMES if task.strength > 0]
        self.rates = np.zeros(len(NAMES))
        device.load_weights(self.program.weights)

    def run(self, after_epoch: Callable[[int], None] = lambda epoch: None) -> None:
        """All epochs; `after_epoch` gets how many are done."""
        slower = 0
        for epoch in range(self.task.epochs):
            if self.task.halvings(epoch) > slower:
                slower = self.task.halvings(epoch)
                self.device.configure(program_of(self.task, epoch).config)
            self.epoch()
            after_epoch(epoch + 1)

    def epoch(self) -> None:
        """Show the pattern once and learn at every tick."""
        self.device.clear()
        self.layers.begin(0)
        for tick, axons in enumerate(self.trains):
            for loss in self._losses:
                loss.tick = tick
            spikes = self.device.tick(axons)
            sent = self._send(*self.layers.step(spikes), ungated=False)
            if self._send(*self._quiet_and_loud(spikes), ungated=True) or sent:
                self.device.learn()

    def _send(self, neurons: Int32Array, values: Int32Array, ungated: bool) -> bool:
        if len(neurons):
            self.device.send_errors(neurons, values, ungated)
        return len(neurons) > 0

    def _quiet_and_loud(self, spikes: Int32Array) -> tuple[Int32Array, Int32Array]:
        """The ungated events of all layers."""
        if not self._bands:
            return _NOBODY, _NOBODY
        shares = self.layers.split(spikes)
        events = [band.step(share) for band, share in zip(self._bands, shares, strict=True)]
        whose = [self.program.neurons[name] for name in NAMES]
        neurons = [own[local] for own, (local, _) in zip(whose, events, strict=True)]
        return np.concatenate(neurons), np.concatenate([values for _, values in events])

    def outputs(self) -> Series:
        """The predictions of a pass without learning; `rates` are then its spikes per tick."""
        self.device.clear()
        self._listeners.begin(0)
        found, heard = np.zeros_like(self.targets), np.zeros(len(NAMES))
        for tick, spikes in enumerate(self.device.run(self.trains)):
            self._listeners.step(spikes)
            heard += [len(share) for share in self._listeners.split(spikes)]
            cores = self._listeners.readers.values()
            found[:, tick] = [core.logits[0] for core in cores]
        self.rates = heard / (self.task.neurons * self.task.ticks)
        return found

    def results(self) -> dict[str, Any]:
        """What the run cost so far: the chip's counters."""
        return {counter.name.lower(): n for counter, n in self.device.counters().items()}


def relative_errors(outputs: Series, targets: Series) -> NDArray[np.float64]:
    """Mean squared error over the target's mean square, per layer: `(layers,)`."""
    errors: NDArray[np.float64] = ((outputs - targets) ** 2).mean(1) / (targets**2).mean(1)
    return errors


_NOBODY = np.empty(0, dtype=np.int32)
