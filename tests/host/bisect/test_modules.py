"""The signals that matter for a difference."""

from __future__ import annotations

import pytest

from axonloop.host.bisect.difference import Difference
from axonloop.host.bisect.modules import modules_of
from axonloop.models.config import Geometry

LANES = dict.fromkeys(("lanes", "update_lanes", "multipliers"), 4)
GEOMETRY = Geometry(**LANES, trace_lanes=2)


@pytest.mark.parametrize(
    ("unit", "index", "lane"),
    [
        ("weight", (3, 6), "core*.learning.update.lane_2.*"),
        ("membrane", (7,), "core*.neurons.lane_3.*"),
        ("trace_q", (7,), "core*.traces.lane_1.*"),
    ],
)
def test_the_lane_that_computes_the_word(unit: str, index: tuple[int, ...], lane: str) -> None:
    found = modules_of(Difference(5, unit, index, 0, (1, 2)), GEOMETRY)
    assert [name for name in found if ".lane_" in name] == [lane]
    assert found[-1] == "core*.control.*"
