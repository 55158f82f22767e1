"""Smoke synthesis for two FPGA families: memories and multipliers land where they should."""

import re
from dataclasses import replace

import pytest
from amaranth.back import rtlil

from axonloop.hdl.boards import BoardTop
from axonloop.hdl.boards.icebreaker import ICEBREAKER
from axonloop.hdl.chip import Chip
from axonloop.hdl.flow import synthesise
from axonloop.hdl.flow.synthesis import design_text
from axonloop.models.config import Geometry, Layout

ECP5 = Geometry(update_lanes=4, trace_lanes=4, parameter_sets=2)
"""256 x 256, 16 lanes, skewed."""
TINY = Geometry(axons=8, neurons=8, entries=8, lanes=2, update_lanes=2, trace_lanes=2,
                multipliers=2, parameter_sets=2)  # fmt: skip


@pytest.mark.slow
@pytest.mark.synth
def test_ecp5(tmp_path):
    cells = synthesise(Chip(ECP5), "ecp5", tmp_path)
    print(cells)
    weights = ECP5.axons * ECP5.neurons * ECP5.weight_bits // (16 * 1024)
    assert weights <= cells["DP16KD"] <= weights + 24
    # One per synapse updated in a cycle, three per neuron, two per axon.
    assert cells["MULT18X18D"] == ECP5.multipliers + 3 * ECP5.update_lanes + 2 * ECP5.trace_lanes
    assert cells["LUT4"] <= 17000


@pytest.mark.slow
@pytest.mark.synth
def test_a_learning_core_with_its_link_fits_ice40(tmp_path):
    """256 x 256 weights of 8 bits in single-port memory; cells of an iCE40UP5K, some to spare.

    A logic cell holds a LUT and a register; about one register in three finds no LUT to go with.
    """
    geometry = ICEBREAKER.build.geometry
    assert geometry.axons * geometry.neurons >= 64 * 1024
    cells = synthesise(BoardTop(ICEBREAKER, ICEBREAKER.build), "ice40", tmp_path)
    print(cells)
    assert cells["SB_SPRAM256KA"] == 2
    assert cells["SB_RAM40_4K"] <= 30
    assert cells["SB_MAC16"] <= 8
    registers = sum(count for name, count in cells.items() if name.startswith("SB_DFF"))
    assert cells["SB_LUT4"] <= 4300
    assert registers <= 1600


def memories(text: str) -> dict[tuple[str, str], tuple[bool, str, bool]]:
    """By module and name: is a collision of its read port undefined, its style, has it contents?"""
    found = {}
    for module in text.split("\nmodule ")[1:]:
        name = module.split()[0]
        for style, memory in re.findall(
            r"((?:  attribute .*\n)*)  memory width .* (\S+)\n", module
        ):
            cells = re.findall(rf'cell \$(mem\w+) .*\n    parameter \\MEMID "\\\{memory}"'
                               r"((?:\n    .*)*)", module)  # fmt: skip
            reads = [body for kind, body in cells if kind == "memrd_v2"]
            collides = [re.search(r"COLLISION_X_MASK 1'(\d)", body)[1] for body in reads]
            ram = re.search(r'ram_style "(\w+)"', style)
            contents = any(kind == "meminit_v2" for kind, _ in cells)
            found[name, memory] = (set(collides) == {"1"}, ram[1] if ram else "", contents)
    return found


SERIAL = replace(ICEBREAKER.build.geometry, axons=64, neurons=32)
SMALL = ("ice40", "block", "block")


@pytest.mark.parametrize(
    ("geometry", "family", "style", "other"),
    [
        (SERIAL, "ice40", "huge", "block"),
        (SERIAL, "ecp5", "block", "block"),
        (replace(SERIAL, axons=256, neurons=256), "ecp5", "", ""),
        pytest.param(SERIAL, "gowin", "", "", marks=pytest.mark.slow),
        pytest.param(replace(SERIAL, weight_ports=2), *SMALL, marks=pytest.mark.slow),
        pytest.param(
            replace(SERIAL, lanes=16, layout=Layout.SKEWED), *SMALL, marks=pytest.mark.slow
        ),
    ],
    ids=["small", "small ecp5", "large ecp5", "gowin", "two ports", "too many banks"],
)
def test_what_synthesis_may_assume_of_memories(geometry, family, style, other):
    """By the attributes of hdl/common/memory.py; and weights go to SPRAM, if there is enough."""
    found = memories(design_text(Chip(geometry), "chip", family))
    banks = {entry for (module, _), entry in found.items() if module.endswith("weights")}
    assert banks == {(True, style, False)}
    others = {key: entry for key, entry in found.items() if not key[0].endswith("weights")}
    assert {entry[1:] for entry in others.values()} == {(other, True)}
    # The bitmap of pending spikes alone is read where it is being written.
    assert [key[0] for key, entry in others.items() if not entry[0]] == [r"\chip.core.scheduler"]


def test_a_parallel_core_reads_sums_that_are_being_written():
    found = memories(design_text(Chip(TINY), "chip", "ecp5"))
    readers = [module for (module, _), entry in found.items() if not entry[0]]
    assert {r"\chip.core.scheduler", r"\chip.core.synapses"} <= set(readers)


def test_no_wire_is_named_like_a_bit_of_another():
    """ABC9 took the register `sets[0]` for bit 0 of `sets`: 32 lanes on an ECP5 did not map."""
    chip = Chip(TINY)
    bracket = re.compile(r"\\\S+\[")
    assert bracket.search(rtlil.convert(chip, name="chip", emit_src=False))
    text = design_text(chip, "chip", "ecp5")
    assert not bracket.search(text)
    assert "sets<1>.pq_on" in text
    assert re.search(r" \\\S+ \[\d+:\d+\]", text), "slices stay"


def test_unknown_family(tmp_path):
    with pytest.raises(ValueError, match="family must be one of"):
        synthesise(None, "vertex", tmp_path)
