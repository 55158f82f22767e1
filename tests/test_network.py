"""A layer on the rows and groups of a core."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.golden import GoldenDevice
from axonloop.host.network import Layer
from axonloop.models.config import ParameterSet, Row

LAYER = Layer(inputs=18, neurons=8)


def test_rows_and_groups() -> None:
    geometry = LAYER.geometry(lanes=4)
    assert (geometry.axons, geometry.neurons, geometry.groups) == (20, 8, 2)
    config = LAYER.config(geometry, ParameterSet(), seed=5)
    assert config.rows[:18] == (Row(groups=2, plastic=True),) * 18
    assert config.rows[18] == Row(groups=2, plastic=True, always_on=True)
    assert config.rows[19] == Row()
    assert config.seed == 5


def test_layer_without_bias() -> None:
    layer = Layer(inputs=20, neurons=8, bias=False)
    config = layer.config(layer.geometry(lanes=4), ParameterSet(), seed=1)
    assert config.rows == (Row(groups=2, plastic=True),) * 20


@pytest.mark.parametrize("seed", [0, 1])
def test_first_weights(seed: int) -> None:
    geometry = LAYER.geometry(lanes=4)
    weights = LAYER.weights(geometry, 3, np.random.default_rng(seed))
    assert (weights[:18].min(), weights[:18].max()) == (-3, 3)
    assert (weights[18] == 0).all()
    assert (weights[19] == geometry.no_synapse).all()
    with GoldenDevice(LAYER.config(geometry, ParameterSet(), seed=1)) as device:
        device.load_weights(weights)
        assert (device.read_weights() == weights).all()


def test_mistakes() -> None:
    with pytest.raises(ValueError, match=r"^neurons must be a multiple of lanes \(16\), not 8$"):
        LAYER.geometry(lanes=16)
    geometry = LAYER.geometry(lanes=4)
    with pytest.raises(ValueError, match="^rows of the layer must be a whole number in 1..20, not"):
        Layer(40, 8).config(geometry, ParameterSet(), 1)
    with pytest.raises(ValueError, match="^neurons must be 8, not 4$"):
        Layer(4, 4).config(geometry, ParameterSet(), 1)
    with pytest.raises(ValueError, match="^span of the first weights must be a whole number"):
        LAYER.weights(geometry, 128, np.random.default_rng(0))
