"""A pipe between a simulator that writes VCD and the file of a waveform.

A small C++ library takes the VCD apart, in a thread of its own, while the simulator runs.
"""

from __future__ import annotations

import ctypes
import errno
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from axonloop.sim.build import (
    STANDARD,
    SimulationError,
    content_key,
    entry,
    find_compiler,
    run_tool,
)
from axonloop.sim.waves.outputs import OUTPUTS, Output
from axonloop.sim.waves.signals import Signal

_SOURCE = Path(__file__).with_name("converter.cpp")
_FLAGS = (STANDARD, "-O2", "-fPIC", "-shared")
_UNWRITTEN = 3


class _Conversion(ctypes.Structure):
    """The arguments and results of a call; see `converter.cpp`."""

    _fields_ = (
        ("input", ctypes.c_int),
        ("output", ctypes.c_int),
        ("handles", ctypes.c_void_p),
        ("bits", ctypes.c_void_p),
        ("codes", ctypes.c_uint64),
        ("writer", ctypes.c_void_p),
        ("change", ctypes.c_void_p),
        ("time", ctypes.c_void_p),
    )


@cache
def _converter() -> Any:
    """The function that converts, from the cache or compiled now."""
    compiler, version = find_compiler()
    key = content_key(_SOURCE.read_bytes(), repr(_FLAGS), str(compiler), version)

    def build(folder: Path) -> None:
        run_tool([str(compiler), *_FLAGS, str(_SOURCE), "-o", str(folder / "waves.so")])

    function = ctypes.CDLL(str(entry("waves", key, build) / "waves.so")).axonloop_convert
    function.argtypes, function.restype = [ctypes.POINTER(_Conversion)], ctypes.c_int
    return function


@contextmanager
def received(path: Path, form: str, signals: Sequence[Signal]) -> Iterator[Path]:
    """A pipe for a simulator's VCD; the changes of `signals` go to the file at `path`, as `form`.

    The simulator opens and closes the pipe inside the block. Raises SimulationError for what is no
    VCD of these signals, OSError where the file cannot be written, and what a compiler raises.
    """
    convert = _converter()
    with (
        OUTPUTS[form](path, signals) as output,
        tempfile.TemporaryDirectory() as folder,
        _piped(Path(folder) / "pipe.vcd", lambda source: _convert(convert, source, output, signals))
        as pipe,
    ):  # fmt: skip
        yield pipe


@contextmanager
def _piped(pipe: Path, work: Any) -> Iterator[Path]:
    """A named pipe, on whose end a thread does `work(descriptor)`."""
    os.mkfifo(pipe)
    source = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # before there is a writer
    os.set_blocking(source, True)
    sink = os.open(pipe, os.O_WRONLY)  # so that the thread waits for what comes
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work(source)
        except BaseException as error:
            failed.append(error)
            while os.read(source, 1 << 16):  # or the simulator would wait for ever
                pass

    thread = threading.Thread(target=run, name="waveform")
    thread.start()
    try:
        yield pipe
    finally:
        os.close(sink)
        thread.join()
        os.close(source)
    if failed:
        raise failed[0]


def _convert(convert: Any, source: int, output: Output, signals: Sequence[Signal]) -> None:
    codes = max((signal.code for signal in signals), default=0) + 1
    handles, bits = np.zeros(codes, np.uint32), np.zeros(codes, np.uint32)
    for signal in signals:
        handles[signal.code], bits[signal.code] = output.handles[signal.code], signal.bits
    call = _Conversion(source, output.descriptor, handles.ctypes.data, bits.ctypes.data, codes)
    call.writer, call.change, call.time = output.writer, output.change, output.time
    status = convert(ctypes.byref(call))
    if status == _UNWRITTEN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if status:
        raise SimulationError("waveforms of the simulator must be VCD of its signals, not others")
