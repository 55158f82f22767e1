"""Settings for weights of other widths than 8 bits."""

from __future__ import annotations

import pytest

from axonloop.host.configuration import Settings
from axonloop.host.training.weight_bits import with_bits


@pytest.mark.parametrize("bits", [1, 17])
def test_widths_that_no_weight_has(bits: int) -> None:
    with pytest.raises(ValueError, match=rf"^weight bits must be .* in 2\.\.16, not {bits}$"):
        with_bits(Settings(), bits)
