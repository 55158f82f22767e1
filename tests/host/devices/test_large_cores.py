# amaranth: UnusedElaboratable=no
"""Cores that are larger than any that is built: models take them, words do not reach them."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.hdl.core import Core
from axonloop.host.devices import open_device
from axonloop.host.devices.packets import PacketDevice, Words
from axonloop.models.config import (
    ONE_CORE,
    Convolution,
    ConvolutionGeometry,
    CoreConfig,
    ParameterSet,
    Row,
)
from axonloop.models.protocol import Region

SIDES = {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}
GEOMETRY = ConvolutionGeometry(4097, 4097, kernel_rows=4097, kernel_columns=1, **SIDES)
LARGE = CoreConfig(
    GEOMETRY,
    (ParameterSet(theta=300),),
    rows=(Row(plastic=True),) * 4097,
    convolutions=(Convolution(1, 1, 1, 1, 1, 1, 0, 4096, 4096, 4096),),
)
TOLD = (
    r"^axons of a core that is built must be at most 4096 \(.* golden and batched .*\), not 4097$"
)


class Wire:
    """A transport on which nothing may be said."""

    closed = False

    def exchange(self, words: Words, expected: int) -> Words:
        raise AssertionError

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("name", ["golden", "batched"])
def test_models_hear_of_the_last_axon_and_neuron(name: str) -> None:
    with open_device(name, LARGE) as device:
        weights = np.full((4097, 1), GEOMETRY.no_synapse)
        weights[4096] = 100
        device.load_weights(weights)
        device.tick([4096])
        current = device.read(Region.CURRENT)
        assert current[4096] > 0
        assert not current[:4096].any()


@pytest.mark.parametrize("name", ["rtl", "gates:ecp5"])
def test_gateware_is_not_built_of_them(name: str) -> None:
    with pytest.raises(ValueError, match=TOLD):
        open_device(name, LARGE)
    with pytest.raises(ValueError, match=TOLD):
        Core(GEOMETRY, ONE_CORE)


def test_no_word_is_sent_to_them() -> None:
    wire = Wire()
    with pytest.raises(ValueError, match=TOLD):
        PacketDevice(wire, LARGE)
    assert wire.closed
