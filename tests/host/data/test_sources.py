"""Samples with several sources: a key for each, side by side in the channels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from axonloop import (
    DataDescription,
    Network,
    Population,
    Projection,
    Settings,
    Source,
    Split,
    open_data,
    train,
    uniform_weights,
)
from axonloop.host.configuration import PARAMETERS
from axonloop.host.data import generator

RANDOM = np.random.default_rng(4)
LABELS = RANDOM.integers(0, 2, 40)
ARRAYS = {
    "images": RANDOM.random((40, 3, 4)),
    "sounds": (200 * RANDOM.random((40, 5))).astype(np.uint8),
    "targets": LABELS,
}
BOTH = DataDescription(inputs={"eye": "images", "ear": "sounds"}, ticks=10)
SETTINGS = Settings().changed(
    {
        "network": {"layers": [8], "lanes": 8},
        "objective": {"burn_in": 3},
        "run": {"epochs": 1},
    }
)


def network(eye: int = 12, ear: str = "ear") -> Network:
    """The sources in another order than that of the data."""
    random = np.random.default_rng(1)
    return Network(
        (Source(ear, 5), Source("eye", eye)),
        (Population("top", 8, PARAMETERS),),
        (
            Projection("eye", "top", uniform_weights(random, eye, 8, 8)),
            Projection(ear, "top", uniform_weights(random, 5, 8, 8)),
        ),
    )


def test_channels_lie_side_by_side() -> None:
    """Each source has its own range; spikes of the first are those that it has alone."""
    with open_data(BOTH, ARRAYS) as data:
        assert (data.channels, data.channels_of) == (17, {"eye": 12, "ear": 5})
        both = data.train.raster(0, generator(1, 0))
        number = data.train.number(0)
    alone = DataDescription(inputs="images", ticks=10)
    with open_data(alone, ARRAYS) as data:
        assert data.channels_of == {}
        assert (data.train.inputs.raster(number, generator(1, 0)) == both[:, :12]).all()


def test_a_network_hears_each_source_by_its_name(tmp_path: Path) -> None:
    """The order in which a network or the data name them decides nothing but the draws."""
    with open_data(BOTH, ARRAYS) as data:
        first = train(network(), data, settings=SETTINGS, out=tmp_path / "run", epochs=1)
        again = train(network(), data, settings=SETTINGS, device="batched")
        assert first["weight_hash"] == again["weight_hash"]
        joined = train(SETTINGS, data)
    deaf = {**ARRAYS, "sounds": np.zeros_like(ARRAYS["sounds"])}
    with open_data(BOTH, deaf) as data:
        assert train(network(), data, settings=SETTINGS)["weight_hash"] != first["weight_hash"]
        assert train(SETTINGS, data)["weight_hash"] != joined["weight_hash"]


def test_a_description_goes_through_a_file() -> None:
    settings = SETTINGS.changed({"data": {"inputs": {"eye": "a", "ear": "b"}, "ticks": 10}})
    table = settings.to_dict()
    assert table["data"]["inputs"] == {"eye": "a", "ear": "b"}
    assert Settings.from_dict(table) == settings
    assert len({settings, Settings.from_dict(table)}) == 1


def test_files_are_read_by_the_largest_chunks(tmp_path: Path) -> None:
    """Three large chunks of one key; of the other's thirty, ten belong to each and must stay."""
    with h5py.File(tmp_path / "set.h5", "w") as file:
        for key, rows in (("small", 16), ("large", 160)):
            made = file.create_dataset(key, (480, 4, 1024), np.uint8, chunks=(rows, 4, 1024))
            made[:] = np.arange(480)[:, None, None] % 2
        file["targets"] = np.arange(480) % 2
    described: dict[str, Any] = {"kind": "spikes", "split": Split(train=1, validation=0, test=0)}
    for memory, kept in ((2, 1), (3, 2)):
        inputs = {"a": "small", "b": "large"}
        path = str(tmp_path / "set.h5")
        with open_data(DataDescription(path, inputs=inputs, memory=memory, **described)) as data:
            order = data.train.order(1, 0)
            assert data.train.inputs.chunks_kept == kept
            assert len(set((order[: 160 * kept] // 160).tolist())) == kept
            assert sorted(order.tolist()) == list(range(480))


@pytest.mark.parametrize(
    ("inputs", "more", "message"),
    [
        ({}, {}, "inputs must be one key of values, or names of sources and their keys"),
        ({"eye": 3}, {}, "inputs must be one key of values, or names of sources and their keys"),
        (3, {}, "inputs must be a text, or a table of sources, not 3"),
        ({"eye": "none"}, {}, "arrays: key must be one of images, sounds, targets, not 'none'"),
        (BOTH.inputs, {"sounds": ARRAYS["sounds"][:-1]}, "arrays: samples and ticks of the sour"),
    ],
)
def test_sources_that_are_refused(inputs: Any, more: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_data(DataDescription(inputs=inputs, ticks=10), ARRAYS | more)


@pytest.mark.parametrize(
    ("description", "own", "message"),
    [
        (BOTH, network(ear="nose"), "sources of the network must be those of data.inputs"),
        (BOTH, network(eye=13), "sizes of the sources must be .* as the data, not"),
        (DataDescription(inputs="images", ticks=10), network(), "sources of the network must be"),
    ],
)
def test_networks_with_other_sources(
    description: DataDescription, own: Network, message: str
) -> None:
    with open_data(description, ARRAYS) as data, pytest.raises(ValueError, match=message):
        train(own, data, settings=SETTINGS)
