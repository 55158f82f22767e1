"""Local learning in float: the chip's rule without integers, events or order of samples.

The float twin of the network runs a batch; at every tick after the burn-in the readout's loss has a
gradient, and a weight hears the product of neuron, box and trace (Kaiser et al. 2020, equation 7):

    dL/dW_ji = sum over ticks and samples of  d_i B_i P_j         d = F^T dL/dlogits

Readout, boxes and traces are those of the settings. Adam takes the steps, halved per cosine.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from axonloop.host.configuration import Settings
from axonloop.host.console import Progress
from axonloop.host.data import SCORING, TRAINING, Digits, Part
from axonloop.host.processing import one_thread
from axonloop.host.training.descent import descend, silent
from axonloop.host.training.from_settings import encoder_of, layers_of, program_of
from axonloop.host.training.inputs import parts_of, rasters
from axonloop.host.training.task import shuffled
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE, ResetMode
from axonloop.sim.surrogate import FLOAT, SurrogateChip

BATCH = 100


class LocalTrainer:
    """Trains one layer with its own readout; `chip` is the float twin and holds the weights."""

    def __init__(self, settings: Settings, digits: Digits, rate: float) -> None:
        layers = settings.network.layers
        require(len(layers) == 1, "layers", "a single one", layers)
        learned = settings.objective.readout_rate
        require(learned == 0, "readout_rate", "0 for a readout that is fixed", learned)
        self.settings, self.rate = settings, rate
        self.program = program_of(settings)
        self.chip = SurrogateChip(self.program.config, self.program.weights, exact=False)
        self.train, self.test = parts_of(settings, digits)
        ((name, reader),) = layers_of([settings], [self.program]).readers.items()
        self._neurons = torch.tensor(self.program.neurons[name].astype(np.int64))
        self._readout = torch.tensor(reader.readout.weights[0].T, dtype=FLOAT)
        self._feedback = torch.tensor(reader.path.feedback[0], dtype=FLOAT)
        self._encoder = encoder_of(settings)

    def run(self, epochs: int, progress: Progress = silent) -> None:
        """Train; `progress` is told of every epoch."""
        samples, seed = len(self.train), self.settings.run.seed
        rounds = (
            [
                (epoch, places)
                for places in np.split(shuffled(samples, seed, epoch), range(BATCH, samples, BATCH))
            ]
            for epoch in range(epochs)
        )
        adam = torch.optim.Adam([self.chip.weights], self.rate)
        descend(adam, rounds, epochs, self._take, progress)

    def _take(self, batch: tuple[int, NDArray[np.int64]]) -> None:
        """The gradient of an epoch's batch as that of the weights."""
        epoch, places = batch
        self.chip.weights.grad = self.gradient(self.train.at(places), TRAINING, epoch)

    def raster(self, part: Part, *purpose: int) -> Tensor:
        """Input spikes `(ticks, samples, axons)`."""
        seed = self.settings.run.seed
        return torch.from_numpy(rasters(self.program, self._encoder, part, seed, *purpose)).to(
            FLOAT
        )

    @one_thread()
    @torch.no_grad()
    def gradient(self, part: Part, *purpose: int) -> Tensor:
        """The sum over a batch, of the weights' shape."""
        raster = self.raster(part, *purpose)
        spikes, box = self._forward(raster)
        labels = torch.nn.functional.one_hot(
            torch.tensor(part.labels, dtype=torch.int64), self.settings.task.classes
        )
        start = self.settings.objective.burn_in
        wrong = (self._logits(spikes).softmax(2) - labels)[start:]
        errors = torch.zeros_like(box)
        errors[start:] = (wrong @ self._feedback) * box[start:]
        gradient = torch.zeros_like(self.chip.weights)
        flat = self._traces(raster).flatten(0, 1).T @ errors.flatten(0, 1)
        gradient[:, self._neurons] = flat
        return gradient * self.chip.synapses

    def _forward(self, raster: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and boxes of the layer, `(ticks, samples, neurons)`."""
        chip, own = self.chip, self.settings.network.parameters
        if own.reset_mode == ResetMode.NONE and own.rho == own.refractory == 0:
            return self._linear(raster)
        state, weights = chip.clear_state(raster.shape[1]), chip.used_weights()
        spikes, box = [], []
        for arriving in raster.unbind():
            old, state = state, chip.step(arriving, state, weights)
            drive = old.membrane * own.alpha_n / DECAY_ONE + state.current / 2**own.i_shift
            above = drive - old.reset - own.theta
            spikes.append(state.spike[:, self._neurons])
            box.append((above.abs() < own.box)[:, self._neurons])
        return torch.stack(spikes), torch.stack(box).to(FLOAT)

    def _linear(self, raster: Tensor) -> tuple[Tensor, Tensor]:
        """The same where spikes change nothing in their neuron: all ticks at once."""
        own = self.settings.network.parameters
        current = _filtered(raster + self.chip.always_on, own.beta_n / DECAY_ONE)
        potential = _filtered(current * 2.0 ** (own.w_exp - own.i_shift), own.alpha_n / DECAY_ONE)
        above = (potential @ self.chip.used_weights())[:, :, self._neurons] - own.theta
        return (above >= 0).to(FLOAT), (above.abs() < own.box).to(FLOAT)

    def _logits(self, spikes: Tensor) -> Tensor:
        kept = self.settings.objective.readout_leak / DECAY_ONE
        return _filtered(spikes @ self._readout, kept) * self.settings.objective.logit_scale

    def _traces(self, raster: Tensor) -> Tensor:
        own = self.settings.network.parameters
        current = _filtered(raster * own.q_inc, own.beta_p / DECAY_ONE)
        trace = _filtered(current / 2**own.p_shift, own.alpha_p / DECAY_ONE)
        return torch.where(self.chip.always_on > 0, float(own.pq_on << own.pq_shift), trace)

    @one_thread()
    @torch.no_grad()
    def accuracy(self, part: Part) -> float:
        """Share of a part read correctly by the votes after the burn-in, in 0..1."""
        spikes, _ = self._forward(self.raster(part, SCORING))
        votes = spikes[self.settings.objective.burn_in :].sum(0) @ self._readout
        right = votes.argmax(1).numpy() == part.labels
        return float(right.mean())


def _filtered(values: Tensor, kept: float) -> Tensor:
    """y' = kept y + x along the first axis."""
    level, found = torch.zeros_like(values[0]), []
    for value in values.unbind():
        level = kept * level + value
        found.append(level)
    return torch.stack(found)
