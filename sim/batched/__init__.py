"""Many chips at once in torch, bit for bit those of docs/contract.md (docs/batched.md)."""

from axonloop.sim.batched.chip import BatchedChip
from axonloop.sim.batched.inference import infer

__all__ = ["BatchedChip", "infer"]
