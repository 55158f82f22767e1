"""The memory that a batched chip takes, and how much there is."""

from __future__ import annotations

from pathlib import Path

import torch

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Counter, readable
from axonloop.sim.batched.arrays import dtype_of, values_of, weight_dtype
from axonloop.sim.batched.tensors import Arithmetic, blocks_of, choose, largest_sum

TALLY_BYTES = {"neuron": 3, "axon": 5}
"""Per copy: what torch keeps on top of the state, to count spikes, events and clipped words."""
SPAN_BYTES = 10
"""Per row and weight memory: where its synapses lie, for compiled code."""
SEED_BYTES = 8
"""Per weight memory: its seed, as torch keeps it."""
CORE_BYTES = 8 * (len(Counter) + 4)
"""Per core and copy: counters."""
COPY_BYTES = 4
"""Per copy: the modulation."""


def memory_bytes(
    chip: ChipConfig, copies: int, shared: bool, arithmetic: str = Arithmetic.AUTO
) -> tuple[int, int]:
    """Bytes of all weight memories, and of the state of a copy."""
    geometry, cores = chip.geometry, chip.mesh.cores
    addend = choose(arithmetic, largest_sum(chip))
    compiled = arithmetic == Arithmetic.COMPILED
    visited = 0 if compiled else sum(block.size for block in blocks_of(chip)[1])
    visited += sum(c.rows * c.out_channels for core in chip.cores for c in core.convolutions)
    stored = chip.weight_rows * geometry.weight_columns * weight_dtype(geometry).itemsize
    extra = SPAN_BYTES * chip.weight_rows if compiled else visited * addend.itemsize
    weights = (stored + extra + SEED_BYTES) * (1 if shared else copies)
    arrays = sum(
        dtype_of(region).itemsize * values_of(region, chip) for region in readable(geometry)
    )
    tallies = TALLY_BYTES["neuron"] * chip.neurons + TALLY_BYTES["axon"] * chip.axons
    return weights, arrays + tallies + CORE_BYTES * cores + COPY_BYTES


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on a device."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept  # what torch keeps, it gives again
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) << 10
    raise OSError("/proc/meminfo must tell MemAvailable, not leave it out")


def fitting_copies(
    chip: ChipConfig, shared: bool, free: int, arithmetic: str = Arithmetic.AUTO
) -> int:
    """The most copies whose weights and state fit into `free` bytes; 0 if none does."""
    weights, state = memory_bytes(chip, 1, shared, arithmetic)
    return max(0, (free - weights) // state) if shared else free // (weights + state)


def too_large(chip: ChipConfig, copies: int, shared: bool, free: int, arithmetic: str) -> str:
    """The refusal of `copies` that do not fit into `free` bytes."""
    weights, state = memory_bytes(chip, 1, shared, arithmetic)
    formula = f"{weights} + copies x {state}" if shared else f"copies x ({weights} + {state})"
    most = fitting_copies(chip, shared, free, arithmetic)
    return (
        f"copies must be at most {most} in {free} free bytes (weights and state take {formula}), "
        f"not {copies}"
    )
