"""The golden chip against a naive one, over random meshes, and what must not matter."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from axonloop.models.config import ChipConfig, CoreConfig, Destination, Geometry, Mesh, ParameterSet
from axonloop.models.golden import Chip
from axonloop.models.protocol import MODEL_COUNTERS, PORT_COUNTERS, Counter, Region
from tests.support.random.chips import Pair, random_chip
from tests.support.random.seeds import seeds

MESHES = [Mesh(columns, rows) for columns in range(1, 5) for rows in range(1, 5)]
SMALL = {"lanes": 4, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}


def shape(mesh: Mesh) -> str:
    return f"{mesh.columns}x{mesh.rows}"


def everything(chip: Chip) -> dict[str, Any]:
    return {key: np.asarray(value).tolist() for key, value in chip.snapshot().items()}


def live(pair: Pair, rng: np.random.Generator, ticks: int) -> None:
    """Random ticks of both chips, with learning, clears and moves to a fresh golden chip."""
    for tick in range(ticks):
        pair.send_traffic(rng)
        pair.tick()
        pair.check(f"tick {tick}")
        if rng.random() < 0.4:
            pair.send_traffic(rng)
            pair.learn()
            pair.check(f"tick {tick} learned")
        if rng.random() < 0.1:
            pair.clear()
            pair.check(f"tick {tick} cleared")
        if rng.random() < 0.2:
            fresh = Chip(pair.golden.config)
            fresh.restore(pair.golden.snapshot())
            pair.golden = fresh
            pair.check(f"tick {tick} restored")


@pytest.mark.parametrize("seed", seeds(6, 2))
@pytest.mark.parametrize("mesh", MESHES, ids=shape)
def test_golden_chip_equals_the_naive_one(mesh: Mesh, seed: int) -> None:
    rng = np.random.default_rng([seed, mesh.columns, mesh.rows])
    pair = Pair.random(rng, mesh)
    pair.check("before the first tick")
    live(pair, rng, 12)


@pytest.mark.parametrize("seed", range(8))
def test_order_of_cores_and_of_delivery_never_matters(seed: int) -> None:
    """The naive chip shuffles both; the golden one keeps its own order."""
    rng = np.random.default_rng(seed)
    live(Pair.random(rng, Mesh(3, 2), Random(seed)), rng, 10)


@pytest.mark.parametrize("seed", range(4))
def test_order_of_entries_never_matters(seed: int) -> None:
    """The same tables, read backwards: same collisions, same counters, same everything."""
    rng = np.random.default_rng(seed)
    config = random_chip(rng, Mesh(2, 3))
    turned = tuple(replace(c, fanout=tuple(t[::-1] for t in c.fanout)) for c in config.cores)
    one, other = Chip(config), Chip(replace(config, cores=turned))
    collisions = 0
    for _ in range(20):
        axons = rng.integers(0, 6 * config.geometry.axons, 4 * config.geometry.axons)
        one.send_spikes(axons)
        other.send_spikes(axons[::-1])
        assert one.tick().tolist() == other.tick().tolist()
        assert everything(one) == everything(other)
        collisions = one.counters()[Counter.COLLISIONS]
    assert one.counters()[Counter.LOCAL] > 0
    assert collisions > 0


def test_random_chips_exercise_everything() -> None:
    """The comparisons mean something only if every counter moved, in many runs.

    Writes need memristors, which one chip in eight has.
    """
    moved = dict.fromkeys(MODEL_COUNTERS, 0)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        pair = Pair.random(rng, Mesh(3, 3))
        for _ in range(8):
            pair.send_traffic(rng)
            pair.golden.tick()
            pair.golden.learn()
        for counter, value in pair.golden.counters().items():
            moved[counter] += value > 0
    writes = moved.pop(Counter.WRITES)
    assert min(moved.values()) >= 15, moved
    assert writes >= 2


@pytest.mark.parametrize("seed", range(4))
def test_configure_keeps_state_and_takes_the_new_tables(seed: int) -> None:
    """After configure, a chip is a fresh one of the new registers with the old one's state."""
    rng = np.random.default_rng(seed)
    old = random_chip(rng, Mesh(2, 2))
    cores = (replace(c, core=k, seed=9) for k, c in enumerate(old.cores[::-1]))
    new = ChipConfig(tuple(cores), old.mesh)
    chip, fresh = Chip(old), Chip(new)
    chip.send_spikes(np.arange(4 * old.geometry.axons))
    chip.tick()
    chip.configure(new)
    assert chip.seed == 9
    fresh.restore(chip.snapshot())
    for _ in range(6):
        assert chip.tick().tolist() == fresh.tick().tolist()
        assert everything(chip) == everything(fresh)
    assert chip.counters()[Counter.LOCAL] > 0


def feeder(mesh: Mesh, source: int, entries: tuple[Destination, ...]) -> Chip:
    """A chip in which neuron 0 of core `source` spikes in every tick, and no other neuron."""
    geometry = Geometry(axons=4, neurons=4, **SMALL)
    silent = CoreConfig(geometry, (ParameterSet(theta=100),))
    cores = [replace(silent, core=number) for number in range(mesh.cores)]
    tables = (entries, (), (), ())
    cores[source] = replace(cores[source], bias=(200, 0, 0, 0), fanout=tables)
    return Chip(ChipConfig(tuple(cores), mesh))


def test_one_spike_reaches_several_cores_and_every_router_counts_it() -> None:
    """From core 4, the middle of a 3 x 3 mesh, to its corners, itself and one core twice."""
    entries = tuple(Destination(1, 0, core) for core in (0, 8, 4, 5))
    chip = feeder(Mesh(3, 3), 4, (*entries, Destination(3, 2, 5)))
    assert chip.tick().tolist() == [16]
    expected = np.zeros((4, 9, 4), dtype=bool)
    expected[1, [0, 8, 4, 5], 1] = True
    expected[3, 5, 3] = True
    assert chip.array(Region.PENDING).reshape(4, 9, 4).tolist() == expected.tolist()
    ports = chip.counter_table()[:, PORT_COUNTERS].tolist()
    north, east, south, west, local = np.eye(5, dtype=int)
    moves = {0: local, 3: north, 4: west + 3 * east + local, 5: south + 2 * local, 8: local}
    assert ports == [(moves.get(core, 0 * local)).tolist() for core in range(9)]
    chip.tick()
    assert chip.counter_table()[:, PORT_COUNTERS].tolist() == (2 * np.array(ports)).tolist()


def test_a_lone_core_has_no_router() -> None:
    chip = feeder(Mesh(), 0, (Destination(1),))
    chip.tick()
    assert chip.array(Region.PENDING)[1].tolist() == [False, True, False, False]
    assert not chip.counter_table()[:, PORT_COUNTERS].any()


def test_spikes_of_the_host_and_of_the_mesh_collide_where_they_land() -> None:
    """The host's spikes of core 1 meet one another, then one from core 0; core 0 sees nothing."""
    chip = feeder(Mesh(2, 1), 0, (Destination(2, 1, 1),))
    chip.send_spikes(np.array([6, 6, 7, 2]))
    chip.tick()
    collisions = chip.counter_table()[:, Counter.COLLISIONS]
    assert collisions.tolist() == [0, 1]
    chip.send_spikes(np.array([6, 7]), delay=1)
    assert chip.counter_table()[:, Counter.COLLISIONS].tolist() == [0, 2]
    assert chip.counters()[Counter.COLLISIONS] == 2
    assert chip.counters()[Counter.TICKS] == 1
    assert chip.counter_table()[:, Counter.TICKS].tolist() == [1, 1]


def test_shapes_are_those_of_the_cores_joined() -> None:
    chip = feeder(Mesh(3, 2), 1, ())
    state = chip.snapshot()
    assert state["membrane"].shape == state["gated"].shape == (24,)
    assert state["trace_q"].shape == (24,)
    assert state["pending"].shape == (4, 24)
    assert state["weights"].shape == (24, 4)
    assert state["counters"].shape == (6, len(Counter))
    assert (state["tick"], state["seed"], state["learned"]) == (0, 1, 1)


def test_a_snapshot_of_rtl_brings_none_of_its_own_counters() -> None:
    chip = feeder(Mesh(2, 2), 1, ())
    state = chip.snapshot()
    state["counters"] = np.arange(4 * len(Counter)).reshape(4, -1)
    chip.restore(state)
    own = chip.counter_table()
    assert own[:, MODEL_COUNTERS].tolist() == state["counters"][:, MODEL_COUNTERS].tolist()
    assert own.sum() == state["counters"][:, MODEL_COUNTERS].sum()


def test_counters_wrap_core_by_core() -> None:
    chip = feeder(Mesh(2, 1), 0, (Destination(2, 0, 1),))
    state = chip.snapshot()
    state["counters"] = np.full((2, len(Counter)), 2**48 - 1)
    chip.restore(state)
    chip.tick()
    table = chip.counter_table()
    assert table[:, Counter.TICKS].tolist() == [0, 0]
    assert table[:, Counter.SPIKES].tolist() == [0, 2**48 - 1]
    assert table[:, Counter.EAST].tolist() == [0, 2**48 - 1]
    assert chip.counters()[Counter.LOCAL] == 2**48 - 1


@pytest.mark.parametrize("mesh", [Mesh(1, 1), Mesh(4, 1)], ids=shape)
def test_another_mesh_or_geometry_is_refused(mesh: Mesh) -> None:
    chip = feeder(Mesh(2, 2), 0, ())
    before = everything(chip)
    with pytest.raises(ValueError, match=r"mesh must be the chip's own"):
        chip.configure(feeder(mesh, 0, ()).config)
    with pytest.raises(ValueError, match=r"geometry must be the chip's own"):
        chip.configure(ChipConfig.of(CoreConfig()))
    assert everything(chip) == before
