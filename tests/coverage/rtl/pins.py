"""A compiled design that counts, driven pin by pin, a clock cycle at a time."""

from __future__ import annotations

import ctypes
import re
from pathlib import Path

from axonloop.sim.cosim.verilate import build
from tests.coverage.rtl.harness import covered, silenced

_PORT = re.compile(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", re.MULTILINE)


class Pins:
    """The design `top` of a text of Verilog, its clock low, reset pulsed.

    `given` and `told` are its inputs and outputs by name: `cycle` gives the ones and, before the
    clock rises, looks at the others. Modules of the pattern `silent` do not count.
    """

    def __init__(self, verilog: str, top: str, seed: int, silent: str | None = None) -> None:
        ports = _PORT.findall(verilog[verilog.index(f"module {top}(") :].partition("endmodule")[0])
        inputs, outputs = (
            {name: int(high or 0) + 1 for way, high, name in ports if way == wanted}
            for wanted in ("input", "output")
        )
        del inputs["clk"]
        self.given, self.told = dict.fromkeys(inputs, 0), dict.fromkeys(outputs, 0)
        self._masks = {name: (1 << width) - 1 for name, width in outputs.items()}
        wrapper = _wrapper(top, inputs, outputs)
        library = build(silenced(verilog, silent), harness=covered(top, wrapper, "pins.cpp"))
        self._code = code = ctypes.CDLL(str(library))
        handle = ctypes.c_void_p
        code.axonloop_pins_create.restype = handle
        code.axonloop_pins_create.argtypes = [ctypes.c_uint64]
        code.axonloop_pins_cycle.argtypes = [handle, handle, handle]
        code.axonloop_pins_destroy.argtypes = [handle]
        code.axonloop_forget_coverage.argtypes = [handle]
        code.axonloop_write_coverage.argtypes = [handle, ctypes.c_char_p]
        self._handle = code.axonloop_pins_create(seed)
        self._in, self._out = ((ctypes.c_uint32 * len(side))() for side in (inputs, outputs))
        self.cycle()  # registers, memories and inputs take their random first contents
        code.axonloop_forget_coverage(self._handle)
        for self.given["rst"] in (1, 1, 0):
            self.cycle()

    def cycle(self) -> None:
        """A clock cycle with what is given."""
        self._in[:] = list(self.given.values())
        self._code.axonloop_pins_cycle(self._handle, self._in, self._out)
        for (name, mask), word in zip(self._masks.items(), self._out, strict=True):
            self.told[name] = word & mask

    def finish(self, path: Path) -> None:
        """Write what was reached since power-up, as Verilator does, and let go of the design."""
        self._code.axonloop_write_coverage(self._handle, str(path).encode())
        self._code.axonloop_pins_destroy(self._handle)


def _wrapper(top: str, inputs: dict[str, int], outputs: dict[str, int]) -> str:
    ports = ", ".join(
        f".{name}({array}[{number}][{width - 1}:0])"
        for array, side in (("given", inputs), ("told", outputs))
        for number, (name, width) in enumerate(side.items())
    )
    return f"""
module axonloop_simulated (
    input clk, input [31:0] given [0:{len(inputs) - 1}], output [31:0] told [0:{len(outputs) - 1}]
);
    {top} whole (.clk(clk), {ports});
endmodule
"""
