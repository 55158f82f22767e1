"""What a waveform opens on: modules that the chip has, the lane of the word among them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from axonloop.host.bisect import Difference, modules_of
from axonloop.models.config import Geometry
from axonloop.models.protocol import Counter, Region, state_regions
from axonloop.sim.cosim.chip_library import cached_verilog
from axonloop.sim.stimulus import GEOMETRIES

GEOMETRY = GEOMETRIES["small"]
UNEQUAL = GEOMETRIES["one-port-half"]
"""16 lanes, 4 of updates, 2 of traces."""
MODULES = set(re.findall(r"^module \\?axonloop_chip\.([\w.]+)", cached_verilog(GEOMETRY), re.M))


def opened_on(geometry: Geometry, unit: str, *index: int) -> tuple[str, ...]:
    """The patterns between those of the ports and that of the registers."""
    found = modules_of(Difference(3, unit, index, 0, (1, 2)), geometry)
    assert found[0] == "clk"
    assert found[-1] == "core*.control.*"
    return found[4:-1]


@pytest.mark.parametrize(
    ("unit", "index", "first"),
    [
        ("weight", (2, 7), "core*.learning.update.lane_3.*"),
        ("reported", (7,), "core*.neurons.queue.*"),
        ("gated", (1,), "core*.learning.errors.*"),
        ("ungated", (1,), "core*.learning.errors.*"),
        ("pending", (1, 3), "core*.scheduler.*"),
        ("membrane", (22,), "core*.neurons.lane_6.*"),
        ("trace_p", (7,), "core*.traces.lane_1.*"),
        ("updates", (), "core*.counters.*"),
    ],
)
def test_the_module_of_a_word_comes_first(unit: str, index: tuple[int, ...], first: str) -> None:
    assert opened_on(UNEQUAL, unit, *index)[0] == first


def test_what_reports_a_spike_and_what_is_no_word() -> None:
    assert opened_on(UNEQUAL, "eta_shift") == ()
    assert opened_on(UNEQUAL, "reported", 18)[1] == "core*.neurons.lane_2.*"


def test_the_chip_has_all_modules() -> None:
    units = [region.name.lower() for region in state_regions(GEOMETRY)]
    units += [counter.name.lower() for counter in Counter]
    units += [region.name.lower() for region in (Region.PENDING, Region.GATED, Region.UNGATED)]
    patterns = {part for unit in (*units, "reported") for part in opened_on(GEOMETRY, unit, 1)}
    patterns |= set(opened_on(GEOMETRY, "weight", 1, 1))
    assert len(patterns) > 10
    for pattern in patterns:
        assert any(fnmatchcase(module, pattern.removesuffix(".*")) for module in MODULES), pattern
