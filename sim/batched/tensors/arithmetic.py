"""The arithmetic that is exact for a sum of integers, and the settings of torch that spoil it."""

from __future__ import annotations

from enum import StrEnum

import torch

from axonloop.models.checks import require

EXACT = {torch.float32: 1 << 24, torch.float64: 1 << 53}
"""Whole numbers of a magnitude below this, and their sums below it, are exact in the dtype."""


class Arithmetic(StrEnum):
    """The arithmetic of sums over axons; AUTO takes the fastest that is exact.

    COMPILED is not about sums alone: all of a tick and of learning run in compiled code, on a CPU
    with a C++ compiler.
    """

    AUTO = "auto"
    COMPILED = "compiled"
    FLOAT32 = "float32"
    FLOAT64 = "float64"


def choose(arithmetic: str, largest: int) -> torch.dtype:
    """The dtype of torch for sums of magnitude up to `largest`.

    COMPILED counts as AUTO. ValueError for an arithmetic that is not known, or not exact.
    """
    names = [entry.value for entry in Arithmetic]
    require(arithmetic in names, "arithmetic", f"one of {', '.join(names)}", arithmetic)
    if arithmetic in (Arithmetic.AUTO, Arithmetic.COMPILED):
        return torch.float32 if largest < EXACT[torch.float32] else torch.float64
    dtype = torch.float32 if arithmetic == Arithmetic.FLOAT32 else torch.float64
    exact = f"wider than {arithmetic} where sums reach {largest}"
    require(largest < EXACT[dtype], "arithmetic", exact, arithmetic)
    return dtype


def chooses(device: torch.device) -> bool:
    """Is work chosen by the data: the rows that spike, the neurons in error?

    On a GPU the host would wait for the device to say how many they are; there all is computed,
    which comes to the same, since what is 0 changes nothing.
    """
    return device.type == "cpu"


def require_exact(device: torch.device) -> None:
    """RuntimeError while torch may round the factors of a float32 product (TF32, bfloat16)."""
    precision = torch.get_float32_matmul_precision()
    if precision != "highest":
        raise RuntimeError(f"float32 matmul precision must be 'highest', not {precision!r}")
    if torch.is_autocast_enabled(device.type):
        raise RuntimeError(f"autocast on {device.type} must be off around a batched chip, not on")
