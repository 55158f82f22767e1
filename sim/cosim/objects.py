"""Compiles Verilator's C++, and its own run-time library, to objects."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from axonloop.models.checks import require
from axonloop.sim.build import (
    STANDARD_FLAGS,
    Toolchain,
    content_key,
    entry,
    find_toolchain,
    run_tool,
    stored,
)

LEVEL = "AXONLOOP_RTL_LEVEL"
"""The variable of the environment that says how hard to optimise the compiled RTL."""
LEVELS = ("0", "1", "2", "3", "g")


def optimisation() -> str:
    """The compiler's flag for code that runs every cycle: `-O2`, or the level in `LEVEL`.

    At level g a chip compiles in half the time, and runs a seventh slower: for few ticks. Raises
    ValueError for a level that is none.
    """
    level = os.environ.get(LEVEL, "2")
    require(level in LEVELS, LEVEL, f"one of {', '.join(LEVELS)}", level)
    return f"-O{level}"


def fast_flags(level: str | None = None) -> tuple[str, ...]:
    """Compiler flags for code that runs every cycle, by default at the level `optimisation`."""
    return (level or optimisation(), *COMMON_FLAGS)


COMMON_FLAGS = ("-fPIC", "-pipe", "--param", "sccvn-max-alias-queries-per-access=10")
"""A chip is one function with thousands of stores. g++ asks of each read which of them it may see,
up to 1,000 times by default: more than half of its time, for code that was no faster."""
SLOW_FLAGS = ("-O0", *COMMON_FLAGS)
"""Compiler flags for constructors and reset."""
RUNTIME = ("verilated", "verilated_threads", "verilated_vcd_c", "verilated_dpi")
RUNTIME_FLAGS = fast_flags("-O1")
SPLIT = 1 << 20
"""Bytes of C++ for every cycle above which it is compiled in two halves, at the same time."""


def unite(work: Path, *drivers: Path) -> list[Path]:
    """Few sources that include Verilator's many: headers cost more than the code of a small chip.

    One is for code that seldom runs, and one or two of about a size for that of every cycle.
    """
    written = sorted(work.glob("*.cpp"), key=lambda path: (-path.stat().st_size, path))
    slow = [path for path in written if path.stem.endswith("__Slow")]
    fast = [path for path in written if path not in slow]
    halves: list[list[Path]] = [[], []] if _size(fast) > SPLIT else [[]]
    for path in [*fast, *drivers]:
        min(halves, key=_size).append(path)
    parts = {f"fast_{number}": half for number, half in enumerate(halves)}
    return [
        _including(work / f"{name}.cpp", of) for name, of in (parts | {"all__Slow": slow}).items()
    ]


def _size(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths)


def _including(path: Path, parts: Sequence[Path]) -> Path:
    """Write a source that is nothing but `parts`."""
    path.write_text("".join(f'#include "{part}"\n' for part in parts))
    return path


def compile_all(
    tools: Toolchain,
    work: Path,
    sources: list[Path],
    flags: list[str],
    fast: tuple[str, ...],
) -> None:
    """Compile `sources` to objects in `work`, two at a time."""

    def compile_one(source: Path) -> None:
        speed = SLOW_FLAGS if source.stem.endswith("__Slow") else fast
        command = [str(tools.compiler), *STANDARD_FLAGS, *speed, *flags, *tools.include_flags]
        output = ["-c", str(source), "-o", f"{source.stem}.o"]
        run_tool([*command, *output], work, TMPDIR=str(work))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(compile_one, sources))


@cache
def _runtime_key(tools: Toolchain) -> str:
    return content_key(tools.versions, repr((RUNTIME_FLAGS, STANDARD_FLAGS, RUNTIME)))


def runtime(tools: Toolchain) -> Path:
    """A folder with the object of Verilator's own run-time library, compiled once."""
    sources = [tools.verilator_root / "include" / f"{name}.cpp" for name in RUNTIME]

    def compile_into(folder: Path) -> None:
        united = _including(folder / "runtime.cpp", sources)
        compile_all(tools, folder, [united], [], RUNTIME_FLAGS)

    return entry("runtime", _runtime_key(tools), compile_into)


@contextmanager
def runtime_beside() -> Iterator[None]:
    """Compile the run-time library, where the cache lacks it, while the block runs.

    Raises MissingToolError without a compiler. If the compilation fails, `build` tells.
    """
    tools = find_toolchain()
    if stored("runtime", _runtime_key(tools)):
        yield
        return
    with ThreadPoolExecutor(1) as pool:
        pool.submit(runtime, tools)
        yield
