"""Builds from names and values, boards by name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from amaranth.back import rtlil
from amaranth.sim import Simulator

from axonloop.hdl.boards import BOARDS, find_board
from axonloop.hdl.boards.board import Build
from axonloop.hdl.boards.top import WAIT_BITS, BoardTop
from axonloop.models.config import NodeGeometry
from tests.support.tiny_chips import TINY


def test_a_build_takes_the_names_of_a_geometry_and_no_other():
    assert Build().changed({"geometry": {"entries": 8}}).geometry.entries == 8
    with pytest.raises(ValueError, match=r"^geometry must be among axons, .*, not \['lines'\]$"):
        Build().changed({"geometry": {"lines": 8}})


def test_a_large_core_is_built_for_no_board():
    large = {"convolutions": 1, "neurons": 4112, "kernel_columns": 16}
    with pytest.raises(ValueError, match=r"^neurons of a core that is built must be at most 4096 "):
        Build().changed({"geometry": large})


def test_a_board_that_nobody_knows():
    with pytest.raises(ValueError, match=r"^board must be one of ulx3s-\S+, .*, not 'ulx3s-99f'$"):
        find_board("ulx3s-99f")


def test_a_build_has_a_node_where_it_has_a_processor() -> None:
    assert Build().built_node is None
    built = Build().changed({"processor": True, "node": {"lanes": 4}})
    assert built.built_node == NodeGeometry(lanes=4, program=1024)
    assert Build().changed(built.to_dict()) == built
    with pytest.raises(ValueError, match="node must be left out without a processor, not Node"):
        Build().changed({"node": {"lanes": 4}})


@pytest.mark.parametrize("processor", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_the_node_lies_between_link_and_chip(processor: bool) -> None:
    """The words of the link are the node's, and those of the chip are the node's too."""
    board = find_board("ulx3s-85f")
    build = replace(board.build, geometry=TINY, processor=processor)
    text = rtlil.convert(BoardTop(board, build), emit_src=False)
    modules = re.findall(r"^module \\(\S+)$", text, re.MULTILINE)
    assert ("top.top.chip.node.processor" in modules) == processor
    assert ("top.top.chip.chip.core" in modules) == processor
    assert ("top.top.chip.core" in modules) != processor
    assert (r"cell \picorv32" in text) == processor


def test_the_sites_of_a_board_that_amaranth_boards_does_not_have():
    """Tang Nano 20K, from Sipeed's page: oscillator, line, and lights that are on when low."""
    board = BOARDS["tang-nano-20k"]
    assert (board.oscillator, board.pins) == (
        27_000_000,
        {"oscillator": "4", "rx": "70", "tx": "69"},
    )
    assert (board.leds, board.leds_low) == (("15", "16", "17"), True)


@pytest.mark.parametrize("low", [False, True])
def test_a_light_says_that_the_line_is_in_use(low: bool) -> None:
    """Behind the reset after power-up, and not before."""
    leds = ("1", "2", "3")
    board = replace(BOARDS["icebreaker"], leds=leds, leds_low=low, oscillator=12_000_000)
    top = BoardTop(board, Build(TINY, clock=12_000_000))
    seen = []

    async def bench(context: Any) -> None:
        async def cycles(count: int) -> None:
            for _ in range(count):
                for level in (1, 0):
                    context.set(top.oscillator, level)
                    await context.delay(1e-6)

        for level, count in ((0, 9), (1, (1 << WAIT_BITS) + 9), (0, 2), (1, 9)):
            context.set(top.rx, level)
            await cycles(count)
            seen.append(bool(context.get(top.leds) >> 2 & 1) != low)

    simulator = Simulator(top)
    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [False, False, True, True]
