"""Which arithmetic is exact for a sum of integers, and whether torch is set to do it."""

from __future__ import annotations

from enum import StrEnum

import torch

from axonloop.models.checks import require

EXACT = {torch.float32: 1 << 24, torch.float64: 1 << 53, torch.int32: 1 << 31}
"""Whole numbers of a smaller magnitude, and their sums, are exact."""


class Arithmetic(StrEnum):
    """How sums over axons are made; AUTO takes the fastest that is exact.

    COMPILED is not about sums alone: all of a tick and of learning run in compiled code, on a CPU
    with a C++ compiler.
    """

    AUTO = "auto"
    COMPILED = "compiled"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    INTEGER = "integer"


_DTYPES = {
    Arithmetic.COMPILED: torch.int32,
    Arithmetic.FLOAT32: torch.float32,
    Arithmetic.FLOAT64: torch.float64,
    Arithmetic.INTEGER: torch.int32,
}


def choose(arithmetic: str, largest: int, device: torch.device) -> torch.dtype:
    """The dtype for sums of magnitude up to `largest`; ValueError if it would not be exact.

    INTEGER is for the CPU alone: torch multiplies no integer matrices on a GPU.
    """
    names = [entry.value for entry in Arithmetic]
    require(arithmetic in names, "arithmetic", f"one of {', '.join(names)}", arithmetic)
    if arithmetic == Arithmetic.AUTO:
        return torch.float32 if largest < EXACT[torch.float32] else torch.float64
    dtype = _DTYPES[Arithmetic(arithmetic)]
    on_cpu = device.type == "cpu" or dtype is not torch.int32
    require(on_cpu, "device for integer arithmetic", "the CPU", str(device))
    exact = f"wider than {arithmetic} where sums reach {largest}"
    require(largest < EXACT[dtype], "arithmetic", exact, arithmetic)
    return dtype


def require_exact(device: torch.device) -> None:
    """RuntimeError while torch may round the factors of a float32 product (TF32, bfloat16)."""
    precision = torch.get_float32_matmul_precision()
    if precision != "highest":
        raise RuntimeError(f"float32 matmul precision must be 'highest', not {precision!r}")
    if torch.is_autocast_enabled(device.type):
        raise RuntimeError(f"autocast on {device.type} must be off around a batched chip, not on")
