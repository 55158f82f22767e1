"""The netlist of a chip, with a Yosys that hands on what it is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from axonloop.hdl.flow import Tool, chip_netlist, netlist
from tests.support.tiny_chips import TINY


@pytest.fixture
def scripts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that Yosys got; the netlist that it makes is the chip as it was given."""
    heard = []

    def run(tool: Tool, arguments: Sequence[str], folder: Path) -> str:
        heard.append(arguments[-1])
        (folder / "netlist.v").write_text((folder / "chip.il").read_text())
        return ""

    monkeypatch.setattr(netlist, "run_tool", run)
    monkeypatch.setattr(netlist, "netlist_yosys", lambda: Tool("yosys", "yosys", "0.69"))
    return heard


@pytest.mark.slow
def test_a_netlist_is_of_core_0_if_no_other_is_asked_for(
    scripts: list[str], tmp_path: Path
) -> None:
    usual = chip_netlist(TINY, "ice40", tmp_path)
    assert usual == chip_netlist(TINY, "ice40", tmp_path, 0) != ""
    assert usual != chip_netlist(TINY, "ice40", tmp_path, 1)
    assert set(scripts) == {netlist.netlist_script("ice40")}


def test_a_family_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="family of cells must be one of"):
        netlist.netlist_script("gowin")
