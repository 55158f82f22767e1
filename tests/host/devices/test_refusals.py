"""Calls that no device takes: the same refusal from every device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from axonloop.host.devices import Device, DeviceError, open_device
from axonloop.models.config import CoreConfig
from axonloop.models.protocol import MODEL_COUNTERS, Region
from axonloop.sim.stimulus import GEOMETRIES

CONFIG = CoreConfig(GEOMETRIES["small"])
SHAPE = (CONFIG.geometry.axons, CONFIG.geometry.neurons)
WEIGHTS = np.random.default_rng(7).integers(-20, 21, SHAPE)

CALLS: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "tick-float": ("tick", ([0.5],), "axons must be whole numbers of an integer dtype, not float"),
    "tick-nan": ("tick", ([np.nan],), "axons must be whole numbers of an integer dtype, not float"),
    "tick-range": ("tick", ([16],), "axons must be in 0..15, not 16"),
    "tick-below": ("tick", (np.array([3, -1], np.int32),), "axons must be in 0..15, not -1"),
    "tick-above": ("tick", (np.array([3, 16], np.int32),), "axons must be in 0..15, not 16"),
    "neuron-below": (
        "send_errors",
        (np.array([-1], np.int32), np.array([1], np.int32)),
        "neurons of error events must be in 0..15, not -1",
    ),
    "value-below": (
        "send_errors",
        (np.array([1], np.int32), np.array([-128], np.int32)),
        "values of error events must be in -127..127, not -128",
    ),
    "trains-none": ("run", (None,), "trains must be a list, axons of one tick an entry, not None"),
    "trains-word": ("run", ("abc",), "trains must be a list, axons of one tick an entry, not 'ab"),
    "trains-0d": ("run", (np.array(3),), "trains must be a list, axons of one tick an entry, not"),
    "delay": ("send_spikes", ([1], 0.5), "delay must be a whole number in 0..2, not 0.5"),
    "errors": ("send_errors", ([1], [200]), "values of error events must be in -127..127, not 200"),
    "weights": ("load_weights", (WEIGHTS * 99,), "weights must be in -128..127, not "),
    "read-list": ("read", ([],), "region must be one of CURRENT, MEMBRANE, "),
    "read-many-none": ("read_many", (None,), "regions must be a list, not None"),
    "read-many-dict": ("read_many", ([{}],), "region must be one of CURRENT, MEMBRANE, "),
    "write-number": ("write", (16, [0] * 3), "current must be of shape (16,), not (3,)"),
    "configure": ("configure", (None,), "configuration must be a ChipConfig, not None"),
    "restore-none": ("restore", (None,), "snapshot must be a dictionary, not None"),
    "restore-keys": ("restore", ({3: 4, "tick": 1},), "snapshot must be made of ['box', "),
}
AFTER_CLOSE: dict[str, tuple[Any, ...]] = {
    "tick": ([1],),
    "send_spikes": ([1],),
    "send_errors": ([1], [1]),
    "clear": (),
    "read_weights": (),
    "counters": (),
    "load_weights": (WEIGHTS,),
    "configure": (CONFIG,),
}


@pytest.fixture(scope="module", params=["golden", "rtl", "batched"])
def device(request: pytest.FixtureRequest) -> Iterator[Device]:
    with open_device(request.param, CONFIG) as opened:
        opened.load_weights(WEIGHTS)
        opened.tick(np.array([1, 2, 3]))
        yield opened


def everything(device: Device) -> list[Any]:
    state, counters = device.snapshot(), device.counters()
    del state["counters"]  # the golden model's have no cycles
    found = [np.asarray(state[name]).tolist() for name in sorted(state)]
    return found + [counters[name] for name in MODEL_COUNTERS]


@pytest.mark.parametrize("name", CALLS)
def test_misuse_is_refused_and_changes_nothing(device: Device, name: str) -> None:
    method, arguments, message = CALLS[name]
    before = everything(device)
    with pytest.raises(ValueError) as caught:
        getattr(device, method)(*arguments)
    assert str(caught.value)[: len(message)] == message
    assert everything(device) == before


def test_regions_by_number_and_none_at_all(device: Device) -> None:
    current = device.read(Region.CURRENT)
    device.write(16, current)  # type: ignore[arg-type]
    assert device.read(Region.CURRENT).tolist() == current.tolist()
    assert device.read_many([]) == []


@pytest.mark.parametrize("kind", ["golden", "rtl", "batched"])
def test_a_closed_device_says_so(kind: str) -> None:
    device = open_device(kind, CONFIG)
    device.close()
    device.close()
    for method, arguments in AFTER_CLOSE.items():
        with pytest.raises(DeviceError, match="^device must be open, not closed$"):
            getattr(device, method)(*arguments)
