"""Pairs of memristors on the chip: only potentiated, refreshed, and the same on every device."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import open_device
from axonloop.host.experiments import memristor_pairs as pairs
from axonloop.host.experiments.memristor import digits
from axonloop.host.experiments.memristor_pairs import HIGH, LOW, PairedNetwork
from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.order import Order
from axonloop.host.training import POPULATION, program_of
from axonloop.models.config import AxonFactor, NeuronFactor, ParameterSet, Term
from axonloop.models.memristor import find_memristor, memristor_tables

KIND = "mo-tiox-tin"
ROOT = Path(__file__).parents[3]


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("number", [0, 1])
def test_a_change_moves_one_device_of_a_pair_up_its_curve(sign: int, number: int) -> None:
    """Every state of the device that adds, or takes away: it is potentiated, or nothing happens."""
    states = np.arange(LOW, HIGH + 1)
    term = Term(AxonFactor.SPIKE, NeuronFactor.ONE, sign=sign, weighted=True, pulsed=True)
    rule = (term,) * 4
    network = Network(
        (Source("in", len(states)),),
        (Population("out", 1, ParameterSet(theta=1, terms=rule), bias=False),),
        (Projection("in", "out", np.array([states, -states][number])[:, None]),),
        memristor=pairs.paired_tables(memristor_tables(find_memristor(KIND))),
    )
    program = compile_network(network, smallest_geometry(network))
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        device.tick(program.axons_of("in", np.arange(len(states))), learn=True)
        after = program.weights_of(network.projections[0], device.read_weights())[:, 0]
    moved = np.abs(after) - states
    if (sign > 0) == (number == 0):
        room = HIGH - states
        assert ((moved >= 0) & (moved <= room)).all()
        assert (np.abs(moved - len(rule))[room > 10] <= 2).all()
        assert moved[room > 10].mean() == pytest.approx(len(rule), abs=0.3)
    else:
        assert not moved.any()


def test_a_refresh_keeps_every_weight() -> None:
    plus, minus = np.meshgrid(np.arange(LOW, HIGH + 1), -np.arange(LOW, HIGH + 1))
    new_plus, new_minus, count = pairs.refreshed(plus, minus)
    assert (new_plus + new_minus == plus + minus).all()
    changed = (new_plus != plus) | (new_minus != minus)
    assert changed.sum() == count > 0
    assert (np.minimum(new_plus, -new_minus)[changed] == LOW).all()
    most = LOW + pairs.FULL * (HIGH - LOW)
    assert (np.maximum(plus, -minus)[changed] > most).all()
    left = np.maximum(new_plus, -new_minus) > most
    assert (np.minimum(new_plus, -new_minus)[left] == LOW).all()


def settings() -> digits.Settings:
    return digits.settings_of(pairs.kinds_of(KIND)[3], digits.MIDDLE, 1, 1, 4)


def test_pairs_are_the_same_network() -> None:
    """Both rows of an input, and of the bias, add up to the weights of one device."""
    single = program_of(settings())
    own = PairedNetwork.of(single.plan.network)
    bare = {"task": {"inputs": own.channels}, "network": {"memristor": None}}
    program = own.program(settings().changed(bare))
    rows = own.rows(program)
    assert rows.shape == (65, 2)
    neurons = program.neurons["layer1"]
    sums = program.weights[rows][:, :, neurons].sum(1)
    assert (sums == single.weights[:65][:, single.neurons["layer1"]]).all()
    always = [j for j, row in enumerate(program.config.cores[0].rows) if row.always_on]
    assert always == rows[-1].tolist()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A short run of a small layer, with many refreshes."""
    whole = digits.settings_of

    def few(*given: object) -> digits.Settings:
        changes = {"network": {"layers": [16]}, "task": {"ticks": 20}}
        return whole(*given).changed(changes)  # type: ignore[arg-type]

    monkeypatch.setattr(pairs, "settings_of", few)
    monkeypatch.setattr(pairs, "EPOCHS", 1)
    monkeypatch.setattr(pairs, "FULL", 0.3)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    "device", ["batched", POPULATION, pytest.param("rtl", marks=pytest.mark.slow)]
)
def test_pairs_end_alike(device: str) -> None:
    kind, order = pairs.kinds_of(KIND)[3], Order(limit=6, memristor=KIND)
    end = pairs.learned("golden", kind, digits.FILLED, 1, order, quiet)
    assert end == pairs.learned(device, kind, digits.FILLED, 1, order, quiet)
    assert end.refreshes > 0


@pytest.mark.usefixtures("small")
def test_pairs_in_short() -> None:
    found = pairs.measure(Order(POPULATION, limit=4, memristor=KIND), quiet)
    assert len(found["rows"]) == 2 * len(pairs.kinds_of(KIND)) == 10
    assert "refreshes of a pair" in found["rows"][8].chip
    assert "points lost" not in found["rows"][0].chip
    assert pairs.draw(found).axes[0].get_ylabel() == "test accuracy (%)"


def test_the_results_meet_the_bar() -> None:
    """Pairs whose writes and devices vary are within a point of plain weights."""
    points = json.loads((ROOT / "docs" / "results" / "memristor-pairs.json").read_text())["points"]
    plain, *_ = names = [kind.name for kind in pairs.kinds_of(KIND)]
    for doubled in pairs.RANGES:
        shares = {
            point["name"]: np.mean([run["accuracy"] for run in point["runs"]])
            for point in points
            if point["doubled"] == doubled
        }
        assert shares[plain] - shares[names[3]] <= 0.01
