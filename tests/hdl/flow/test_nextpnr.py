"""Pins and bitstreams of every board; with real tools where there is time."""

import pytest
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from axonloop.hdl.boards import BOARDS, BoardTop, top
from axonloop.hdl.flow import TOOLS, find_tool, pack, place, synthesise
from axonloop.hdl.flow.nextpnr import constraints

CLOCKS = {"ecp5": 60_000_000, "ice40": 24_000_000, "gowin": 54_000_000}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_every_pin_has_one_port(board):
    sites = board.sites
    assert len(set(sites.values())) == len(sites)
    text = constraints(board)
    for port, site in sites.items():
        (line, *_) = [line for line in text.splitlines() if port in line.replace('"', " ").split()]
        assert site in line.replace('"', " ").replace(";", " ").split()
    assert "oscillator" in sites


FREQUENCIES = {
    "ecp5": 'FREQUENCY PORT "oscillator" {} MHZ;',
    "ice40": "set_frequency oscillator {}",
}


@pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
def test_the_oscillator_is_told_where_a_file_of_pins_can_tell_it(board):
    told = [line for line in constraints(board).splitlines() if "frequency" in line.lower()]
    wanted = FREQUENCIES.get(board.family)
    assert told == ([wanted.format(f"{board.oscillator / 1e6:g}")] if wanted else [])


class Echo(wiring.Component):
    """Instead of the chip and its link: the line comes back."""

    def __init__(self) -> None:
        super().__init__({"rx": In(1, init=1), "tx": Out(1, init=1), "session": Out(1)})

    def elaborate(self, platform) -> Module:
        m = Module()
        m.d.sync += [self.tx.eq(self.rx), self.session.eq(~self.session)]
        return m


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize("with_pll", [False, True], ids=["oscillator", "pll"])
@pytest.mark.parametrize(
    "name", ["ulx3s-25f", "ecpix5-45f", "icebreaker", "tang-nano-20k", "tang-nano-9k"]
)
def test_a_bitstream(name, with_pll, tmp_path, monkeypatch):
    monkeypatch.setattr(top, "Top", lambda *_, **__: Echo())
    board = BOARDS[name]
    clock = CLOCKS[board.family] if with_pll else board.oscillator
    design = BoardTop(board, board.build.changed({"clock": clock}))
    yosys, nextpnr, packer = (find_tool(tool) for tool in TOOLS[board.family])
    cells = synthesise(design, board.family, tmp_path, top="axonloop_board", yosys=yosys)
    plls = sum(number for cell, number in cells.items() if "PLL" in cell)
    assert plls == with_pll
    placed = place(board, clock, 1, nextpnr, tmp_path)
    assert placed.fmax_mhz > clock / 1e6
    assert pack(board, packer, tmp_path).stat().st_size > 1000
