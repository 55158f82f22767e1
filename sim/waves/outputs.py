"""Where the changes of signals go: an FST file, by the package pylibfst, or a VCD file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axonloop.models.checks import require
from axonloop.sim.build import MissingToolError
from axonloop.sim.waves.signals import Signal, declared

FST, VCD = "fst", "vcd"
CHIP = "chip"
"""The scope around all signals."""
TIMESCALE = "1ps"


@dataclass(frozen=True)
class Output:
    """A file that is open: by code, the number that each signal has in it.

    FST has a `writer` and two functions of its library, VCD the `descriptor` of its file.
    """

    handles: dict[int, int]
    descriptor: int = -1
    writer: int | None = None
    change: int | None = None
    time: int | None = None


def require_format(path: Path) -> str:
    """FST or VCD, by the ending of a file's name.

    Raises ValueError for another ending, MissingToolError for FST without the package for it.
    """
    form = path.suffix.removeprefix(".")
    require(form in (FST, VCD), "waveform", "a file that ends with .fst or .vcd", str(path))
    if form == FST:
        _library()
    return form


def _library() -> Any:
    try:
        import pylibfst
    except ImportError as error:
        raise MissingToolError(
            "the package 'pylibfst' must be installed for FST, not missing; "
            "pip install axonloop[waves], or name a file that ends with .vcd"
        ) from error
    return pylibfst


def has_fst() -> bool:
    """Say whether the package for FST is installed."""
    try:
        _library()
    except MissingToolError:
        return False
    return True


@contextmanager
def vcd_output(path: Path, signals: Sequence[Signal]) -> Iterator[Output]:
    """A VCD file whose header is written. OSError where that cannot be."""
    with path.open("w") as file:
        file.write(f"$timescale {TIMESCALE} $end\n")
        for each in declared(signals, CHIP):
            file.write(_line(each))
        file.write("$enddefinitions $end\n")
        file.flush()
        yield Output({signal.code: 1 for signal in signals}, file.fileno())


def _line(each: str | Signal | None) -> str:
    if each is None:
        return "$upscope $end\n"
    if isinstance(each, str):
        return f"$scope module {each} $end\n"
    return f"$var wire {each.bits} {each.identifier} {each.name}{each.range} $end\n"


@contextmanager
def fst_output(path: Path, signals: Sequence[Signal]) -> Iterator[Output]:
    """An FST file whose signals are declared. OSError where that cannot be."""
    package = _library()
    ffi, lib = package.ffi, package.lib
    writer = lib.fstWriterCreate(str(path).encode(), 1)
    if writer == ffi.NULL:
        raise OSError(f"waveform must be written to a file that opens, not {str(path)!r}")
    try:
        lib.fstWriterSetPackType(writer, lib.FST_WR_PT_LZ4)
        lib.fstWriterSetRepackOnClose(writer, 1)
        lib.fstWriterSetTimescaleFromString(writer, TIMESCALE.encode())
        handles: dict[int, int] = {}
        for each in declared(signals, CHIP):
            if each is None:
                lib.fstWriterSetUpscope(writer)
            elif isinstance(each, str):
                lib.fstWriterSetScope(writer, lib.FST_ST_VCD_MODULE, each.encode(), ffi.NULL)
            else:
                known, name = handles.get(each.code, 0), f"{each.name}{each.range}".encode()
                kind = lib.FST_VT_VCD_WIRE, lib.FST_VD_IMPLICIT, each.bits
                made = lib.fstWriterCreateVar(writer, *kind, name, known)
                handles.setdefault(each.code, made)

        def address(name: str) -> int:
            return int(ffi.cast("uintptr_t", ffi.addressof(lib, name)))

        pointers = address("fstWriterEmitValueChange"), address("fstWriterEmitTimeChange")
        yield Output(handles, -1, int(ffi.cast("uintptr_t", writer)), *pointers)
    finally:
        lib.fstWriterClose(writer)


OUTPUTS = {FST: fst_output, VCD: vcd_output}
