"""Who computes a batched chip: torch or compiled kernels."""

from __future__ import annotations

import torch

from axonloop.models.checks import require
from axonloop.sim.batched.kernels import MAX_COPIES
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.batched.tensors import Arithmetic


def resolve(arithmetic: str, device: torch.device, copies: int) -> str:
    """COMPILED in place of AUTO where that will do; `arithmetic` as it is otherwise.

    Raises MissingToolError or BuildError if COMPILED was asked for and cannot be had.
    """
    if arithmetic == Arithmetic.COMPILED:
        require(device.type == "cpu", "device for compiled arithmetic", "the CPU", str(device))
        library.load()
    fits = device.type == "cpu" and copies <= MAX_COPIES
    if arithmetic == Arithmetic.AUTO and fits and library.available():
        return Arithmetic.COMPILED
    return arithmetic
