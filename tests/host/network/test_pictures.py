"""What pictures of networks write beside what they draw."""

from __future__ import annotations

import pytest

from axonloop.host.network.channel_picture import _cut
from axonloop.host.network.mesh_picture import _number


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0004, "<0.001"),
        (0.0123, "0.012"),
        (0.5, "0.50"),
        (12.34, "12.3"),
        (100.4, "100"),
    ],
)
def test_a_rate_has_about_three_digits(value: float, text: str) -> None:
    assert _number(value) == text


def test_a_long_name_is_cut() -> None:
    assert _cut("fourteen_chars") == "fourteen_chars"
    assert _cut("fifteen_letters") == "fifteen_lette…"
