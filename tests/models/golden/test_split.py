"""One network on one core or on several; noise and learning of a chip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.models.config import (
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Mesh,
    ParameterSet,
    Rounding,
    Row,
)
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region

SMALL = {"lanes": 4, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}


def split(core: CoreConfig, parts: int) -> ChipConfig:
    """The same network with its neurons spread over `parts` cores.

    Every core gets all axons, so a spike goes to the axon of its name in all cores.
    """
    geometry = replace(core.geometry, neurons=core.geometry.neurons // parts, entries=1024)
    groups = geometry.groups

    def share(values: tuple[Any, ...], part: int) -> tuple[Any, ...]:
        size = len(values) // parts
        return values[part * size : (part + 1) * size]

    everywhere = tuple(
        tuple(replace(entry, core=part) for entry in table for part in range(parts))
        for table in core.fanout
    )
    cores = tuple(
        replace(
            core,
            geometry=geometry,
            rows=tuple(replace(row, groups=groups) for row in core.rows),
            groups=share(core.groups, part),
            bias=share(core.bias, part),
            fanout=share(everywhere, part),
            column_loss=share(core.column_loss, part),
            core=part,
        )
        for part in range(parts)
    )
    return ChipConfig(cores, Mesh(2, parts // 2))


def recurrent(rng: np.random.Generator) -> CoreConfig:
    """24 axons, 32 neurons, two populations; every neuron feeds up to three axons."""
    geometry = Geometry(axons=24, neurons=32, **SMALL)
    common = {"theta": 60, "w_exp": 0, "rounding": Rounding.NEAREST, "eta_shift": 6, "box": 50}
    sets = (ParameterSet(**common, refractory=2), ParameterSet(**common, rho=20, gamma=3000))
    tables = [
        {Destination(int(a), int(d)) for a, d in rng.integers(0, [24, 3], (3, 2))}
        for _ in range(32)
    ]
    return CoreConfig(
        geometry,
        sets,
        rows=tuple(Row(0, 8, True, int(s), bool(s == 0)) for s in rng.integers(0, 2, 24)),
        groups=tuple(Group(int(s)) for s in rng.integers(0, 2, 8)),
        bias=tuple(rng.integers(-5, 10, 32).tolist()),
        fanout=tuple(tuple(sorted(table, key=str)) for table in tables),
    )


@pytest.mark.parametrize("learning", [False, True], ids=["fixed", "nearest"])
@pytest.mark.parametrize("seed", range(3))
def test_a_network_split_over_four_cores_does_the_same(seed: int, learning: bool) -> None:
    rng = np.random.default_rng(seed)
    core = recurrent(rng)
    one, four = Chip(ChipConfig.of(core)), Chip(split(core, 4))
    weights = rng.integers(-30, 31, (24, 32))
    one.load_weights(weights)
    four.load_weights(np.concatenate(np.split(weights, 4, axis=1)))
    fed, spikes = 0, 0
    for tick in range(60):
        axons = rng.integers(0, 24, 2)
        one.send_spikes(axons)
        four.send_spikes(np.concatenate([axons + 24 * part for part in range(4)]))
        reported = one.tick().tolist()
        assert four.tick().tolist() == reported, f"tick {tick}"
        for region in (Region.CURRENT, Region.MEMBRANE, Region.RESET, Region.SPIKE):
            assert four.array(region).tolist() == one.array(region).tolist(), f"tick {tick}"
        pending = np.split(four.array(Region.PENDING), 4, axis=1)
        assert all(np.array_equal(part, one.array(Region.PENDING)) for part in pending)
        spikes, fed = spikes + len(reported), fed + pending[0].sum()
        if learning:
            neurons = rng.integers(0, 32, 6)
            errors = rng.integers(-40, 41, 6)
            for chip in (one, four):
                chip.send_errors(neurons, errors)
                chip.learn()
            found = np.concatenate(np.split(four.weights, 4), axis=1)
            assert found.tolist() == one.weights.tolist(), f"tick {tick}"
    assert spikes > 100
    assert fed > 100
    assert one.counters()[Counter.SPIKES] == four.counters()[Counter.SPIKES]
    assert (one.weights.tolist() == weights.tolist()) != learning


def learners(numbers: tuple[int, ...], rounding: Rounding) -> Chip:
    """Equal cores after the same tick and the same errors, learned."""
    parameters = ParameterSet(eta_shift=9, rounding=rounding)
    rows = (Row(groups=4, plastic=True, always_on=True),) * 16
    geometry = Geometry(axons=16, neurons=16, **SMALL)
    cores = [CoreConfig(geometry, (parameters,), rows, core=number) for number in numbers]
    chip = Chip(ChipConfig(tuple(cores), Mesh(len(numbers), 1)))
    chip.load_weights(np.zeros((16 * len(numbers), 16), dtype=np.int32))
    chip.tick()
    neurons = np.arange(16 * len(numbers))
    chip.send_errors(neurons, np.full(len(neurons), 5), ungated=True)
    chip.learn()
    return chip


def test_noise_differs_by_the_number_of_the_core() -> None:
    both = np.split(learners((0, 1), Rounding.STOCHASTIC).weights, 2)
    assert both[0].tolist() != both[1].tolist()
    for number in (0, 1):
        alone = learners((number,), Rounding.STOCHASTIC).weights
        assert alone.tolist() == both[number].tolist()
    nearest = np.split(learners((0, 1), Rounding.NEAREST).weights, 2)
    assert nearest[0].tolist() == nearest[1].tolist()


def test_learning_twice_is_refused_for_the_whole_chip() -> None:
    chip = learners((0, 1), Rounding.STOCHASTIC)
    chip.send_errors(np.array([20]), np.array([5]))
    with pytest.raises(ValueError, match="at most once after each tick"):
        chip.learn()
    assert chip.array(Region.GATED)[20] == 5
