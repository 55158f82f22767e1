"""Compiles the chip's Verilog into a shared library with the driver of `driver.cpp`.

Any other design is compiled so too, with a `Harness` of its own.

Libraries are cached by the content of everything that goes into them. Registers and memories
without an initial value, and every x, start random (`--x-initial unique`, `--x-assign unique`,
seeded in the driver): what the RTL forgets to initialise differs from run to run of a seed, and
from the golden model, instead of hiding behind zeros.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from axonloop.sim import guards
from axonloop.sim.build import (
    STANDARD_FLAGS,
    Notify,
    Toolchain,
    announced,
    content_key,
    entry,
    find_toolchain,
    run_tool,
    to_stderr,
)
from axonloop.sim.cosim.objects import SLOW_FLAGS, compile_all, fast_flags, runtime, unite

TOP = "axonloop_simulated"
WRAPPER = """
module axonloop_simulated (
    input clk, input sample,
    input [31:0] commands_payload, input commands_valid, output commands_ready,
    output [31:0] replies_payload, output replies_valid, input replies_ready
);
    reg [31:0] payload = 0;
    reg valid = 0, ready = 0;
    always @(posedge sample) begin
        payload <= commands_payload;
        valid <= commands_valid;
        ready <= replies_ready;
    end
    axonloop_chip chip (
        .clk(clk), .rst(1'b0),
        .commands__payload(payload), .commands__valid(valid), .commands__ready(commands_ready),
        .replies__payload(replies_payload), .replies__valid(replies_valid), .replies__ready(ready)
    );
endmodule
"""
"""The Verilog that is compiled around the chip, for speed.

Inputs are sampled in the low half of a cycle, if they differ: Verilator evaluates whatever hangs on
an input in every call, but what hangs on a register only at the edges of its clock. Reset is tied
low, because registers have initial values; so the shared library shows power-up, and the cocotb
benches show reset.
"""
DRIVER = Path(__file__).with_name("chip_driver.cpp")


@dataclass(frozen=True)
class Harness:
    """The code that is compiled with a design, and the `name` of the library.

    `wrapper` is Verilog with the module `TOP`; `driver` is C++ that includes `Vchip.h`, in which
    Verilator declares that module as the class `Vchip`, and perhaps sources of ours, `included`.
    `flags` go to Verilator, behind those of all designs; `level` to the compiler, for code that
    runs every cycle, whatever the environment says.
    """

    name: str
    wrapper: str
    driver: Path
    flags: tuple[str, ...] = ()
    included: tuple[Path, ...] = ()
    level: str | None = None


CHIP = Harness("chip", WRAPPER, DRIVER)
FLAGS = (
    "--cc",
    "-O3",
    "--x-assign",
    "unique",
    "--x-initial",
    "unique",
    "--no-timing",
    "--no-assert",
    "--threads",
    "1",
    "-Wno-lint",
    "-Wno-style",
)
"""With `--no-assert` no cycle is spent on whether two cases match that Yosys calls parallel, since
it found that they exclude each other. Those checks took a quarter of all time."""
VERILATOR_FLAGS = (*FLAGS, "--top-module", TOP, "--prefix", "Vchip")
PART_FLAGS = ("--prefix", "Vpart")


@dataclass(frozen=True)
class Part:
    """A module of a design that is compiled once, however often it occurs: its name and text."""

    name: str
    verilog: str


def build(
    verilog: str,
    trace: bool = False,
    notify: Notify = to_stderr,
    harness: Harness = CHIP,
    part: Part | None = None,
) -> Path:
    """The shared library of a design, from the cache or compiled now.

    `verilog` is the text with the module that the harness wraps: `axonloop_chip`, if it is a
    chip; with `part`, but for that. With `trace` the library can record waveforms, at some cost in
    speed; then a part is compiled as often as it occurs. `notify` hears one line if the build takes
    over two seconds. Raises MissingToolError without a compiler, BuildError if a tool fails or the
    cache cannot be written.
    """
    tools = find_toolchain()
    if trace and part is not None:
        verilog, part = verilog + part.verilog, None
    key = library_key(tools, verilog, trace, harness, part)

    def compile_into(folder: Path) -> None:
        with announced(notify, "the RTL"):
            _compile(tools, folder, verilog, trace, harness, part)

    return entry(harness.name, key, compile_into) / f"{harness.name}.so"


def library_key(
    tools: Toolchain,
    verilog: str,
    trace: bool = False,
    harness: Harness = CHIP,
    part: Part | None = None,
) -> str:
    """The key in the cache of the library of a design."""
    verilator = VERILATOR_FLAGS + harness.flags
    speed = fast_flags(harness.level)
    flags = (harness.wrapper, verilator, speed, SLOW_FLAGS, STANDARD_FLAGS, trace, PART_FLAGS)
    sources = [harness.driver, *harness.included]
    sources += [] if trace else sorted(Path(guards.__file__).parent.glob("*.py"))
    code = b"".join(path.read_bytes() for path in sources)
    return content_key(verilog, repr(part), code, repr(flags), tools.versions)


def _compile(
    tools: Toolchain,
    folder: Path,
    verilog: str,
    trace: bool,
    harness: Harness,
    part: Part | None,
) -> None:
    objects = sorted(runtime(tools).glob("*.o"))
    defines = [f"-DAXONLOOP_TRACE={int(trace)}", f"-DVM_TRACE={int(trace)}"]
    defines.append(f"-DVM_TRACE_VCD={int(trace)}")
    level, inner, work = fast_flags(harness.level), folder / "part", folder / "obj"
    flags, files = [*VERILATOR_FLAGS, *harness.flags], ["chip.v"]
    verilog = verilog if trace else guards.guarded(verilog)
    if part is not None:
        own = (*FLAGS, *PART_FLAGS, "--top-module", part.name, "--lib-create", part.name)
        _verilate(tools, inner, own, {"part.v": guards.guarded(part.verilog)}, ["part.v"])
        compile_all(tools, inner, unite(inner), [*defines, "-I."], level)
        files.append(f"../part/{part.name}.sv")
    flags += ["--trace-vcd"] if trace else []
    _verilate(tools, work, flags, {"chip.v": verilog + harness.wrapper}, files)
    compile_all(tools, work, unite(work, harness.driver), [*defines, "-I."], level)
    parts = [*sorted(work.glob("*.o")), *sorted(inner.glob("*.o")), *objects]
    output = f"../{harness.name}.so"
    link = [str(tools.compiler), "-shared", "-o", output, *map(str, parts), "-pthread"]
    run_tool(link, work, TMPDIR=str(work))
    for place in (work, inner):
        shutil.rmtree(place, ignore_errors=True)


def _verilate(
    tools: Toolchain, work: Path, flags: Sequence[str], texts: dict[str, str], files: list[str]
) -> None:
    """Verilator's C++ of some files, of which `texts` are written first, in the folder `work`."""
    work.mkdir()
    for name, text in texts.items():
        (work / name).write_text(text)
    verilator = str(tools.verilator_root / "bin" / "verilator_bin")
    command = [verilator, *flags, "-Mdir", ".", *files]
    run_tool(command, work, VERILATOR_ROOT=str(tools.verilator_root))
