"""Our models of ECP5 cells, against plain Python: every mode, corners and random operations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from axonloop.sim.cosim import RtlChip, verilate
from axonloop.sim.cosim.netlist import OWN_CELLS
from tests.support.tiny_chips import PORTS

pytestmark = [pytest.mark.slow, pytest.mark.synth]

# A word per argument, then `active` for one cycle, then a word per result.
STEPS = """
  localparam ARGUMENTS = {arguments}, RESULTS = {results};
  reg [31:0] given [0:ARGUMENTS-1];
  reg [7:0] step = 0;
  wire active = step == ARGUMENTS;
  wire [7:0] place = step - ARGUMENTS - 1;
  wire [32*RESULTS-1:0] found;
  assign commands__ready = step < ARGUMENTS;
  assign replies__valid = step > ARGUMENTS;
  assign replies__payload = found[32*place +: 32];
  always @(posedge clk)
    if (active || (commands__ready && commands__valid) || (replies__valid && replies__ready)) begin
      if (commands__ready) given[step] <= commands__payload;
      step <= step == ARGUMENTS + RESULTS ? 0 : step + 1;
    end
"""


def bits(port: str, count: int, value: str) -> str:
    return ", ".join(f".{port}{k}({value}[{k}])" for k in range(count))


def run(body: str, operations: np.ndarray, results: int) -> np.ndarray:
    """The results of each operation, uint32 `(operations, results)`, by the cells in `body`."""
    steps = STEPS.format(arguments=operations.shape[1], results=results)
    text = f"{OWN_CELLS.read_text()}{PORTS}{steps}{body}endmodule\n"
    library = verilate.build(text, notify=lambda message: None)
    with RtlChip(library) as chip:
        words = chip.exchange(operations.astype(np.uint32).ravel(), 0, settle=results + 3)
    return words.reshape(-1, results)


def test_products_of_all_corners():
    corners = [0, 1, 2, 0x0FFFF, 0x10000, 0x1FFFE, 0x1FFFF, 0x20000, 0x20001, 0x3FFFE, 0x3FFFF]
    rng = np.random.default_rng(1)
    pairs = [*itertools.product(corners, corners), *rng.integers(0, 1 << 18, (2000, 2)).tolist()]
    cases = [(a, b, sa, sb) for a, b in pairs for sa in (0, 1) for sb in (0, 1)]
    cell = (
        f"  wire [35:0] p; assign found = {{28'd0, p}};\n  MULT18X18D cell_under_test ("
        f"{bits('A', 18, 'given[0]')}, {bits('B', 18, 'given[1]')}, {bits('P', 36, 'p')}, "
        ".SIGNEDA(given[0][18]), .SIGNEDB(given[1][18]), .SOURCEA(1'b0), .SOURCEB(1'b0));\n"
    )
    operations = np.array([(a | sa << 18, b | sb << 18) for a, b, sa, sb in cases])
    found = run(cell, operations, 2).astype(np.uint64)
    for (a, b, sa, sb), (low, high) in zip(cases, found.tolist(), strict=True):
        left, right = a - (sa * a >> 17 << 18), b - (sb * b >> 17 << 18)
        assert (high << 32 | low) == (left * right) % (1 << 36), (a, b, sa, sb)


WIDTHS = {1: 14, 2: 13, 4: 12, 9: 11, 18: 10, 36: 9}
"""Bits of a port, and those of its address."""
MODES = ("NORMAL", "READBEFOREWRITE")
RAMS = [
    *((a, b, mode) for a in (1, 2, 4, 9, 18) for b in (1, 2, 4, 9, 18) for mode in MODES),
    *((36, b, "NORMAL") for b in WIDTHS),
    *((a, 36, "NORMAL") for a in (1, 2, 4, 9, 18)),
]


def ram(number: int, write: int, read: int, mode: str) -> str:
    """A block RAM on the common stimulus, with its outputs among the results."""
    contents = ", ".join(f".INITVAL_{k:02X}({initial_row(k)})" for k in range(64))
    return (
        f'  DP16KD #(.DATA_WIDTH_A({write}), .DATA_WIDTH_B({read}), .WRITEMODE_A("{mode}"), '
        f'.WRITEMODE_B("{mode}"), {contents}) ram_{number} (.CLKA(clk), .CLKB(clk), '
        ".CEA(active & given[0][28]), .WEA(given[0][29]), .CEB(active & given[0][30]), "
        ".WEB(1'b0), .OCEA(1'b1), .OCEB(1'b1), .RSTA(1'b0), .RSTB(1'b0), "
        ".CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0), .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0), "
        + ", ".join(f".ADA{k}(given[0][{k}]), .ADB{k}(given[0][{14 + k}])" for k in range(14))
        + f", {bits('DIA', 18, 'given[1]')}, {bits('DIB', 18, 'given[2]')}, "
        + ", ".join(
            f".DO{port}{k}(found[{64 * number + 32 * half + k}])"
            for half, port in enumerate("AB")
            for k in range(18)
        )
        + ");\n"
        f"  assign found[{64 * number + 31}:{64 * number + 18}] = 0;\n"
        f"  assign found[{64 * number + 63}:{64 * number + 50}] = 0;\n"
    )


def word_at_start(row: int) -> int:
    """What row 0..1023 of 18 bits holds at first."""
    return (row * 2654435761 >> 7) & 0x3FFFF


def initial_row(slice_: int) -> str:
    value = sum(word_at_start(16 * slice_ + k) << 20 * k for k in range(16))
    return f"320'h{value:x}"


class PlainRam:
    """Bits, one by one; None is unknown."""

    def __init__(self, write: int, read: int, mode: str) -> None:
        self.write, self.read, self.mode = write, read, mode
        rows = (word_at_start(row) for row in range(1024))
        self.cells = [row >> k & 1 for row in rows for k in range(18)]
        self.a: list[int | None] = [0] * write
        self.b: list[int | None] = [0] * read

    def places(self, width: int, address: int) -> list[int]:
        """Where the bits of a port lie: byte after byte of nine."""
        if width >= 9:
            first = (address >> 14 - WIDTHS[width]) * width
            return [first + k for k in range(width)]
        byte, inner = address >> 3, (address & 7) // width * width
        return [9 * byte + inner + k for k in range(width)]

    def cycle(self, op: int, data: int) -> None:
        address_a, address_b = op & 0x3FFF, op >> 14 & 0x3FFF
        enable_a, writes, enable_b = op >> 28 & 1, op >> 29 & 1, op >> 30 & 1
        at_a, at_b = self.places(self.write, address_a), self.places(self.read, address_b)
        changed = []
        if enable_a and writes:
            bytes_on = [self.write < 18 or address_a >> k // 9 & 1 for k in range(self.write)]
            changed = [(at_a[k], data >> k & 1) for k in range(self.write) if bytes_on[k]]
        if enable_a and (not writes or self.mode == "READBEFOREWRITE"):
            self.a = [self.cells[place] for place in at_a]
        if enable_b:
            lost = {place for place, _ in changed}
            self.b = [None if place in lost else self.cells[place] for place in at_b]
        for place, bit in changed:
            self.cells[place] = bit

    def outputs(self) -> tuple[list[int | None], list[int | None]]:
        """Bits of DOA and DOB that mean something."""
        if self.read == 36:
            return self.b[:18], self.b[18:]
        return ([] if self.write == 36 else self.a), self.b


@pytest.mark.parametrize("seed", [1], ids="seed{}".format)
def test_block_rams_of_all_widths(seed):
    rng = np.random.default_rng(seed)
    count = 1500
    near = rng.integers(0, 64, (count, 2)) + np.array([[0x3FC0], [0]])[rng.integers(0, 2, count)]
    controls = rng.integers(0, 8, count)
    operations = np.column_stack(
        (controls << 28 | near[:, 1] << 14 | near[:, 0], rng.integers(0, 1 << 18, (count, 2)))
    )
    cells = "".join(ram(number, *each) for number, each in enumerate(RAMS))
    found = run(cells, operations, 2 * len(RAMS)).tolist()
    plain = [PlainRam(*each) for each in RAMS]
    for (op, low, high), words in zip(operations.tolist(), found, strict=True):
        for number, model in enumerate(plain):
            model.cycle(op, low | high << 18)
            for bits_, word in zip(model.outputs(), words[2 * number :], strict=False):
                wrong = [
                    k for k, bit in enumerate(bits_) if bit is not None and word >> k & 1 != bit
                ]
                assert not wrong, (RAMS[number], hex(op))
