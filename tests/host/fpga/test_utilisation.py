"""What Yosys' cells are counted as."""

from __future__ import annotations

import pytest

from axonloop.host.fpga.utilisation import KINDS, count_kinds, kind_of


def test_cells_are_summed_by_kind() -> None:
    cells = {"LUT4": 100, "LUT2": 7, "TRELLIS_FF": 50, "DP16KD": 3, "PDPW16KD": 2, "VCC": 1}
    wanted = dict.fromkeys(KINDS, 0) | {"LUT": 107, "FF": 50, "block RAM": 5}
    assert count_kinds(cells) == wanted


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("SB_LUT4", "LUT"),
        ("SB_CARRY", "carry"),
        ("ALU", "carry"),
        ("ALU54D", "DSP"),
        ("SB_MAC16", "DSP"),
        ("MULT18X18D", "DSP"),
        ("SB_DFFESR", "FF"),
        ("DFFCE", "FF"),
        ("RAM16SDP4", "LUT RAM"),
        ("SB_RAM40_4KNR", "block RAM"),
        ("SDPX9B", "block RAM"),
        ("SB_SPRAM256KA", "SPRAM"),
        ("LUT44", None),
        ("GSR", None),
    ],
)
def test_the_kind_of_a_cell_of_any_family(cell: str, kind: str | None) -> None:
    assert kind_of(cell) == kind
