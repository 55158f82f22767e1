"""The processing core: spikes in, a loss and its gradient in torch, error events out.

    readout    y'_c = decay(y_c, leak) + (sum of G_ci over neurons i that spiked) << 8
    logits     l_c = scale y_c / 2^8
    gradient   g_c = dL/dl_c by autograd, rounded to a grid of 2^-12
    error      d_i = sum over c of F_ci g_c, then an error encoder

All but the loss is whole numbers with exact sums, so every device gets the same events. Readout
and feedback hold them in float64, for speed: every number in between stays below 2^53.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.processing.error_encoders import ErrorEncoder, Integers
from axonloop.models.arrays import Int32Array
from axonloop.models.checks import require, require_range
from axonloop.models.config import DECAY_ONE

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Logits, float64 `(classes,)`, and a target into a scalar."""

READOUT_SHIFT = 8
"""Bits behind the point of the readout."""
GRADIENT_ONE = 1 << 12
"""Steps of the gradient's grid in 1."""
GRADIENT_MAX = 1 << 20
"""Largest magnitude of a gradient that is taken."""
EXACT_SUM = 1 << 21
"""Magnitudes of weights that are added up stay below this, in sum.

Feedback adds gradients of up to 2^32 steps. A readout of sum S stays below 2^20 S with any leak
below 1, and is multiplied by less than 2^12; without leak it grows by 2^8 S at most per tick.
"""
Exact = NDArray[np.float64]
"""Whole numbers below 2^53 in magnitude."""


class Feedback(StrEnum):
    """How errors find their way back to the neurons."""

    SYMMETRIC = "symmetric"
    CONCORDANT = "sign-concordant"


def fixed_readout(classes: int, neurons: int, top: int, random: np.random.Generator) -> Integers:
    """A random readout that never learns: int64 `(classes, neurons)`, magnitudes 1..top."""
    require_range("largest readout weight", top, 1, 127)
    shape = (classes, neurons)
    signs = 2 * random.integers(0, 2, shape) - 1
    return np.asarray(signs * random.integers(1, top + 1, shape), dtype=np.int64)


def feedback_matrix(
    kind: str, readout: Integers, top: int, random: np.random.Generator
) -> Integers:
    """The matrix F, of the readout's shape: the readout, or its signs with magnitudes 1..top.

    Raises ValueError for anything else. Random signs are refused: a readout that is fixed cannot
    align with them, so nothing would be learned.
    """
    kinds = [entry.value for entry in Feedback]
    if kind == "random":
        raise ValueError(
            "feedback must be symmetric or sign-concordant while the readout is fixed, "
            "not 'random': a fixed readout cannot align with random signs"
        )
    require(kind in kinds, "feedback", f"one of {', '.join(kinds)}", kind)
    if kind == Feedback.SYMMETRIC:
        return readout.copy()
    magnitudes = random.integers(1, top + 1, readout.shape)
    return np.asarray(np.sign(readout) * magnitudes, dtype=np.int64)


@dataclass(frozen=True)
class Readout:
    """Constants of the readout: `leak` in 1/4096 per tick, `scale` of the logits."""

    weights: Integers
    leak: int
    scale: float

    def __post_init__(self) -> None:
        require(
            self.weights.ndim == 2, "readout", "of shape (classes, neurons)", self.weights.shape
        )
        require_range("leak", self.leak, 0, DECAY_ONE)
        require(0 < self.scale < np.inf, "scale of the logits", "finite and above 0", self.scale)


class ErrorPath:
    """The way of errors to a population: a feedback matrix and an encoder.

    `feedback`: int `(classes, neurons)`, not to be changed.
    """

    def __init__(self, feedback: Integers, encoder: ErrorEncoder) -> None:
        require(feedback.ndim == 2, "feedback", "of shape (classes, neurons)", feedback.shape)
        neurons = feedback.shape[1]
        require(encoder.neurons == neurons, "error encoder", f"for {neurons} neurons", encoder)
        _require_exact("feedback weights of a neuron", feedback, axis=0)
        self.feedback, self.encoder = feedback, encoder
        self._back = _rows(feedback.T)

    def step(self, gradient: Exact | None) -> tuple[Int32Array, Int32Array]:
        """Take the gradient of a tick, if there is one; neurons and values of its errors."""
        if gradient is None:
            return _NOBODY, _NOBODY
        errors = self.encoder.encode(self._back.dot(gradient).astype(np.int64))
        (neurons,) = errors.nonzero()
        return neurons.astype(np.int32), errors.take(neurons).astype(np.int32)

    def state(self) -> dict[str, Any]:
        """The encoder's state: arrays and whole numbers, for `restore`."""
        return {f"encoder_{k}": v for k, v in self.encoder.state().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        mark = "encoder_"
        inner = {k.removeprefix(mark): v for k, v in state.items() if k.startswith(mark)}
        self.encoder.restore(inner)


class ProcessingCore:
    """Turns the spikes of each tick into the error events that they make.

    `begin` a sample, then call `step` once per tick. Errors start after `burn_in` ticks. `heard`
    is the gradient of the last tick, None during the burn-in; `loss_seconds` the time spent in
    the loss and autograd.
    """

    def __init__(
        self,
        readout: Readout,
        feedback: Integers,
        encoder: ErrorEncoder,
        loss: Loss = torch.nn.functional.cross_entropy,
        burn_in: int = 0,
    ) -> None:
        shape = readout.weights.shape
        require(feedback.shape == shape, "feedback", f"of shape {shape}", feedback.shape)
        require_range("burn-in", burn_in, 0, 1_000_000)
        self.readout, self.loss, self.burn_in = readout, loss, burn_in
        self.path = ErrorPath(feedback, encoder)
        _require_exact("readout weights of a class", readout.weights, axis=1)
        self._columns = _rows(readout.weights.T << READOUT_SHIFT)
        self._kept = readout.leak / DECAY_ONE
        self._ones = np.ones(shape[1])
        self._level = np.zeros(shape[0])
        self._target = torch.tensor(0)
        self._age = 0
        self.heard: Exact | None = None
        self.loss_seconds = 0.0

    @property
    def encoder(self) -> ErrorEncoder:
        """The error encoder."""
        return self.path.encoder

    def begin(self, target: int | torch.Tensor) -> None:
        """Start a sample: `target` is what the loss gets as its second argument."""
        self._target = torch.as_tensor(target)
        self._level[:] = 0
        self._age = 0

    def step(self, spikes: Int32Array) -> tuple[Int32Array, Int32Array]:
        """Take the spikes of a tick; return neurons and values of the errors that they make."""
        self._listen(spikes)
        self.heard = self.gradient() if self._age >= self.burn_in else None
        self._age += 1
        return self.path.step(self.heard)

    def _listen(self, spikes: Int32Array) -> None:
        level = self._level
        np.trunc(np.multiply(level, self._kept, out=level), out=level)
        level += self._ones[: len(spikes)].dot(self._columns.take(spikes, axis=0))

    @property
    def logits(self) -> NDArray[np.float64]:
        """The logits as they stand, `(classes,)`."""
        return self._level * (self.readout.scale / (1 << READOUT_SHIFT))

    def gradient(self) -> Exact:
        """dL/dlogits in steps of the grid, `(classes,)`; ValueError unless it is finite."""
        start = perf_counter()
        logits = torch.from_numpy(self.logits).requires_grad_()
        (exact,) = torch.autograd.grad(self.loss(logits, self._target), logits)
        self.loss_seconds += perf_counter() - start
        gradient = exact.numpy()
        if not _bounded(gradient):
            require(False, "gradient of the loss", f"finite and within +-{GRADIENT_MAX}", gradient)
        rounded: Exact = np.rint(gradient * GRADIENT_ONE)
        return rounded

    def votes(self, trains: list[Int32Array]) -> Integers:
        """What the readout heard of each class after the burn-in, int64 `(classes,)`.

        `trains` holds the spikes of each tick of a sample.
        """
        late = np.concatenate([_NOBODY, *trains[self.burn_in :]])
        counts = np.bincount(late, minlength=self.encoder.neurons)
        votes: Integers = self.readout.weights @ counts
        return votes

    def state(self) -> dict[str, Any]:
        """Encoder, readout and errors in flight: arrays and whole numbers, for `restore`."""
        return self.path.state() | {"level": self._level.astype(np.int64), "age": self._age}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned; the sample's target is the caller's to set again."""
        level = np.array(state["level"], dtype=np.int64)
        require(level.shape == self._level.shape, "level", f"{self._level.shape}", level.shape)
        self.path.restore(state)
        self._level, self._age = level.astype(np.float64), int(state["age"])


def _bounded(gradient: Exact) -> bool:
    """Whether all of a gradient is finite and within +-GRADIENT_MAX."""
    if gradient.dot(gradient) <= GRADIENT_MAX:  # the usual case; False for NaN
        return True
    return bool((np.abs(gradient) <= GRADIENT_MAX).all())


def _require_exact(thing: str, weights: Integers, axis: int) -> None:
    most = int(np.abs(weights).sum(axis=axis).max(initial=0))
    require(most < EXACT_SUM, f"magnitudes of the {thing}", f"below {EXACT_SUM} in sum", most)


def _rows(weights: Integers) -> Exact:
    """A copy whose rows lie together."""
    return np.array(weights, dtype=np.float64, order="C")


_NOBODY = np.empty(0, dtype=np.int32)
