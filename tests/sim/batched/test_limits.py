"""What the batched emulator refuses, what it needs, and how it splits work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.models.config import ChipConfig, CoreConfig, Geometry, Mesh, Row
from axonloop.models.protocol import Region
from axonloop.sim.batched import BatchedChip, infer, memory
from axonloop.sim.batched.memory import fitting_copies
from axonloop.sim.batched.tensors import choose
from tests.support.random.batches import chip_weights
from tests.support.random.chips import random_chip

pytestmark = pytest.mark.usefixtures("torch_alone")

GEOMETRY = Geometry(32, 32)
CONFIG = CoreConfig(GEOMETRY, rows=(Row(groups=1), *(Row(groups=2),) * 31))
FLAGS, NUMBERS = np.zeros((3, 32), bool), np.zeros((3, 32), np.int64)
WEIGHTS = np.full((3, 32, 32), -128)


def everything(chip: BatchedChip) -> dict[str, Any]:
    return {k: v.tolist() if torch.is_tensor(v) else v for k, v in chip.snapshot().items()}


def chip_of(shared: bool = False) -> BatchedChip:
    chip = BatchedChip(CONFIG, 3, shared)
    chip.tick(FLAGS)
    return chip


BAD_SNAPSHOTS = {
    "snapshot-keys": ({"more": 1}, "snapshot must be made of"),
    "snapshot-state": ({"current": NUMBERS + 2**15}, "current must be in -32768..32767, not 32768"),
    "snapshot-tick": ({"tick": -1}, "tick of the snapshot must be a whole number in 0..4294967295"),
    "snapshot-seeds": ({"seeds": [1]}, "seeds must be 3, one per weight memory, not 1"),
    "snapshot-weights": ({"weights": WEIGHTS - 1}, "weights must be in -128..127, not -129"),
    "snapshot-counters": ({"counters": NUMBERS}, "counters of the snapshot must be of shape"),
}
REFUSED = {
    "spikes-shape": (lambda c: c.tick(FLAGS[1:]), "spikes must be of shape (3, 32), not (2, 32)"),
    "spikes-kind": (lambda c: c.tick(NUMBERS), "spikes must be of dtype bool, not torch.int64"),
    "raster-shape": (lambda c: c.run(FLAGS), "raster must be of shape (3, 3, 32), not (3, 32)"),
    "raster-kind": (lambda c: c.run(NUMBERS[None]), "raster must be of dtype bool, not torch."),
    "delay": (lambda c: c.send_spikes(FLAGS, 3), "delay must be a whole number in 0..2, not 3"),
    "counts": (lambda c: c.send_spikes(NUMBERS - 1), "spikes must be in 0..2147483647, not -1"),
    "counts-kind": (lambda c: c.send_spikes(NUMBERS * 1.0), "spikes must be whole numbers of an"),
    "errors-kind": (lambda c: c.send_errors(FLAGS), "values of error events must be whole numbers"),
    "errors-sum": (lambda c: c.send_errors(NUMBERS + 32768), "sums of errors must be in -32768..3"),
    "errors-events": (lambda c: c.send_errors(NUMBERS, events=FLAGS), "events must be whole numbe"),
    "weights-range": (lambda c: c.load_weights(WEIGHTS + 256), "weights must be in -128..127, not"),
    "weights-shape": (
        lambda c: c.load_weights(WEIGHTS[:2]),
        "weights must be of shape (3, 32, 32)",
    ),
    "weights-span": (
        lambda c: c.load_weights(WEIGHTS + 1),
        "weights[0, 16], outside of the groups of row 0, must be -128 (no synapse), not -127",
    ),
    "weights-span-of-all": (
        lambda c: c.load_weights(WEIGHTS[0] + 1),
        "weights[0, 16], outside of the groups of row 0, must be -128 (no synapse), not -127",
    ),
    "region": (lambda c: c.read(Region.BIAS), "region must be one of CURRENT, "),
    "read-only": (lambda c: c.write(Region.GATED, NUMBERS), "region must be one of CURRENT, "),
    "state": (lambda c: c.write(Region.SPIKE, NUMBERS + 2), "spike must be in 0..1, not 2"),
    "geometry": (lambda c: c.configure(CoreConfig()), "geometry must be the chip's own"),
    "core": (lambda c: c.configure(CoreConfig(GEOMETRY, core=3)), "first must be the chip's own"),
    **{
        name: (lambda c, s=spoilt: c.restore(c.snapshot() | s), message)
        for name, (spoilt, message) in BAD_SNAPSHOTS.items()
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_wrong_input_is_refused_and_changes_nothing(name: str) -> None:
    action, message = REFUSED[name]
    chip = chip_of()
    before = everything(chip)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        action(chip)
    assert everything(chip) == before


def test_shared_weights_are_one_array() -> None:
    with pytest.raises(ValueError, match=r"weights must be of shape \(32, 32\), not \(3, 32, 32\)"):
        chip_of(shared=True).load_weights(WEIGHTS)


def test_learning_twice_is_refused() -> None:
    chip = chip_of()
    chip.learn()
    with pytest.raises(ValueError, match="^learn must be asked for at most once after each tick"):
        chip.learn()


BUILDS = {
    "copies": ({"copies": 0}, "copies must be a whole number in 1..2147483648, not 0"),
    "seeds": ({"seeds": [1, 2]}, "seeds must be 3, one per weight memory, not 2"),
    "seed": ({"seeds": [1, 2, 2**32]}, "seed must be a whole number in 0..4294967295, not 42949"),
    "shared-seeds": ({"shared": True, "seeds": [1, 2, 3]}, "seeds must be 1, one per weight memor"),
    "device": ({"device": "meta"}, "device must be cpu or cuda, not 'meta'"),
    "arithmetic": ({"arithmetic": "int4"}, "arithmetic must be one of auto, compiled, float32, fl"),
}


@pytest.mark.parametrize("name", BUILDS)
def test_what_cannot_be_built(name: str) -> None:
    changed, message = BUILDS[name]
    request = {"config": CONFIG, "copies": 3, "shared": False} | changed
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        BatchedChip(**request)


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="^device must be cpu: no GPU here, not 'cuda'$"):
        BatchedChip(CONFIG, 1, True, "cuda")


def test_the_arithmetic_is_checked_not_assumed() -> None:
    assert choose("auto", 2**24 - 1) is torch.float32
    assert choose("auto", 2**24) is torch.float64
    wide = CoreConfig(Geometry(1024, 16, weight_bits=16))
    message = "arithmetic must be wider than float32 where sums reach 33553408, not 'float32'"
    with pytest.raises(ValueError, match=message):
        BatchedChip(wide, 1, True, arithmetic="float32")


@pytest.fixture
def rounded_factors() -> Iterator[None]:
    torch.set_float32_matmul_precision("medium")
    yield
    torch.set_float32_matmul_precision("highest")


@pytest.mark.usefixtures("rounded_factors")
def test_products_of_rounded_factors_are_refused() -> None:
    with pytest.raises(RuntimeError, match="precision must be 'highest', not 'medium'"):
        BatchedChip(CONFIG, 1, True).tick(FLAGS[:1])
    BatchedChip(CONFIG, 1, True, arithmetic="float64").tick(FLAGS[:1])


def test_autocast_is_refused() -> None:
    with torch.autocast("cpu"), pytest.raises(RuntimeError, match="autocast on cpu must be off"):
        BatchedChip(CONFIG, 1, True).tick(FLAGS[:1])


def allocated(thing: Any, seen: dict[int, int], visited: set[int]) -> int:
    """Bytes of all storages that can be reached from an object."""
    if id(thing) not in visited:
        visited.add(id(thing))
        if torch.is_tensor(thing):
            storage = thing.untyped_storage()
            seen[storage.data_ptr()] = storage.nbytes()
        parts = (
            thing if isinstance(thing, list | tuple) else getattr(thing, "__dict__", {}).values()
        )
        for part in [] if torch.is_tensor(thing) else parts:
            allocated(part, seen, visited)
    return sum(seen.values())


@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 2)], ids=str)
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("seed", range(3))
def test_memory_is_what_is_allocated(seed: int, shared: bool, mesh: Mesh) -> None:
    """Exactly what more copies take; registers and tables, the rest, are the same for all."""
    config = random_chip(np.random.default_rng(seed), mesh)
    need = {n: BatchedChip.memory(config, n, shared) for n in (2, 5)}
    have = {n: allocated(BatchedChip(config, n, shared), {}, set()) for n in (2, 5)}
    assert have[5] - have[2] == need[5] - need[2]
    assert have[2] > need[2]


def test_too_many_copies_say_the_formula_and_what_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (BatchedChip.memory(CONFIG, n, shared=True) for n in (1, 2))
    monkeypatch.setattr(
        "axonloop.sim.batched.chip.free_memory", lambda device: one + 9 * (two - one)
    )
    BatchedChip(CONFIG, 10, shared=True)
    weights = one - (two - one)
    message = (
        f"copies must be at most 10 in {one + 9 * (two - one)} free bytes "
        f"(weights and state take {weights} + copies x {two - one}), not 11"
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        BatchedChip(CONFIG, 11, shared=True)
    with pytest.raises(
        ValueError, match=r"at most \d+ in .* take copies x \(\d+ \+ \d+\)\), not 12"
    ):
        BatchedChip(CONFIG, 12, shared=False)


def test_torch_out_of_memory_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 7 bytes"
        )

    monkeypatch.setattr("axonloop.sim.batched.tensors.engine.Neurons", fail)
    with pytest.raises(
        ValueError, match=r"^copies must be at most \d+ in \d+ free bytes .*, not 2$"
    ):
        BatchedChip(CONFIG, 2, shared=True)


def test_a_gigantic_batch_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="copies must be at most .*, not 2000000000$"):
        BatchedChip(CONFIG, 2_000_000_000, shared=True)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("copies", [None, 1, 4, 11])
def test_samples_in_parts_are_samples_at_once(copies: int | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    config = random_chip(rng, Mesh(2, 1))
    weights = chip_weights(rng, config)
    raster = rng.random((6, 11, config.axons)) < 0.3
    whole = BatchedChip(config, 11, shared=True)
    whole.load_weights(weights)
    assert infer(config, weights, raster, copies=copies).equal(whole.run(raster))


def test_samples_fill_half_of_the_free_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    chip, built = ChipConfig.of(CONFIG), []
    need = BatchedChip.memory(CONFIG, 3, shared=True)
    monkeypatch.setattr("axonloop.sim.batched.inference.free_memory", lambda device: 2 * need)
    assert fitting_copies(chip, True, need) == 3
    original = memory.fitting_copies

    def count(chip: ChipConfig, shared: bool, free: int, arithmetic: str) -> int:
        built.append(1)
        return original(chip, shared, free, arithmetic)

    monkeypatch.setattr("axonloop.sim.batched.chip.fitting_copies", count)
    raster = np.zeros((2, 7, 32), bool)
    assert infer(CONFIG, WEIGHTS[0], raster).shape == (2, 7, 32)
    assert len(built) == 3
