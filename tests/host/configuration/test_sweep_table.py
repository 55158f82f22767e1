"""The table of a sweep: what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from axonloop.host.configuration import SweepSettings


@pytest.mark.parametrize(
    ("name", "value"),
    [("search_seed", -1), ("search_seed", 2**32), ("trials", 0), ("share", 4097), ("batch", 0)],
)
def test_values_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{name} must be a whole number in .*, not {value}$"):
        SweepSettings(**{name: value})
