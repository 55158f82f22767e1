"""Memristors that are worn out: from then on the host holds them at the weight that they have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.arrays import Int32Array, ranged
from axonloop.models.checks import require


class Wear:
    """The writes of all memristors of some chips, and those that are stuck.

    Arrays are int32 or bool of one shape, that of the chips' weights. A memristor that had
    `endurance` writes (None: it bears any number) is worn, and keeps the weight that it has when
    `held` is first asked after that; what pulses do to it later is undone when `held` is next
    asked.
    """

    def __init__(self, shape: tuple[int, ...], endurance: float | None) -> None:
        self.endurance = endurance
        self.worn: NDArray[np.bool_] = np.zeros(shape, dtype=bool)
        self._kept: Int32Array = np.zeros(shape, dtype=np.int32)
        self._earlier: Int32Array = np.zeros(shape, dtype=np.int32)

    def writes(self, counted: Int32Array) -> Int32Array:
        """All writes: those that the chips `counted`, and those before they were opened."""
        return self._earlier + counted

    def held(self, counted: Int32Array, read: Callable[[], Int32Array]) -> Int32Array | None:
        """The weights with those of worn memristors put back; None where nothing has to be.

        `read` returns the chips' weights, and is called only if a memristor is worn.
        """
        if self.endurance is None:
            return None
        worn = self.worn | (self.writes(counted) >= self.endurance)
        if not worn.any():
            return None
        weights, new = read(), worn & ~self.worn
        self._kept[new], self.worn = weights[new], worn
        held: Int32Array = np.where(worn, self._kept, weights)
        return None if np.array_equal(held, weights) else held

    def state(self, counted: Int32Array) -> dict[str, Any]:
        """All that `restore` needs, as arrays."""
        return {"writes": self.writes(counted), "worn": self.worn.copy(), "kept": self._kept.copy()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken, on chips that count from 0; ValueError for others'."""
        shape, most = self.worn.shape, 2**31 - 1
        found = {
            "writes": ranged("writes of the checkpoint", state["writes"], 0, most),
            "worn": ranged("worn memristors", np.asarray(state["worn"], np.int64), 0, 1),
            "kept": ranged("weights of worn memristors", state["kept"], -most - 1, most),
        }
        for name, values in found.items():
            require(values.shape == shape, f"{name} of the checkpoint", f"of {shape}", values.shape)
        self._earlier = found["writes"].astype(np.int32)
        self.worn, self._kept = found["worn"].astype(bool), found["kept"].astype(np.int32)
