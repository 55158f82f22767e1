"""Whole chips in compiled code, many copies at once: C++, built and called from here.

docs/contract.md, sections 5, 8, 9 and 11. The code has the golden model's parts; tick.cpp joins
them.
"""

from axonloop.sim.batched.kernels.kernels import Kernels
from axonloop.sim.batched.kernels.state import MAX_COPIES, new_arrays

__all__ = ["MAX_COPIES", "Kernels", "new_arrays"]
