"""How long a chip may say nothing before it counts as hung."""

from __future__ import annotations

from axonloop.host.devices.rtl import patience
from axonloop.models.config import Geometry
from axonloop.models.cycles import learn_cycles


def test_patience_outlasts_reading_all_weights_and_the_longest_learning() -> None:
    geometry = Geometry(axons=512, neurons=512)
    slowest = learn_cycles(geometry, 512, eta_shift=31)
    assert patience(geometry) >= 4 * 512 * 512 + 2 * slowest + 100_000
