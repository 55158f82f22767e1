"""The compiled RTL of a whole board: bytes into its serial line, bytes out of it."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np

from axonloop.models.config import ONE_CORE, Geometry, Mesh, NodeGeometry
from axonloop.models.protocol import LinkConfig, build_hash
from axonloop.sim.build import MissingToolError, Notify, content_key, entry, to_stderr
from axonloop.sim.cosim.chip_library import sources_key
from axonloop.sim.cosim.verilate import Harness, build

TOP = "axonloop_top"
WRAPPER = f"""
module axonloop_simulated (input clk, input rx, output tx);
    reg sampled = 1;
    always @(negedge clk) sampled <= rx;
    {TOP} top (.clk(clk), .rst(1'b0), .rx(sampled), .tx(tx));
endmodule
"""
"""The wrapper samples inputs at the falling edge, like that of a bare chip."""
DRIVER = Path(__file__).with_name("board_driver.cpp")
HARNESS = Harness("board", WRAPPER, DRIVER)


def board_verilog(
    link: LinkConfig, geometry: Geometry, mesh: Mesh = ONE_CORE, node: NodeGeometry | None = None
) -> str:
    """The Verilog of a board, module `axonloop_top`; cached until a source of it changes.

    MissingToolError where a node needs the processor and its package is not installed.
    """
    key = content_key(sources_key(), repr((link, geometry, mesh, node)))

    def write(folder: Path) -> None:
        from axonloop.hdl.boards import Top
        from axonloop.hdl.flow import component_verilog

        own = _processor_verilog() if node is not None and node.program else ""
        top = Top(link, geometry, mesh, build=build_hash(sources_key().encode()), node=node)
        (folder / "top.v").write_text(own + component_verilog(top, TOP))

    return (entry("verilog", key, write) / "top.v").read_text()


def _processor_verilog() -> str:
    from axonloop.hdl.processing import processor_source

    try:
        return processor_source()
    except ImportError as error:
        raise MissingToolError(str(error)) from error


class RtlTop:
    """One simulated board, after power-up. `seed`: of whatever the RTL leaves undefined.

    With `node` there is one between link and chip. Raises MissingToolError without a compiler, and
    as `board_verilog`, BuildError where the library cannot be stored.
    """

    def __init__(
        self,
        link: LinkConfig,
        geometry: Geometry,
        mesh: Mesh = ONE_CORE,
        seed: int = 0,
        notify: Notify = to_stderr,
        node: NodeGeometry | None = None,
    ) -> None:
        library = self._build(board_verilog(link, geometry, mesh, node), notify)
        self._code = code = ctypes.CDLL(str(library))
        pointer, number = ctypes.c_void_p, ctypes.c_uint64
        code.axonloop_board_create.restype = pointer
        code.axonloop_board_create.argtypes = [number, ctypes.c_uint32]
        code.axonloop_board_destroy.argtypes = [pointer]
        code.axonloop_board_busy.restype = number
        code.axonloop_board_busy.argtypes = [pointer]
        code.axonloop_board_run.restype = number
        buffers = (ctypes.c_char_p, number, pointer, ctypes.POINTER(number))
        code.axonloop_board_run.argtypes = [pointer, number, *buffers]
        self._period, self.cycles = link.cycles_per_bit, 0
        self._handle: int | None = code.axonloop_board_create(seed, self._period)

    def _build(self, verilog: str, notify: Notify) -> Path:
        return build(verilog, notify=notify, harness=HARNESS)

    def run(self, cycles: int, data: bytes) -> tuple[int, bytes]:
        """Run `cycles` with `data` for the line; return the number that went, and those heard."""
        heard = np.empty(cycles // (9 * self._period) + 2, np.uint8)
        taken = ctypes.c_uint64()
        count = self._code.axonloop_board_run(
            self._handle, cycles, data, len(data), heard.ctypes.data, ctypes.byref(taken)
        )
        self.cycles += cycles
        return taken.value, heard[:count].tobytes()

    @property
    def busy(self) -> int:
        """Cycles in which a byte was on its way to the board."""
        return int(self._code.axonloop_board_busy(self._handle))

    def close(self) -> None:
        """Let go of the simulation; may be called twice."""
        if self._handle is not None:
            self._code.axonloop_board_destroy(self._handle)
            self._handle = None
