"""What is asked of an experiment: which seeds, unless they are given."""

from __future__ import annotations

from axonloop.host.order import Order


def test_a_full_order_has_three_seeds_another_one_the_first() -> None:
    assert list(Order().seeds) == [1]
    assert list(Order(full=True).seeds) == [1, 2, 3]
    assert list(Order(full=True, seeds=[5]).seeds) == [5]
