"""The estimate of energy: sums by hand, its text, and what it refuses."""

from __future__ import annotations

import re

import pytest

from axonloop.host.energy import COSTS, Energy, chip_energy, energy_of
from tests.support.contract import DOCS


def test_a_sum_by_hand() -> None:
    found = energy_of({"synops": 1000, "visits": 10})
    assert found.typical == pytest.approx((1000 * 23.6 + 10 * 120) * 1e-12, rel=1e-12)
    assert found.low == pytest.approx((1000 * 1.28 + 10 * 2.73) * 1e-12, rel=1e-12)
    assert found.high == pytest.approx((1000 * 26 + 10 * 120) * 1e-12, rel=1e-12)


def test_a_chips_counters() -> None:
    counters = {"ticks": 5, "synops": 7, "visits": 3, "north": 1, "west": 2, "local": 99}
    wanted = 7 * 23.6 + 3 * 120 + 5 * 16 * 52 + 3 * 3.5
    assert chip_energy(counters, 16).typical == pytest.approx(wanted * 1e-12, rel=1e-12)


def test_every_range_is_one() -> None:
    for name, (cost, source) in COSTS.items():
        assert 0 < cost.low <= cost.typical <= cost.high, name
        assert source


def test_the_page_says_the_same_costs() -> None:
    section = (DOCS / "training.md").read_text().split("## Energy")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [a-zA-Z][^|]*\| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|", section, re.M)
    costs = [[1e12 * x for x in (c.low, c.typical, c.high)] for c, _ in COSTS.values()]
    assert [[float(x) for x in row] for row in rows] == [pytest.approx(c) for c in costs]


@pytest.mark.parametrize(
    ("joules", "text"),
    [
        ((3.1e-4, 1.23e-3, 1.3e-3), "1.2 mJ (0.31 to 1.3)"),
        ((2e-6, 1.5e-4, 2.34e-3), "150 uJ (2 to 2,300)"),
        ((0, 0, 0), "0 pJ (0 to 0)"),
    ],
)
def test_its_text(joules: tuple[float, float, float], text: str) -> None:
    assert str(Energy(*joules)) == text


def test_what_it_refuses() -> None:
    with pytest.raises(ValueError, match=r"operations must be of synops, visits, .*not \['cats'\]"):
        energy_of({"cats": 1})
    with pytest.raises(ValueError, match="synops must be 0 or more, not -1"):
        energy_of({"synops": -1})
