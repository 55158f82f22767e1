"""Builds a design for a simulator and runs benches on it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from axonloop.models.checks import require
from axonloop.sim.build import (
    MissingToolError,
    content_key,
    entry,
    find_toolchain,
    makefile_root,
)

SIMULATORS = ("verilator", "icarus")
# cocotb's runner makes every signal public, which costs minutes of compiling; ports are enough.
VERILATOR_ARGUMENTS = (
    *("--no-public-flat-rw", "-Wno-lint", "-Wno-style", "--no-timing"),
    *("--x-assign", "unique", "--x-initial", "unique", "-CFLAGS", "-O1"),
)


def run_bench(
    simulator: str,
    verilog: str,
    top: str,
    bench: Path,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> tuple[int, int]:
    """Run the cocotb tests in the file `bench` on module `top` of the Verilog text.

    `simulator` is "verilator", that of the package `verilator`, or "icarus". Results and logs lie
    in `folder`; what is compiled is kept in the cache by its content. Returns the numbers of tests
    and of those that failed. Raises MissingToolError without simulator or cocotb, ValueError for
    another simulator, RuntimeError where the simulation ended without results.
    """
    require(simulator in SIMULATORS, "simulator", f"one of {', '.join(SIMULATORS)}", simulator)
    try:
        from cocotb_tools.check_results import get_results
        from cocotb_tools.config import libs_dir
        from cocotb_tools.runner import get_runner
    except ImportError as error:
        raise MissingToolError(
            "cocotb must be installed, not missing; try: pip install axonloop[cocotb]"
        ) from error
    files = {f"{top}.v": verilog}
    arguments: list[str] = []
    if simulator == "verilator":
        files["ports.vlt"] = _public_ports(verilog, top)
        arguments = list(VERILATOR_ARGUMENTS)
    with _environment(simulator, bench.parent):
        runner = get_runner(simulator)
        # The bench's program loads cocotb's libraries from this very folder.
        key = content_key(simulator, repr(files), repr(arguments), _versions(), str(libs_dir))

        def build(target: Path) -> None:
            for name, text in files.items():
                (folder / name).write_text(text)
            runner.build(
                sources=[folder / name for name in files],
                hdl_toplevel=top,
                build_dir=target,
                build_args=arguments,
                timescale=("1ns", "1ps"),
            )

        target, results = entry("bench", key, build), folder.resolve() / f"{bench.stem}.xml"
        with suppress(SystemExit):  # how the runner tells pytest of a test that failed
            runner.test(
                hdl_toplevel=top,
                test_module=bench.stem,
                build_dir=target,
                test_dir=folder,
                results_xml=str(results),
                hdl_toplevel_lang="verilog",
                extra_env=dict(environment or {}),
            )
    tests, failed = get_results(results)
    return int(tests), int(failed)


def _public_ports(verilog: str, top: str) -> str:
    """Verilator's configuration file that lets cocotb reach the ports of `top`, in either style."""
    found = re.search(rf"^module {top} ?\(([^)]*)\)", verilog, re.MULTILINE)
    require(found is not None, "Verilog", f"text with a module {top}(ports)", verilog[:40])
    assert found is not None
    lines = [
        f'public_flat_rw -module "{top}" -var "{port.split()[-1]}"' for port in found[1].split(",")
    ]
    return "\n".join(["`verilator_config", *lines, ""])


def _versions() -> str:
    return find_toolchain().versions


@contextmanager
def _environment(simulator: str, benches: Path) -> Iterator[None]:
    """The simulator on the PATH, and the benches where Python finds them."""
    before = {name: os.environ.get(name) for name in ("PATH", "VERILATOR_ROOT")}
    if simulator == "verilator":
        for tool in ("perl", "make"):
            if shutil.which(tool) is None:
                raise MissingToolError(f"{tool} must be installed for cocotb's Verilator")
        root = makefile_root(find_toolchain())
        os.environ["VERILATOR_ROOT"] = str(root)
        os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    elif shutil.which("iverilog") is None:
        raise MissingToolError("iverilog must be installed, not missing: apt install iverilog")
    sys.path.insert(0, str(benches))
    try:
        yield
    finally:
        sys.path.remove(str(benches))
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
