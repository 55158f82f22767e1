"""Local learning in float: the chip's rule without integers, events or order of samples.

The float twin of the network runs a batch; at every tick after the burn-in the readout's loss has a
gradient, and a weight hears the product of neuron, box and trace (Kaiser et al. 2020, equation 7):

    dL/dW_ji = sum over ticks and samples of  d_i B_i P_j         d = F^T dL/dlogits

Readout, boxes and traces are those of the settings. Adam takes the steps, halved per cosine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from axonloop.host.configuration import Settings
from axonloop.host.data import SCORING, SHUFFLING, TRAINING, Digits, Part, generator
from axonloop.host.training.from_settings import encoder_of, layers_of, program_of
from axonloop.host.training.inputs import parts_of, rasters
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE, ResetMode
from axonloop.sim.surrogate import FLOAT, SurrogateChip

BATCH = 100


class LocalTrainer:
    """Trains one layer with its own readout; `chip` is the float twin and holds the weights."""

    def __init__(self, settings: Settings, digits: Digits, rate: float) -> None:
        layers = settings.network.layers
        require(len(layers) == 1, "layers", "a single one", layers)
        torch.set_num_threads(1)
        self.settings, self.rate = settings, rate
        self.program = program_of(settings)
        self.chip = SurrogateChip(self.program.config, self.program.weights, exact=False)
        self.train, self.test = parts_of(settings, digits)
        ((name, reader),) = layers_of([settings], [self.program]).readers.items()
        self._neurons = torch.tensor(self.program.neurons[name].astype(np.int64))
        self._readout = torch.tensor(reader.readout.weights[0].T, dtype=FLOAT)
        self._feedback = torch.tensor(reader.path.feedback[0], dtype=FLOAT)
        self._encoder = encoder_of(settings)

    def run(self, epochs: int, progress: Callable[[str, int, int], None] = lambda *_: None) -> None:
        """Train; `progress` is told "descend", epochs done, and their number."""
        adam = torch.optim.Adam([self.chip.weights], self.rate)
        pace = torch.optim.lr_scheduler.CosineAnnealingLR(adam, max(1, epochs))
        for epoch in range(epochs):
            order = generator(self.settings.run.seed, SHUFFLING, epoch).permutation(len(self.train))
            for start in range(0, len(order), BATCH):
                part = self.train.at(order[start : start + BATCH])
                self.chip.weights.grad = self.gradient(part, TRAINING, epoch)
                adam.step()
            pace.step()
            progress("descend", epoch + 1, epochs)

    def raster(self, part: Part, *purpose: int) -> Tensor:
        """Input spikes `(ticks, samples, axons)`."""
        seed = self.settings.run.seed
        randoms = [generator(seed, *purpose, index) for index in part.indices.tolist()]
        return torch.from_numpy(rasters(self.program, self._encoder, part, randoms)).to(FLOAT)

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
