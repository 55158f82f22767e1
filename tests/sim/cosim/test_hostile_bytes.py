"""The gateware of a whole board under fire: it answers the next good frame, whatever came."""

from __future__ import annotations

import pytest

from axonloop.models.protocol import Status
from tests.support.hostile import KINDS, besiege


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", [1])
def test_the_next_good_frame_is_answered(seed: int, kind: str) -> None:
    siege, fired = besiege(seed, {kind: 15_000})
    assert fired[kind] >= 15_000
    assert siege.answered >= 5


@pytest.mark.slow
def test_a_million_random_bytes_and_others_between_them() -> None:
    siege, fired = besiege(0, dict.fromkeys(KINDS, 250_000) | {"noise": 1_000_000})
    assert fired["noise"] >= 1_000_000
    assert siege.answered > 1000
    assert siege.plain.counters[Status.BAD] > 1000
