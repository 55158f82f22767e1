"""The processing core: spikes in, a loss and its gradient in torch, error events out.

    readout    y'_c = decay(y_c, leak) + (sum of G_ci over neurons i that spiked) << 8
    logits     l_c = scale y_c / 2^8
    gradient   g_c = dL/dl_c, as autograd has it, rounded to a grid of 2^-12
    error      d_i = sum over c of F_ci g_c, then an error encoder

A readout that learns starts at 0 and counts in steps of 2^-12. Behind the last tick of a sample,

    G_ci -= rate n_i (sum of g_c)     rounded to the nearest step; F follows

with the spikes n_i of neuron i behind the burn-in. All but the loss is whole numbers with exact
sums, so every device gets the same events. Readout and feedback hold them in float64, for speed:
every number in between stays below 2^53. A core serves one chip or many copies of it in step, each
with a readout of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from axonloop.host.processing.error_encoders import ErrorEncoder, Integers
from axonloop.host.processing.objective import Flags
from axonloop.models.checks import require, require_range
from axonloop.models.config import DECAY_ONE

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""The logits of a chip, float64 `(classes,)`, and its target into a scalar."""
CROSS_ENTROPY: Loss = torch.nn.functional.cross_entropy

READOUT_SHIFT = 8
"""Bits behind the point of the readout."""
GRADIENT_ONE = 1 << 12
"""Steps of the gradient's grid in 1."""
READOUT_ONE = 1 << 12
"""Steps of a readout that learns in 1."""
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
    """Which feedback matrix takes the gradient to the neurons."""

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
    """Constants of the readout: `leak` in 1/4096 per tick, `scale` of the logits.

    `weights`: int `(classes, neurons)`, or `(copies, classes, neurons)`.
    """

    weights: Integers
    leak: int
    scale: float

    def __post_init__(self) -> None:
        shape = self.weights.shape
        require(
            len(shape) in (2, 3), "readout", "of shape (classes, neurons), or copies of it", shape
        )
        require_range("leak", self.leak, 0, DECAY_ONE)
        require(0 < self.scale < np.inf, "scale of the logits", "finite and above 0", self.scale)


def _copies_of(matrix: Integers) -> Integers:
    """A matrix of a lone chip, or of every copy, as `(copies, rows, columns)`."""
    return matrix.reshape(-1, *matrix.shape[-2:])


class ErrorPath:
    """The path of errors to a population: a feedback matrix and an encoder.

    `feedback`: int `(classes, neurons)` or `(copies, classes, neurons)`, in steps of 1 / `unit`.
    """

    def __init__(self, feedback: Integers, encoder: ErrorEncoder, unit: int = 1) -> None:
        good = feedback.ndim in (2, 3)
        require(good, "feedback", "of shape (classes, neurons), or copies of it", feedback.shape)
        copies, _, neurons = _copies_of(feedback).shape
        require(encoder.neurons == neurons, "error encoder", f"for {neurons} neurons", encoder)
        require(encoder.copies == copies, "error encoder", f"for {copies} copies", encoder.copies)
        self.encoder, self._unit = encoder, unit
        self.follow(feedback)

    def follow(self, feedback: Integers) -> None:
        """Take another feedback matrix, of the same shape."""
        self.feedback = _copies_of(feedback)
        _require_exact("feedback weights of a neuron", self.feedback, axis=1)
        self._forth = self.feedback.astype(np.float64)

    def step(self, gradient: Exact | None, kept: Flags | None = None) -> Integers | None:
        """Take the gradient of a tick, `(copies, classes)`, if there is one; the errors of it.

        Errors are int64 `(copies, neurons)`, of the neurons that are `kept` alone.
        """
        if gradient is None:
            return None
        exact = (gradient[:, None] @ self._forth)[:, 0]
        errors = (np.rint(exact / self._unit) if self._unit > 1 else exact).astype(np.int64)
        return self.encoder.encode(errors if kept is None else errors * kept)

    def state(self) -> dict[str, Any]:
        """The encoder's state, for `restore`."""
        return {f"encoder_{k}": v for k, v in self.encoder.state().items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned."""
        mark = "encoder_"
        inner = {k.removeprefix(mark): v for k, v in state.items() if k.startswith(mark)}
        self.encoder.restore(inner)


@dataclass(frozen=True)
class ReadoutLearning:
    """A readout that learns behind each sample of `ticks` ticks; `rate` above 0, in 1 / spikes."""

    rate: float
    ticks: int

    def __post_init__(self) -> None:
        require(0 < self.rate <= 1, "learning rate of the readout", "in 0..1, above 0", self.rate)
        require_range("ticks of a sample", self.ticks, 1, 2**31)

    def learned(self, weights: Integers, gradient: Exact, counts: Integers) -> Integers:
        """The weights behind a sample, `(copies, classes, neurons)`.

        `gradient`: the sum of the sample's, `(copies, classes)`; `counts`: the spikes of neurons,
        `(copies, neurons)`. Magnitudes stay where sums of them are exact.
        """
        change = np.rint((gradient[:, :, None] * counts[:, None]) * self.rate)
        most = (EXACT_SUM - 1) // max(weights.shape[1:])
        return np.clip(weights - change, -most, most).astype(np.int64)


class ProcessingCore:
    """Turns the spikes of each tick into the error events that they make.

    `begin` a sample, then call `step` once per tick. Errors are made in every `every`-th tick
    behind `burn_in` ticks. A target is what the loss gets as its second argument; with `per_tick`
    it is a series, of which the loss gets this tick's entry. With `learning` the readout learns;
    readout and feedback are then all 0 in the beginning. `heard` is the gradient of the last
    tick, `(copies, classes)`, None where there was none; `loss_seconds` the time spent in the loss
    and its gradient.
    """

    def __init__(
        self,
        readout: Readout,
        feedback: Integers,
        encoder: ErrorEncoder,
        loss: Loss = CROSS_ENTROPY,
        burn_in: int = 0,
        per_tick: bool = False,
        every: int = 1,
        learning: ReadoutLearning | None = None,
    ) -> None:
        shape = readout.weights.shape
        require(feedback.shape == shape, "feedback", f"of shape {shape}", feedback.shape)
        require_range("burn-in", burn_in, 0, 1_000_000)
        require_range("every", every, 1, 1_000_000)
        self.readout, self.loss, self.burn_in, self.per_tick = readout, loss, burn_in, per_tick
        self.every, self.learning = every, learning
        one = 1 if learning is None else READOUT_ONE
        self.path = ErrorPath(feedback, encoder, one)
        self._read_by(weights := _copies_of(readout.weights))
        self._kept = readout.leak / DECAY_ONE
        self._unit = readout.scale / (one << READOUT_SHIFT)
        self._level = np.zeros(weights.shape[:2])
        self._targets = torch.zeros(len(weights), dtype=torch.int64)
        self._aims: torch.Tensor | None = None
        self._begun, self._age = False, 0
        self._sum, self._counts = np.zeros_like(self._level), np.zeros(0, dtype=np.int64)
        self.heard: Exact | None = None
        self.loss_seconds = 0.0

    def _read_by(self, weights: Integers) -> None:
        """Take the weights of the readout, `(copies, classes, neurons)`."""
        _require_exact("readout weights of a class", weights, axis=2)
        self.weights = weights
        self._columns = np.ascontiguousarray(weights.transpose(0, 2, 1), dtype=np.float64)

    @property
    def encoder(self) -> ErrorEncoder:
        """The error encoder."""
        return self.path.encoder

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample: a target for each copy."""
        copies = len(self._level)
        require(len(targets) == copies, "targets", f"one for each of {copies} chips", len(targets))
        self._targets = torch.stack([torch.as_tensor(target) for target in targets])
        self._aims = self._aims_of(self._targets)
        self._level[:] = 0
        self._begun, self._age = True, 0
        self._sum[:] = 0
        self._counts = np.zeros((copies, self.weights.shape[2]), dtype=np.int64)

    def step(self, spikes: Flags, kept: Flags | None = None) -> Integers | None:
        """Take the spikes of a tick, `(copies, neurons)`; the errors that they make.

        Of both only those of neurons that are `kept`, of the same shape; None: of all.
        Errors are int64 of the same shape; None where none are made. Raises ValueError before
        `begin`, and for a gradient that is not finite or too large.
        """
        require(self._begun, "sample", "begun before its first tick", "without a target")
        own = spikes if kept is None else spikes & kept
        self._listen(self._level, own)
        behind = self._age - self.burn_in
        self.heard = self.gradient() if behind >= 0 and behind % self.every == 0 else None
        self._age += 1
        errors = self.path.step(self.heard, kept)
        if self.learning is not None and behind >= 0:
            self._learn(self.learning, own)
        return errors

    def _learn(self, learning: ReadoutLearning, spikes: Flags) -> None:
        """Add a tick up; behind the last one the readout learns, and feedback follows."""
        self._counts += spikes
        if self.heard is not None:
            self._sum += self.heard
        if self._age == learning.ticks:
            weights = learning.learned(self.weights, self._sum, self._counts)
            self._read_by(weights)
            self.path.follow(weights)

    def _listen(self, level: Exact, spikes: Flags) -> None:
        """Move the readout's `level` on by a tick."""
        np.trunc(np.multiply(level, self._kept, out=level), out=level)
        level += self._votes(spikes) * (1 << READOUT_SHIFT)

    def _votes(self, counts: NDArray[Any]) -> Exact:
        """The readout of spike counts `(copies, neurons)`: `(copies, classes)`."""
        votes: Exact = (counts.astype(np.float64)[:, None] @ self._columns)[:, 0]
        return votes

    @property
    def logits(self) -> NDArray[np.float64]:
        """The logits as they stand, `(copies, classes)`."""
        return self._level * self._unit

    def outputs(self, raster: Flags) -> NDArray[np.float64]:
        """The logits after each tick of a sample, `(ticks, copies, classes)`.

        `raster` holds the sample's spikes, `(ticks, copies, neurons)`; nothing else is touched.
        """
        level, found = np.zeros_like(self._level), np.zeros((len(raster), *self._level.shape))
        for tick, spikes in enumerate(raster):
            self._listen(level, spikes)
            found[tick] = level * self._unit
        return found

    def squared_errors(self, raster: Flags, targets: Sequence[Any]) -> NDArray[np.float64]:
        """How far the outputs of a sample are from numbers, one for each copy: `(copies,)`.

        A target is `(classes,)`, and its answer the mean of the outputs after the burn-in; with
        `per_tick` it is `(ticks, classes)`, with an answer in every tick after the burn-in.
        """
        outputs, wanted = self.outputs(raster)[self.burn_in :], np.stack(list(targets), axis=-2)
        if self.per_tick:
            wanted = wanted[self.burn_in :]
        else:
            outputs = outputs.mean(0, keepdims=True)
        errors: NDArray[np.float64] = np.square(outputs - wanted).mean((0, 2))
        return errors

    def gradient(self) -> Exact:
        """dL/dlogits in steps of the grid, `(copies, classes)`; ValueError unless it is finite."""
        start = perf_counter()
        exact = self._gradient_at(torch.from_numpy(self.logits))
        self.loss_seconds += perf_counter() - start
        gradient = exact.numpy()
        if not _bounded(gradient):
            require(False, "gradient of the loss", f"finite and within +-{GRADIENT_MAX}", gradient)
        rounded: Exact = np.rint(gradient * GRADIENT_ONE)
        return rounded

    def _aims_of(self, targets: torch.Tensor) -> torch.Tensor | None:
        """The gradient of the cross-entropy of classes at the logarithms of their probabilities.

        It has a dimension of classes behind those of the targets; None for other losses or targets.
        """
        classes = self.weights.shape[1]
        of_classes = targets.dtype is torch.int64 and targets.ndim == 1 + self.per_tick
        known = of_classes and bool(((targets >= 0) & (targets < classes)).all())
        if self.loss is not CROSS_ENTROPY or not known:
            return None
        return -torch.nn.functional.one_hot(targets, classes).double()

    def _gradient_at(self, logits: torch.Tensor) -> torch.Tensor:
        """dL/dlogits: of the cross-entropy of classes by what autograd would call, without it."""
        if self._aims is not None:
            aims = self._aims[:, self._age] if self.per_tick else self._aims
            logarithms = torch.log_softmax(logits, 1)
            return torch._log_softmax_backward_data(aims, logarithms, 1, logits.dtype)
        logits.requires_grad_()
        (exact,) = torch.autograd.grad(self._loss_of(logits), logits)
        return exact

    def _loss_of(self, logits: torch.Tensor) -> torch.Tensor:
        """The sum of the copies' losses at this tick."""
        targets = self._targets[:, self._age] if self.per_tick else self._targets
        if self.loss is CROSS_ENTROPY and len(targets) > 1:
            return torch.nn.functional.cross_entropy(logits, targets, reduction="sum")
        losses = [self.loss(*each) for each in zip(logits, targets, strict=True)]
        for loss in losses:
            scalar = isinstance(loss, torch.Tensor) and loss.ndim == 0 and loss.requires_grad
            require(scalar, "loss", "a scalar torch tensor that depends on the logits", loss)
        return losses[0] if len(losses) == 1 else torch.stack(losses).sum()

    def votes(self, raster: Flags) -> Integers:
        """The readout's votes for each class after the burn-in, int64 `(copies, classes)`.

        `raster` holds the spikes of a sample, `(ticks, copies, neurons)`.
        """
        return self._votes(raster[self.burn_in :].sum(0)).astype(np.int64)

    def state(self) -> dict[str, Any]:
        """Encoder, readout and age: arrays and whole numbers, for `restore` between samples."""
        own = {} if self.learning is None else {"weights": self.weights.copy()}
        level = {"level": self._level.astype(np.int64), "age": self._age}
        return self.path.state() | level | own

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned; the sample's target is the caller's to set again."""
        level = np.array(state["level"], dtype=np.int64)
        require(level.shape == self._level.shape, "level", f"{self._level.shape}", level.shape)
        self.path.restore(state)
        if self.learning is not None:
            weights = np.array(state["weights"], dtype=np.int64)
            own = self.weights.shape
            require(
                weights.shape == own, "weights of the readout", f"of shape {own}", weights.shape
            )
            self._read_by(weights)
            self.path.follow(weights)
        self._level, self._age = level.astype(np.float64), int(state["age"])


def _bounded(gradient: Exact) -> bool:
    """Say whether all of a gradient is finite and within +-GRADIENT_MAX."""
    flat = gradient.ravel()
    if flat.dot(flat) <= GRADIENT_MAX:  # the usual case; False for NaN
        return True
    return bool((np.abs(gradient) <= GRADIENT_MAX).all())


def _require_exact(thing: str, weights: Integers, axis: int) -> None:
    most = int(np.abs(weights).sum(axis=axis).max(initial=0))
    require(most < EXACT_SUM, f"magnitudes of the {thing}", f"below {EXACT_SUM} in sum", most)
