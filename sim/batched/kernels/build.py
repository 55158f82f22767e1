"""The library of the kernels: all C++ in this folder and below, the header of `structures` with it.

It is compiled for the instruction set of this machine and cached by content: what the compiler
predefines for it, its vector units among it, is part of the key.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

from axonloop.sim.batched.kernels.structures import header
from axonloop.sim.build import (
    STANDARD,
    BuildError,
    MissingToolError,
    announced,
    content_key,
    entry,
    find_compiler,
    run_tool,
    to_stderr,
)

SOURCES = sorted(Path(__file__).parent.glob("*.cpp"))
HEADERS = sorted(Path(__file__).parent.rglob("*.h"))
FLAGS = (STANDARD, "-O3", "-march=native", "-fPIC", "-shared", "-pthread", "-Wno-psabi")

_Int = ctypes.c_int32
_Pointer = ctypes.c_void_p

_INTERFACE: dict[str, list[Any]] = {
    "row_spans": [],
    "run": [ctypes.c_uint32, _Int, _Int, _Int, _Pointer, _Pointer],
    "send_errors": [_Pointer, _Pointer, _Int, _Int],
    "learn": [ctypes.c_uint32],
}
"""The functions of the sources and their arguments after the first two, `Chip *` and `State *`."""


@cache
def load() -> ctypes.CDLL:
    """The compiled kernels, from the cache or compiled now; stderr tells if that takes long.

    Raises MissingToolError without a compiler, BuildError if it fails or the cache cannot be
    written.
    """
    compiler, version = find_compiler()
    machine = run_tool([str(compiler), "-march=native", "-dM", "-E", "-x", "c++", "/dev/null"])
    texts = [path.read_bytes() for path in (*SOURCES, *HEADERS)]
    key = content_key(*texts, header(), repr(FLAGS), str(compiler), version, machine)

    def build(folder: Path) -> None:
        with announced(to_stderr, "the kernels"):
            (folder / "declarations.h").write_text(header())
            made = [f"-I{folder}", "-o", str(folder / "kernels.so")]
            run_tool([str(compiler), *FLAGS, *map(str, SOURCES), *made])

    code = ctypes.CDLL(str(entry("kernels", key, build) / "kernels.so"))
    for name, arguments in _INTERFACE.items():
        function = getattr(code, f"axonloop_{name}")
        function.argtypes = [_Pointer, _Pointer, *arguments]
        function.restype = _Int if name == "send_errors" else None
    return code


@cache
def missing() -> str:
    """The reason why the kernels cannot be had here; "" where they can."""
    try:
        load()
    except (MissingToolError, BuildError) as error:
        return str(error)
    return ""
