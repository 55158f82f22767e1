"""The way that torch takes on a GPU, tried on the CPU: all is computed, and the host never waits.

No GPU is needed: what is asked of the device alone decides which operations are called.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from axonloop.models.config import Mesh
from axonloop.models.protocol import Counter
from axonloop.sim import stimulus
from axonloop.sim.batched import BatchedChip, memory
from axonloop.sim.batched.tensors import learning, synapses
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES
from tests.sim.batched.test_shared import learn_together
from tests.support.random.batches import KINDS, Batch
from tests.support.random.beside import lively
from tests.support.random.chips import random_chip

WAITS = {"_local_scalar_dense", "nonzero", "masked_select", "is_nonzero", "equal"}
"""Operations for whose result the host waits."""
COPIES = {"lift_fresh"}
"""What a tensor made of Python's numbers calls: a copy from the host to the device."""


@pytest.fixture(autouse=True)
def _gpu_way(monkeypatch: pytest.MonkeyPatch, torch_alone: None) -> None:
    for module in (learning, synapses):
        monkeypatch.setattr(module, "chooses", lambda device: False)


class Calls(TorchDispatchMode):
    """Counts the operations of torch that are called within, by name."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__
        self.counts[name] = self.counts.get(name, 0) + 1
        return func(*args, **(kwargs or {}))

    def of(self, names: set[str]) -> int:
        return sum(self.counts.get(name, 0) for name in names)


@pytest.mark.parametrize("kind", [*KINDS, "many"])
@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
def test_copies_equal_golden_chips(mesh: Mesh, kind: str) -> None:
    copies, shared = KINDS.get(kind, (9, True))
    rng = np.random.default_rng([5, mesh.columns, copies])
    errors = not shared or copies == 1
    Batch.random(rng, mesh, copies, shared).live(rng, 6, errors=errors)


@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1)], ids=str)
def test_copies_that_share_weights_learn_as_the_page_says(mesh: Mesh) -> None:
    rng = np.random.default_rng([1, mesh.columns, 6])
    learn_together(rng, random_chip(rng, mesh), 7)


@pytest.mark.parametrize("name", ["device-terms", "device-gain"])
def test_terms_that_see_the_weight_touch_all_of_them(name: str) -> None:
    rng = np.random.default_rng([6, len(name)])
    learn_together(rng, lively(rng, GEOMETRIES[name]), 3)


def running_chip(
    name: str, shared: bool, drops: bool = False
) -> tuple[BatchedChip, torch.Tensor, torch.Tensor]:
    """A chip of three copies that has learned once, and its input.

    Rows that may drop spikes, if `drops`, are a choice by the data.
    """
    rng = np.random.default_rng(len(name))
    chip = stimulus.random_chip(rng, (GEOMETRIES | CONVOLUTIONS)[name], Mesh())
    cores = tuple(
        replace(core, parameter_sets=tuple(replace(p, blank=0) for p in core.parameter_sets))
        for core in chip.cores
    )
    config = chip if drops else replace(chip, cores=cores)
    found = BatchedChip(config, 3, shared, seeds=None if shared else [4, 5, 6])
    found.load_weights(stimulus.random_chip_weights(rng, config))
    spikes = torch.from_numpy(rng.random((3, config.axons)) < 0.3)
    errors = torch.from_numpy(rng.integers(-3, 4, (3, config.neurons)))
    found.tick(spikes)
    found.send_errors(errors)
    found.learn()
    return found, spikes, errors


BUILDS = ["small", "device-terms", "noise", "conv-terms"]


@pytest.mark.parametrize("name", BUILDS)
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_the_host_waits_for_no_tick_and_for_no_learning_with_shared_weights(
    name: str, shared: bool
) -> None:
    """It waits once for errors, which may be refused, and where chips of their own learn."""
    chip, spikes, errors = running_chip(name, shared)
    with Calls() as calls:
        chip.run(spikes[None].expand(30, -1, -1))
    assert calls.of(WAITS) == 0
    assert calls.of(COPIES) <= 2, "where tallies become counters"
    with Calls() as calls:
        chip.send_errors(errors)
    assert (calls.of(WAITS), calls.of(COPIES)) == (1, 0)
    with Calls() as calls:
        chip.learn()
    assert calls.of(WAITS - {"nonzero"}) == calls.of(COPIES) == 0
    assert (calls.of({"nonzero"}) == 0) == (shared or name == "conv-terms")


@pytest.mark.parametrize("name", [*BUILDS, "terms-blank", "mask", "analogue"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
def test_every_tensor_is_made_on_the_device(name: str, shared: bool) -> None:
    """One that is made without naming it would be of `meta` here, and meet those that are not."""
    chip, spikes, errors = running_chip(name, shared, drops=True)
    engine, counts = chip.engine, spikes.to(torch.int32)
    with torch.device("meta"):
        for tick in range(1, 4):
            engine.run(tick, spikes[None], learn=False)
            engine.send_spikes(tick + 1, counts)
            assert engine.send_errors(errors, False, None)
            engine.learn(tick)
        engine.changed()
        engine.clear()
        ticks = engine.counters()[:, :, Counter.TICKS]
    assert ticks.tolist() == [[4]] * 3


def test_free_memory_counts_what_torch_keeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chip that is gone leaves its memory with torch, which gives it to the next one."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 5000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 700)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 200)
    assert memory.free_memory(torch.device("cuda")) == 1500
