"""The compiled chip as a Python object: words of packets in, words of packets out."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from axonloop.models.checks import require, require_range
from axonloop.sim.build import SimulationError

Words = NDArray[np.uint32]

DONE, FULL = 0, 1
FIRST_CAPACITY = 1 << 16


class _Exchange(ctypes.Structure):
    """The arguments and results of one call; see `driver.cpp`."""

    _fields_ = (
        ("commands", ctypes.c_void_p),
        ("command_count", ctypes.c_uint64),
        ("replies", ctypes.c_void_p),
        ("capacity", ctypes.c_uint64),
        ("expected", ctypes.c_uint64),
        ("patience", ctypes.c_uint64),
        ("settle", ctypes.c_uint64),
        ("consumed", ctypes.c_uint64),
        ("produced", ctypes.c_uint64),
    )


def _open(library: Path) -> ctypes.CDLL:
    try:
        code = ctypes.CDLL(str(library))
    except OSError as error:
        raise SimulationError(f"chip library must load, not fail: {error}") from error
    pointer = ctypes.c_void_p
    signatures = {
        "create": (pointer, [ctypes.c_uint64]),
        "destroy": (None, [pointer]),
        "exchange": (ctypes.c_int, [pointer, ctypes.POINTER(_Exchange)]),
        "pauses": (None, [pointer, ctypes.c_uint64, ctypes.c_uint32, ctypes.c_uint32]),
        "cycles": (ctypes.c_uint64, [pointer]),
        "record": (ctypes.c_int, [pointer, ctypes.c_char_p]),
        "stop_recording": (None, [pointer]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(code, f"axonloop_{name}")
        function.restype, function.argtypes = result, arguments
    return code


class RtlChip:
    """One simulated chip, reset; `library` comes from `verilate.build`.

    `seed` chooses the random contents of whatever the RTL leaves undefined. `patience` is the
    number of clock cycles without a word on either port after which the chip counts as hung.
    """

    def __init__(self, library: Path, seed: int = 0, patience: int = 1_000_000) -> None:
        require_range("seed", seed, 0, 2**64 - 1)
        self._code = _open(library)
        self._handle: int | None = self._code.axonloop_create(seed)
        self._replies = np.empty(FIRST_CAPACITY, np.uint32)
        self._call = _Exchange(patience=patience)
        self._reference = ctypes.byref(self._call)
        self._use_replies()

    def _use_replies(self) -> None:
        self._call.replies = self._replies.ctypes.data
        self._call.capacity = self._replies.size

    def exchange(self, words: Words, expected: int, settle: int = 0) -> Words:
        """Feed `words` and run until all are taken and `expected` answers came.

        An answer is the reply that a TICK or READ gets, once: TICK, a whole DATA packet, or a
        FAULT that refuses a TICK or READ. `settle` more cycles run after the last one, to hear
        what follows posted packets. Returns all words that the chip sent meanwhile, a copy.
        Raises SimulationError if the chip hangs; it is of no use then.
        """
        commands = np.ascontiguousarray(words, np.uint32)
        call = self._call
        call.commands, call.command_count = commands.ctypes.data, commands.size
        call.expected, call.settle = expected, settle
        call.consumed = call.produced = 0
        handle = self._open_handle()
        while status := self._code.axonloop_exchange(handle, self._reference):
            if status != FULL:
                raise SimulationError(self._hang(commands.size))
            self._replies = np.concatenate([self._replies, np.empty_like(self._replies)])
            self._use_replies()
        return self._replies[: call.produced].copy()

    def _hang(self, offered: int) -> str:
        call = self._call
        return (
            f"the chip must move a word within {call.patience} cycles, not hang: "
            f"{call.consumed} of {offered} command words taken, {call.produced} reply words sent, "
            f"{call.expected} answers missing"
        )

    def _open_handle(self) -> int:
        if self._handle is None:
            raise SimulationError("the chip must be open, not closed")
        return self._handle

    def pauses(self, seed: int, commands: int = 0, replies: int = 0) -> None:
        """Pause the ports at random: a chance of n / 256 per cycle, 0..255, for each port."""
        require_range("commands", commands, 0, 255)
        require_range("replies", replies, 0, 255)
        self._code.axonloop_pauses(self._open_handle(), seed, commands, replies)

    @property
    def cycles(self) -> int:
        """Clock cycles since reset."""
        return int(self._code.axonloop_cycles(self._open_handle()))

    def record(self, path: Path) -> None:
        """Start to write waveforms to a VCD file; needs a library built with `trace`."""
        opened = self._code.axonloop_record(self._open_handle(), str(path).encode())
        require(bool(opened), "waveforms", "written to a new file by a build with trace", str(path))

    def stop_recording(self) -> None:
        """Close the file of `record`."""
        self._code.axonloop_stop_recording(self._open_handle())

    def close(self) -> None:
        """Let go of the simulation; may be called twice."""
        if self._handle is not None:
            self._code.axonloop_destroy(self._handle)
            self._handle = None

    def __enter__(self) -> RtlChip:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
