"""The processing core in integers: in each copy a processing node of the contract, section 13."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from axonloop.host.processing.core import ProcessingCore, Readout
from axonloop.host.processing.error_encoders import ErrorCode, Integers, error_encoder
from axonloop.host.processing.objective import Flags
from axonloop.models.checks import require
from axonloop.models.config import DECAY_ONE, NodeEncoding
from axonloop.models.golden.processing import (
    LARGEST_LEVEL,
    MAX_SCALE,
    MAX_THRESHOLD,
    MAX_WANTED,
    STEPS_PER_NAT,
    TARGET_ONE,
    NodeConstants,
    NodeLoss,
    ProcessingNode,
    outputs,
)

ENCODINGS = {
    ErrorCode.DENSE: NodeEncoding.DENSE,
    ErrorCode.THRESHOLD: NodeEncoding.THRESHOLD,
    ErrorCode.SIGMA_DELTA: NodeEncoding.SIGMA_DELTA,
}
HEADROOM = 4
"""A level holds a share of what it would come to if the best neurons spiked in all ticks: 1/4."""
MOST_RISE, MOST_SHIFT = 8, 16


def node_constants(
    readout: Integers,
    feedback: Integers,
    *,
    of_classes: bool,
    leak: int,
    logit_scale: float,
    burn_in: int,
    errors: str,
    threshold: float,
    limit: int,
    event_rate: float | None,
) -> NodeConstants:
    """The node that comes closest to a processing core with these constants.

    `readout`, `feedback`: int `(classes, neurons)`; the rest is as in `[objective]`. Raises
    ValueError for what a node has no room for.
    """
    classes, neurons = readout.shape
    rise = _rise(readout, leak)
    unit = STEPS_PER_NAT if of_classes else TARGET_ONE
    scale, scale_shift = _scale(logit_scale * unit / (1 << rise))
    most = MAX_THRESHOLD // TARGET_ONE
    require(threshold <= most, "threshold", f"at most {most} with the loss integer", threshold)
    wanted = 0
    if event_rate is not None:
        wanted = min(max(1, round(event_rate * neurons * 16)), MAX_WANTED)
    return NodeConstants(
        readout,
        feedback,
        leak,
        rise,
        scale,
        scale_shift,
        loss=NodeLoss.CROSS_ENTROPY if of_classes else NodeLoss.MSE,
        gain=0 if of_classes else round(2**15 / classes),
        burn_in=burn_in,
        encoder=ENCODINGS[ErrorCode(errors)],
        threshold=max(1, round(threshold * TARGET_ONE)),
        limit=limit,
        wanted=wanted,
    )


def _rise(readout: Integers, leak: int) -> int:
    """The largest shift with which a level has room for any tick, and for HEADROOM."""
    tick = int(np.abs(readout).sum(axis=1).max())
    most = max(tick, tick * DECAY_ONE // max(1, DECAY_ONE - leak) // HEADROOM)
    fitting = [k for k in range(MOST_RISE + 1) if most << k <= LARGEST_LEVEL]
    return max(fitting, default=0)


def _scale(factor: float) -> tuple[int, int]:
    """A multiplier and a shift whose quotient is next to `factor`."""
    for shift in reversed(range(MOST_SHIFT + 1)):
        scale = round(factor * (1 << shift))
        if 1 <= scale <= MAX_SCALE:
            return scale, shift
    wanted = "such that a level's step is in 2^-16..65535 steps of the loss integer"
    raise ValueError(f"logit_scale must be {wanted}, not {factor!r} of them")


class IntegerCore(ProcessingCore):
    """A processing core that is a node of the contract in each copy, with `constants` of its own.

    Targets are classes, or numbers within +-8; all else is as in a `ProcessingCore`. `encoder` says
    how the nodes begin; what they have become is in `nodes`.
    """

    def __init__(self, constants: Sequence[NodeConstants], per_tick: bool = False) -> None:
        first = constants[0]
        code = next(code for code, kind in ENCODINGS.items() if kind == first.encoder)
        weights, feedback = (
            np.stack([np.asarray(getattr(each, name)) for each in constants])
            for name in ("readout", "feedback")
        )
        self.nodes = [ProcessingNode(each) for each in constants]
        self._of_classes = first.loss == NodeLoss.CROSS_ENTROPY
        unit = STEPS_PER_NAT if self._of_classes else TARGET_ONE
        self._step = first.scale / (1 << first.scale_shift) / unit
        super().__init__(
            Readout(weights, first.leak, self._step * (1 << first.rise)),
            feedback,
            error_encoder(
                code,
                first.neurons,
                [each.threshold for each in constants],
                [each.limit for each in constants],
            ),
            burn_in=first.burn_in,
            per_tick=per_tick,
        )

    def begin(self, targets: Sequence[Any]) -> None:
        """Start a sample: a target for each copy; ValueError for numbers beyond +-8."""
        copies = len(self.nodes)
        require(len(targets) == copies, "targets", f"one for each of {copies} chips", len(targets))
        for node, target in zip(self.nodes, targets, strict=True):
            node.begin(self.target_of(target))
        self._begun, self._age = True, 0

    def target_of(self, target: Any) -> int | Integers:
        """A target as a node takes it."""
        return int(target) if self._of_classes else _numbers(target)

    def step(self, spikes: Flags, kept: Flags | None = None) -> Integers | None:
        """Take the spikes of a tick, `(copies, neurons)`; the errors that they make, as many.

        Raises ValueError before `begin`, and for neurons that are left out: a node hears all.
        """
        require(kept is None, "kept", "None: a node hears all neurons", kept)
        require(self._begun, "sample", "begun before its first tick", "without a target")
        start = perf_counter()
        errors = np.stack([node.step(own) for node, own in zip(self.nodes, spikes, strict=True)])
        self.loss_seconds += perf_counter() - start
        learns = self._age >= self.burn_in
        self.heard, self._age = self.gradient() if learns else None, self._age + 1
        return errors if learns else None

    def gradient(self) -> NDArray[np.float64]:
        """The gradient of the last tick behind the burn-in, `(copies, classes)`."""
        return np.stack([node.gradient for node in self.nodes]).astype(np.float64)

    @property
    def logits(self) -> NDArray[np.float64]:
        """The logits as they stand, `(copies, classes)`."""
        return np.stack([self._outputs_of(node, node.level) for node in self.nodes])

    def outputs(self, raster: Flags) -> NDArray[np.float64]:
        """The logits after each tick of a sample, `(ticks, copies, classes)`.

        `raster` holds the sample's spikes, `(ticks, copies, neurons)`; nothing else is touched.
        """
        found = np.zeros((len(raster), len(self.nodes), self.nodes[0].constants.classes))
        for copy, node in enumerate(self.nodes):
            level = np.zeros_like(node.level)
            for tick, spikes in enumerate(raster[:, copy]):
                level, _, _ = node.listen(level, spikes)
                found[tick, copy] = self._outputs_of(node, level)
        return found

    def _outputs_of(self, node: ProcessingNode, level: Integers) -> NDArray[np.float64]:
        """The logits, or as outputs the numbers that a node compares with its targets."""
        steps = level if self._of_classes else outputs(level, node.constants)[0]
        unit = self._step if self._of_classes else 1 / TARGET_ONE
        return np.multiply(steps, unit, dtype=np.float64)

    def state(self) -> dict[str, Any]:
        """All state of the nodes, copy by copy, for `restore`."""
        states = [node.state() for node in self.nodes]
        return {name: np.stack([each[name] for each in states]) for name in states[0]}

    def restore(self, state: dict[str, Any]) -> None:
        """Put back what `state` returned; the sample's target is the caller's to set again."""
        for copy, node in enumerate(self.nodes):
            node.restore({name: np.asarray(state[name])[copy] for name in node.state()})
        self._age = self.nodes[0].age


def _numbers(target: ArrayLike) -> Integers:
    """A target in steps of the node."""
    exact = np.asarray(target, dtype=np.float64)
    good = bool((np.abs(exact) * TARGET_ONE <= LARGEST_LEVEL).all())
    most = LARGEST_LEVEL / TARGET_ONE
    require(good, "targets of the loss integer", f"within +-{most:.4f}", float(np.abs(exact).max()))
    return np.rint(exact * TARGET_ONE).astype(np.int64)
