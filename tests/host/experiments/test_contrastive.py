"""Contrastive divergence on synapses that drop spikes, in short, on every device with terms."""

from __future__ import annotations

from dataclasses import replace
from math import comb, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import open_device
from axonloop.host.experiments.contrastive import boltzmann
from axonloop.host.experiments.contrastive import experiment as contrastive
from axonloop.host.experiments.contrastive.boltzmann import (
    HALF,
    PIXELS,
    Machine,
    network_of,
    program_of,
)
from axonloop.host.experiments.experiment import Order
from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.pictures import save
from axonloop.models.config import ParameterSet
from axonloop.models.protocol import Counter, Region

PNG = b"\x89PNG"
RARE = 1e-9
"""How often chance alone may pass a bound."""


def quiet(phase: str, done: int, total: int) -> None:
    """No progress."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network that the RTL compiles fast, and few presentations."""
    small = {"HIDDEN": 8, "LANES": 4, "PRESENTATIONS": 3, "REPEATS": 1, "KICKS": 2}
    for name, value in small.items():
        monkeypatch.setattr(boltzmann, name, value)


def test_either_half_tells_the_pattern() -> None:
    known = boltzmann.patterns()
    assert known.shape == (6, PIXELS)
    for half in np.split(known, 2, axis=1):
        assert len(np.unique(half, axis=0)) == 6


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("device", ["batched", pytest.param("rtl", marks=pytest.mark.slow)])
def test_devices_end_alike(device: str) -> None:
    end = contrastive.learned("golden", 1, quiet)
    assert end == contrastive.learned(device, 1, quiet)
    assert end["symmetry"] < 1  # at first both directions have the same weights


@pytest.mark.usefixtures("small")
def test_weights_move_only_by_the_modulation() -> None:
    program = program_of(network_of(1))
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        machine, pattern = Machine(device, program), boltzmann.patterns()[0]
        for axons in (machine.clamps(pattern), np.zeros(0, np.int32)):
            for _ in range(40):
                device.tick(axons, learn=True)
        assert device.counters()[Counter.VISITS] == 0
        assert np.array_equal(device.read_weights(), program.weights)
        machine.present(pattern)
        assert device.counters()[Counter.VISITS] > 0
        moved = device.read_weights() != program.weights
    plastic = np.array([row.plastic for row in program.config.cores[0].rows])
    assert moved[plastic].any()
    assert not moved[~plastic].any()


def spikes_of(network: Network) -> str:
    """The hash of the spikes of a free run after a pattern was clamped."""
    program = program_of(network)
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        machine = Machine(device, program)
        machine.ticks(machine.clamps(boltzmann.patterns()[1]), 5)
        machine.ticks(np.zeros(0, np.int32), 30)
        return machine.chain.hexdigest()


@pytest.mark.parametrize(("blank", "kinds"), [(0, 1), (HALF, 3)])
def test_only_blank_out_is_random(blank: int, kinds: int) -> None:
    network = network_of(1, blank)
    assert len({spikes_of(replace(network, seed=seed)) for seed in (1, 2, 3)}) == kinds


def test_a_clamp_is_stronger_than_the_network() -> None:
    program = program_of(network_of(1))
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        machine = Machine(device, program)
        for pattern in boltzmann.patterns():
            data, _ = machine.present(pattern)
            assert data.tolist() == (pattern * boltzmann.PHASE).tolist()


def test_learning_completes_a_pattern(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two patterns, 40 presentations: nearly all halves come right, where none did."""
    for name, value in (
        ("PICTURES", boltzmann.PICTURES[1:5:3]),
        ("PRESENTATIONS", 40),
        ("REPEATS", 5),
        ("KICKS", 1),
    ):
        monkeypatch.setattr(boltzmann, name, value)
    found = contrastive.learned("golden", 1, quiet)
    assert found["before"]["completion"] == 0
    assert found["after"]["completion"] >= 0.8


@pytest.mark.usefixtures("small")
def test_contrastive_in_short(tmp_path: Path) -> None:
    metrics = contrastive.measure(Order("golden"), quiet)
    assert len(metrics["rows"]) == 11
    save(contrastive.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
@pytest.mark.parametrize("blank", [HALF // 2, HALF, 3 * HALF // 2])
def test_synapses_drop_the_stated_share_each_on_its_own(blank: int, seed: int) -> None:
    """Counts of what 64 neurons hear of 16 axons in 64 ticks are binomial.

    Their mean by Hoeffding's bound, which is exact; their distribution by chi-square, whose tail
    is bounded as in Laurent & Massart 2000: P(X >= k + 2 sqrt(k x) + 2 x) <= exp(-x).
    """
    axons, neurons, ticks = 16, 64, 64
    parameters = ParameterSet(beta_n=0, w_exp=0, theta=1 << 14, blank=blank)
    network = Network(
        (Source("in", axons),),
        (Population("out", neurons, parameters, bias=False),),
        (Projection("in", "out", np.ones((axons, neurons), dtype=np.int64)),),
        seed,
    )
    program = compile_network(network, smallest_geometry(network))
    every, heard = program.axons_of("in", np.arange(axons)), []
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        for _ in range(ticks):
            device.tick(every)
            heard.append(device.read(Region.CURRENT)[program.neurons["out"]])
    kept, events = 1 - blank / 65536, axons * neurons * ticks
    tail = log(2 / RARE)
    assert abs(np.sum(heard) / events - kept) < sqrt(tail / (2 * events))
    binomial = np.array(
        [comb(axons, k) * kept**k * (1 - kept) ** (axons - k) for k in range(axons + 1)]
    )
    expected = binomial * neurons * ticks
    found = np.bincount(np.ravel(heard), minlength=axons + 1)
    usual = expected >= 5
    merged = [np.append(x[usual], x[~usual].sum()) for x in (found, expected)]
    free = len(merged[0]) - 1
    square = float(((merged[0] - merged[1]) ** 2 / merged[1]).sum())
    assert square < free + 2 * sqrt(free * tail) + 2 * tail
