"""Error encoders and processing cores of many chips at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.processing import (
    GRADIENT_MAX,
    GRADIENT_ONE,
    READOUT_SHIFT,
    Controller,
    DenseEncoder,
    ErrorEncoder,
    Integers,
    ProcessingCore,
    SigmaDeltaEncoder,
    rounded_steps,
    whole_steps,
)
from axonloop.host.training.from_settings import CROSS_ENTROPY
from axonloop.host.training.inputs import Raster
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE


class ErrorBank:
    """The error encoders of all copies, in step: int64 `(copies, neurons)` in and out."""

    def __init__(self, encoders: Sequence[ErrorEncoder]) -> None:
        inner = [e.encoder if isinstance(e, Controller) else e for e in encoders]
        self._controllers = [(b, e) for b, e in enumerate(encoders) if isinstance(e, Controller)]
        self._code = rounded_steps if isinstance(inner[0], DenseEncoder) else whole_steps
        self._keeps = isinstance(inner[0], SigmaDeltaEncoder)
        self._limit = np.array([[encoder.limit] for encoder in encoders])
        self._threshold = np.array([[encoder.threshold] for encoder in encoders])
        self._residue = np.zeros((len(encoders), encoders[0].neurons), dtype=np.int64)

    def encode(self, gradient: Integers) -> Integers:
        """The error values of this tick."""
        total = gradient + self._residue if self._keeps else gradient
        errors = self._code(total, self._threshold, self._limit)
        if self._keeps:
            self._residue = total - errors * self._threshold
        if self._controllers:
            events = np.count_nonzero(errors, axis=1).tolist()
            for b, controller in self._controllers:
                controller.hear(events[b])
                self._threshold[b] = controller.threshold
        return errors


class CoreBank:
    """The processing cores of one layer in all copies, with the cross-entropy as their loss."""

    def __init__(self, cores: Sequence[ProcessingCore]) -> None:
        first = cores[0]
        self._bank = ErrorBank([core.encoder for core in cores])
        readouts = np.stack([core.readout.weights for core in cores])
        self._readout = readouts.transpose(0, 2, 1).astype(np.float64)
        self._feedback = np.stack([core.path.feedback for core in cores]).astype(np.float64)
        self._kept = first.readout.leak / DECAY_ONE
        self._scale = first.readout.scale / (1 << READOUT_SHIFT)
        self._burn_in = first.burn_in
        self.begin(np.zeros(len(cores), dtype=np.int64))

    def begin(self, labels: NDArray[Any]) -> None:
        """Start a sample in every copy: labels, `(copies,)`."""
        self._labels = torch.from_numpy(labels.astype(np.int64))
        self._level = np.zeros((len(labels), self._readout.shape[2]))
        self._age = 0

    def step(self, spikes: NDArray[np.bool_]) -> Integers | None:
        """Take the spikes of a tick, `(copies, neurons)`; the errors to send, None if it is early.

        Raises ValueError for a gradient that is not finite, or too large.
        """
        heard = self._votes(spikes) * (1 << READOUT_SHIFT)
        self._level = np.trunc(self._level * self._kept) + heard
        self._age += 1
        if self._age <= self._burn_in:
            return None
        back = self._gradient()[:, None] @ self._feedback
        return self._bank.encode(back[:, 0].astype(np.int64))

    def _votes(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        votes: NDArray[np.float64] = (counts.astype(np.float64)[:, None] @ self._readout)[:, 0]
        return votes

    def _gradient(self) -> NDArray[np.float64]:
        logits = torch.from_numpy(self._level * self._scale).requires_grad_()
        loss = CROSS_ENTROPY(logits, self._labels, reduction="sum")
        gradient = torch.autograd.grad(loss, logits)[0].numpy()
        good = bool((np.abs(gradient) <= GRADIENT_MAX).all())
        require(good, "gradient of the loss", f"finite and within +-{GRADIENT_MAX}", gradient)
        rounded: NDArray[np.float64] = np.rint(gradient * GRADIENT_ONE)
        return rounded

    def answers(self, raster: Raster) -> NDArray[np.int64]:
        """The class with most votes after the burn-in in every copy, from `(ticks, copies, n)`."""
        answers: NDArray[np.int64] = self._votes(raster[self._burn_in :].sum(0)).argmax(1)
        return answers
