"""The memory that a batched chip takes, and how much there is."""

from __future__ import annotations

from pathlib import Path

import torch

from axonloop.models.config import ChipConfig
from axonloop.models.protocol import Counter
from axonloop.sim.batched.tensors import Arithmetic, blocks_of, choose, largest_sum, weight_dtype

NEURON_BYTES = 6 * 4 + 5
"""Per neuron and copy: I, V, R, countdown, error sums (int32); box, spike, tallies (a byte)."""
AXON_BYTES = 3 * 4 + 5
"""Per axon and copy: Q, P, Pq (int32); tallies (a byte); a byte for every delay slot on top."""
TERM_BYTES = {"neuron": 4, "axon": 5}
"""What builds with terms take on top, per copy: Z; Qq and a byte of mark."""
SURVEY_BYTES = 10
"""Per row and weight memory: what compiled code knows of it."""
CORE_BYTES = 8 * (len(Counter) + 3)
"""Per core and copy: counters."""
COPY_BYTES = 4
"""Per copy: the modulation."""


def memory_bytes(
    chip: ChipConfig, copies: int, shared: bool, arithmetic: str = Arithmetic.AUTO
) -> tuple[int, int]:
    """Bytes of all weight memories, and of the state of a copy."""
    geometry, cores = chip.geometry, chip.mesh.cores
    addend = choose(arithmetic, largest_sum(chip), torch.device("cpu"))
    compiled = arithmetic == Arithmetic.COMPILED
    visited = 0 if compiled else sum(block.size for block in blocks_of(chip)[1])
    stored = chip.axons * geometry.neurons * weight_dtype(chip).itemsize
    extra = SURVEY_BYTES * chip.axons if compiled else visited * addend.itemsize
    weights = (stored + extra) * (1 if shared else copies)
    axon = AXON_BYTES + geometry.delay_slots
    state = NEURON_BYTES * chip.neurons + axon * chip.axons + CORE_BYTES * cores + COPY_BYTES
    if geometry.terms:
        state += TERM_BYTES["neuron"] * chip.neurons + TERM_BYTES["axon"] * chip.axons
    return weights, state


def free_memory(device: torch.device) -> int:
    """Bytes that can still be had on a device."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
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
    """What to say where `copies` do not fit into `free` bytes."""
    weights, state = memory_bytes(chip, 1, shared, arithmetic)
    formula = f"{weights} + copies x {state}" if shared else f"copies x ({weights} + {state})"
    most = fitting_copies(chip, shared, free, arithmetic)
    return (
        f"copies must be at most {most} in {free} free bytes (weights and state take {formula}), "
        f"not {copies}"
    )
