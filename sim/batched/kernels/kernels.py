"""Ticks and learning in compiled code, on NumPy arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_range
from axonloop.models.config import ChipConfig
from axonloop.sim.batched.kernels import build as library
from axonloop.sim.batched.kernels.state import MAX_COPIES, State
from axonloop.sim.batched.kernels.tables import Chip, numbers, tables


class Kernels:
    """Ticks and learning of many copies of a chip, in place, in one thread.

    `arrays` are those of `new_arrays`; whoever owns them keeps them where they are. Learning of
    copies that share their weights adds up the products E x Pq of all copies and rounds once,
    with the first seed; a synapse is then visited if that sum is not 0, and all copies count it.
    """

    def __init__(
        self,
        config: ChipConfig,
        arrays: Mapping[str, NDArray[Any]],
        shared: bool,
        seeds: Sequence[int],
    ) -> None:
        self._code = library.load()
        self._arrays = dict(arrays)
        copies = len(arrays["current"])
        require_range("copies", copies, 1, MAX_COPIES)
        rows = arrays["weights"].shape[:2]
        self._arrays |= {
            "holes": np.zeros(rows, np.uint8),
            "gaps": np.zeros(rows, np.uint8),
            "extent": np.zeros((*rows, 2), np.int32),
            "seeds": np.zeros(rows[0], np.uint32),
        }
        for name, values in self._arrays.items():
            require(values.flags.c_contiguous, name, "contiguous", values.strides)
        pointers = {name: values.ctypes.data for name, values in self._arrays.items()}
        self._state = State(copies=copies, shared=shared, **pointers)
        self._copies = copies
        self.reseed(seeds)
        self.configure(config)

    def reseed(self, seeds: Sequence[int]) -> None:
        """Seeds of the rounding hash: one per weight memory."""
        self._arrays["seeds"][:] = seeds

    def configure(self, config: ChipConfig) -> None:
        """Take over registers and tables of a chip of the same geometry and mesh."""
        self._config, self._axons, self._neurons = config, config.axons, config.neurons
        self._tables = tables(config)
        pointers = {name: values.ctypes.data for name, values in self._tables.items()}
        self._chip = Chip(**numbers(config, self._tables), **pointers)
        self._both = ctypes.addressof(self._chip), ctypes.addressof(self._state)
        self.survey()

    def survey(self) -> None:
        """To be called whenever `weights` were written from outside."""
        self._code.axonloop_survey(*self._both)

    def run(
        self, time: int, ticks: int, given: NDArray[np.bool_] | None, learn: bool = False
    ) -> NDArray[np.bool_]:
        """Ticks `time`, `time` + 1, ... with the host's spikes, `(ticks, copies, axons)`.

        With `learn`, learning follows every tick. Returns the spikes reported,
        `(ticks, copies, neurons)`.
        """
        shape = (ticks, self._copies)
        reported = np.empty((*shape, self._neurons), bool)
        sent = None if given is None else _bools(given, (*shape, self._axons))
        address = None if sent is None else sent.ctypes.data
        self.run_at(time, ticks, learn, address, reported.ctypes.data)
        return reported

    def run_at(self, time: int, ticks: int, learn: bool, given: int | None, reported: int) -> None:
        """`run` on addresses of contiguous bytes of those shapes, unchecked."""
        self._code.axonloop_run(*self._both, time, ticks, learn, given, reported)

    def send_errors(self, values: NDArray[np.int32], ungated: bool) -> bool:
        """Error events, int32 `(copies, neurons)`, the sum of each neuron's.

        False, and nothing is done, if a value or a sum would leave its range.
        """
        values = np.ascontiguousarray(values, np.int32)
        shape = (self._copies, self._neurons)
        require(values.shape == shape, "values of error events", f"of shape {shape}", values.shape)
        return self.send_errors_at(values.ctypes.data, ungated)

    def send_errors_at(self, values: int, ungated: bool) -> bool:
        """`send_errors` from the address of contiguous values of that shape, unchecked."""
        bits = self._config.geometry.error_sum_bits
        return bool(self._code.axonloop_send_errors(*self._both, values, ungated, bits))

    def learn(self, time: int) -> None:
        """Learn, and forget the errors; `time` is the tick before."""
        self._code.axonloop_learn(*self._both, time)

    def integrate(self, time: int, spikes: NDArray[np.bool_]) -> NDArray[np.int32]:
        """Step 2 of a tick alone: ACC, int32 `(copies, neurons)`, from `(copies, axons)`."""
        spikes = _bools(spikes, (self._copies, self._axons))
        acc = np.empty((self._copies, self._neurons), np.int32)
        self._code.axonloop_integrate(*self._both, time, spikes.ctypes.data, acc.ctypes.data)
        return acc

    def neurons(self, acc: NDArray[np.int32]) -> None:
        """Step 3 alone, from ACC, int32 `(copies, neurons)`."""
        sums = np.ascontiguousarray(acc, np.int32)
        self._code.axonloop_neurons(*self._both, sums.ctypes.data)

    def traces(self, spikes: NDArray[np.bool_]) -> None:
        """Step 4 alone, from the axons' spikes, `(copies, axons)`."""
        spikes = _bools(spikes, (self._copies, self._axons))
        self._code.axonloop_traces(*self._both, spikes.ctypes.data)


def _bools(values: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    if values.dtype != np.bool_ or values.shape != shape:
        require(False, "spikes", f"of dtype bool and shape {shape}", (values.dtype, values.shape))
    return values if values.flags.c_contiguous else np.ascontiguousarray(values)
