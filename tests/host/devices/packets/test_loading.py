"""The words that load a chip leave it as a device of the host leaves it."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.devices.packets import Words, load_words, table_words, unpack_weights
from axonloop.models.config import ChipConfig, CoreConfig, Mesh, ParameterSet
from axonloop.models.protocol import Control, Kind, Region, argument_of, core_of, kind_of
from tests.support.tiny_chips import TINY

CORES = (
    CoreConfig(TINY, (ParameterSet(theta=7), ParameterSet()), bias=(1, -2, 3, 4), seed=77),
    CoreConfig(TINY, (ParameterSet(), ParameterSet(box=9)), core=1, seed=77),
)
CHIP = ChipConfig(CORES, Mesh(2, 1))


def written(words: Words) -> dict[tuple[int, int], list[int]]:
    """By core and address, what WRITE packets write; there must be no others."""
    rest, found = iter(words.tolist()), {}
    for head in rest:
        assert kind_of(head) == Kind.WRITE
        where = core_of(head), next(rest)
        found[where] = [next(rest) for _ in range(argument_of(head))]
    return found


def test_every_core_gets_its_tables_its_seed_and_its_weights() -> None:
    weights = np.random.default_rng(1).integers(-127, 128, (8, 4), np.int32)
    found = written(load_words(CHIP, weights))
    for index, core in enumerate(CORES):
        for region, words in table_words(core).items():
            assert found.pop((index, region << 24)) == words.tolist()
        assert found.pop((index, Control.SEED)) == [77]
        packed = np.array(found.pop((index, Region.WEIGHT << 24)), np.uint32)
        assert unpack_weights(TINY, packed).tolist() == weights[4 * index : 4 * index + 4].tolist()
    assert not found


def test_weights_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="weights"):
        load_words(CORES[0], np.zeros((4, 5), np.int32))
