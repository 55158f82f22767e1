"""The loss engine beside the golden node, tick by tick: all that is kept, and all that is sent."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from axonloop.hdl.processing import LossEngine
from axonloop.models.config import NodeEncoding, NodeGeometry
from axonloop.models.cycles import listen_cycles, teach_cycles
from axonloop.models.golden.processing import (
    MAX_THRESHOLD,
    NodeConstants,
    NodeLoss,
    ProcessingNode,
)
from tests.support.random.nodes import naive_of, plain, random_constants
from tests.support.simulated.engine import EngineBench, Firmware

GEOMETRIES = {
    "lane": NodeGeometry(8, 3, 1),
    "few": NodeGeometry(10, 2, 4),
    "pieces": NodeGeometry(12, 10, 4),
    "wide": NodeGeometry(40, 10, 16),
}


def simulate(engine: LossEngine, bench: Any) -> None:
    simulator = Simulator(engine)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


def sized(rng: np.random.Generator, geometry: NodeGeometry, **given: Any) -> NodeConstants:
    """Random constants of a node that fits."""
    classes = int(rng.choice([geometry.classes, 1 + rng.integers(geometry.classes)]))
    neurons = int(rng.choice([geometry.neurons, 1 + rng.integers(geometry.neurons)]))
    top = int(rng.choice([1, 7, 127]))
    own = random_constants(rng, **given)
    matrices = {n: rng.integers(-top, top + 1, (classes, neurons)) for n in ("readout", "feedback")}
    return NodeConstants(**{**own.__dict__, **matrices})


def often(rng: np.random.Generator, rate: float) -> bool:
    return bool(rng.random() < rate)


def run_beside(
    geometry: NodeGeometry, constants: NodeConstants, rng: np.random.Generator, samples: int = 2
) -> int:
    """Run samples on both; returns how many events there were."""
    engine, golden, sent = LossEngine(geometry), ProcessingNode(constants), 0

    async def bench(ctx: Any) -> None:
        nonlocal sent
        hardware = EngineBench(ctx, engine, geometry)
        await hardware.load(constants)
        firmware = Firmware(hardware, constants, naive_of(constants))
        for _ in range(samples):
            target: Any = int(rng.integers(constants.classes))
            if constants.loss == NodeLoss.MSE:
                target = rng.integers(-32767, 32768, constants.classes).tolist()
            golden.begin(target)
            await firmware.begin(target)
            rate, busy = rng.choice([0.05, 0.5, 1]), partial(often, rng, rng.choice([0, 0.3]))
            for _ in range(6):
                spikes = rng.random(constants.neurons) < rate
                errors = golden.step(spikes)
                expected: list[Any] = [(i, int(errors[i])) for i in np.flatnonzero(errors)]
                order = rng.permutation(np.flatnonzero(spikes)).tolist()
                found = await firmware.tick(order, busy, busy)
                assert found == expected + ["learn"] * bool(expected)
                assert await firmware.state() == plain(golden.state())
                sent += len(expected)

    simulate(engine, bench)
    return sent


@pytest.mark.parametrize("name", GEOMETRIES)
@pytest.mark.parametrize("encoder", list(NodeEncoding))
@pytest.mark.parametrize("seed", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in (2, 3, 4))])
def test_an_engine_is_a_node_of_the_page(seed: int, encoder: NodeEncoding, name: str) -> None:
    geometry = GEOMETRIES[name]
    rng = np.random.default_rng([seed, encoder, *name.encode()])
    run_beside(geometry, sized(rng, geometry, encoder=encoder), rng)


@pytest.mark.parametrize(
    ("threshold", "wanted"), [(1, 32767), (MAX_THRESHOLD, 1)], ids=["least", "most"]
)
def test_the_ends_of_the_ranges(threshold: int, wanted: int) -> None:
    """Levels, d and x are clipped, and the threshold at one end of its range."""
    weights = np.full((10, 12), 127)
    weights[::3, ::2] = -127
    constants = NodeConstants(
        *(np.full((10, 12), 127), weights, 4096, 8, 65535, 0),
        loss=NodeLoss.MSE,
        gain=65535,
        threshold=threshold,
        limit=127,
        wanted=wanted,
        slowness=1,
    )
    rng = np.random.default_rng(threshold)
    assert run_beside(GEOMETRIES["pieces"], constants, rng) > 0


@pytest.mark.parametrize("wanted", [0, 16], ids="wanted{}".format)
@pytest.mark.parametrize(
    ("geometry", "classes", "neurons"),
    [
        (GEOMETRIES["wide"], 10, 40),
        (GEOMETRIES["wide"], 3, 33),
        (GEOMETRIES["pieces"], 10, 12),
        (GEOMETRIES["pieces"], 4, 11),
    ],
)
def test_the_cycles_of_a_tick(
    geometry: NodeGeometry, classes: int, neurons: int, wanted: int
) -> None:
    engine, ones = LossEngine(geometry), np.ones((classes, neurons), dtype=int)
    constants = NodeConstants(ones, ones, 3686, 5, 16384, 16, limit=127, wanted=wanted)

    async def bench(ctx: Any) -> None:
        hardware = EngineBench(ctx, engine, geometry)
        await hardware.load(constants)
        await hardware.begin()
        for spikes in (0, 5):
            await hardware.hear(range(spikes))
            heard = sum(hardware.cycles[part] for part in ("hear", "decay"))
            assert heard == listen_cycles(geometry, classes, spikes)
            assert len(await hardware.teach([spikes] * classes)) == (spikes and neurons + 1)
            taught = teach_cycles(geometry, neurons, classes, steered=wanted > 0)
            assert hardware.cycles["teach"] == taught

    simulate(engine, bench)


def test_the_cycles_of_a_usual_tick() -> None:
    """The table of the contract's page."""
    geometry = NodeGeometry()
    assert listen_cycles(geometry, 10, 13) == 13 + 34
    assert teach_cycles(geometry, 256, 10, steered=True) == 284 + 6
