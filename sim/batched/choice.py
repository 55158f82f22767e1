"""The choice of the engine that computes a batched chip."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cache

import torch

from axonloop.models.checks import require
from axonloop.models.config import ChipConfig
from axonloop.sim.batched.engine import Engine
from axonloop.sim.batched.kernels import MAX_COPIES, CompiledEngine
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.batched.tensors import Arithmetic, TensorEngine


class SlowEmulatorWarning(UserWarning):
    """The batched emulator runs without compiled code, 50 to 300 times slower."""


def resolve(arithmetic: str, device: torch.device, copies: int) -> str:
    """COMPILED instead of AUTO where that will do; `arithmetic` as it is otherwise.

    Raises MissingToolError or BuildError if COMPILED was asked for and cannot be had. Warns once
    if only a missing library stands against it.
    """
    if arithmetic == Arithmetic.COMPILED:
        require(device.type == "cpu", "device for compiled arithmetic", "the CPU", str(device))
        library.load()
    if arithmetic == Arithmetic.AUTO and device.type == "cpu" and copies <= MAX_COPIES:
        reason = library.missing()
        if not reason:
            return Arithmetic.COMPILED
        warn_slow(reason)
    return arithmetic


@cache
def warn_slow(reason: str) -> None:
    """Say, once for each reason, that torch stands in for compiled code."""
    message = f"batched chips run in torch, 50 to 300 times slower than compiled: {reason}"
    warnings.warn(message, SlowEmulatorWarning, stacklevel=4)


def open_engine(
    chip: ChipConfig,
    copies: int,
    shared: bool,
    seeds: Sequence[int],
    device: torch.device,
    arithmetic: str,
) -> Engine:
    """An engine for `copies` chips; `arithmetic` as `resolve` returns it."""
    if arithmetic == Arithmetic.COMPILED:
        return CompiledEngine(chip, copies, shared, seeds)
    return TensorEngine(chip, copies, shared, seeds, device, arithmetic)
