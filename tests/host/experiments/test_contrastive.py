"""Contrastive divergence with either kind of noise, in short, on every device with terms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import comb, log, sqrt
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.devices import open_device
from axonloop.host.experiments.contrastive import boltzmann, stochastic_neuron
from axonloop.host.experiments.contrastive import experiment as contrastive
from axonloop.host.experiments.contrastive.boltzmann import (
    BLANK_OUT,
    NONE,
    PIXELS,
    THRESHOLD,
    Machine,
    Noise,
    Phase,
    network_of,
    program_of,
)
from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.order import Order
from axonloop.host.pictures import save
from axonloop.host.training import POPULATION, SingleCopy
from axonloop.models.config import ParameterSet
from axonloop.models.protocol import Counter, Region

PNG = b"\x89PNG"
ROOT = Path(__file__).parents[3]
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
@pytest.mark.parametrize("noise", [BLANK_OUT, THRESHOLD], ids=lambda noise: noise.name)
@pytest.mark.parametrize("device", ["batched", pytest.param("rtl", marks=pytest.mark.slow)])
def test_devices_end_alike(device: str, noise: Noise) -> None:
    end = contrastive.learned("golden", 1, quiet, noise)
    assert end == contrastive.learned(device, 1, quiet, noise)
    assert end["symmetry"] < 1  # at first both directions have the same weights


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("seed", "noise", "hashes"),
    [
        (1, BLANK_OUT, ("36d11ddee57c8d1b", "f08248cac048e507")),
        (2, NONE, ("1f6879de09837106", "808bd12fbac86e91")),
    ],
)
@pytest.mark.parametrize("device", ["golden", POPULATION])
def test_hashes_stay(device: str, seed: int, noise: Noise, hashes: tuple[str, str]) -> None:
    """Those of the loop that this experiment had of its own."""
    end = contrastive.learned(device, seed, quiet, noise)
    assert (end["weight_hash"][:16], end["spike_hash"][:16]) == hashes


def test_the_results_meet_the_bar() -> None:
    """Either noise completes 80 % of the halves."""
    runs = json.loads((ROOT / "docs" / "results" / "contrastive.json").read_text())["runs"]
    for noise in (BLANK_OUT, THRESHOLD):
        assert np.mean([run["after"]["completion"] for run in runs[noise.name]]) >= 0.8


@contextmanager
def machine_of(network: Network) -> Iterator[Machine]:
    """A machine with its first weights."""
    program = program_of(network)
    with open_device("golden", program.config) as device:
        device.load_weights(program.weights)
        yield Machine(SingleCopy(device), program, network.seed)


@pytest.mark.usefixtures("small")
def test_weights_move_only_by_the_modulation() -> None:
    with machine_of(network_of(1)) as machine:
        copies, program = machine.loop.copies, machine.loop.program
        assert isinstance(copies, SingleCopy)
        for channels in (boltzmann.held(boltzmann.patterns()[0]), boltzmann.FREE):
            for _ in range(40):
                copies.device.tick(channels.nonzero()[0].astype(np.int32), learn=True)
        assert copies.device.counters()[Counter.VISITS] == 0
        assert np.array_equal(copies.device.read_weights(), program.weights)
        machine.loop.run()
        assert copies.device.counters()[Counter.VISITS] > 0
        moved = copies.device.read_weights() != program.weights
    plastic = np.array([row.plastic for row in program.config.cores[0].rows])
    assert moved[plastic].any()
    assert not moved[~plastic].any()


def spikes_of(network: Network) -> str:
    """The hash of the spikes of a free run after a pattern was clamped."""
    with machine_of(network) as machine:
        clamped = boltzmann.held(boltzmann.patterns()[1])
        machine.counts([Phase(5, clamped), Phase(30, boltzmann.FREE)])
        return machine.loop.chains[0].hexdigest()


@pytest.mark.parametrize(("noise", "kinds"), [(NONE, 1), (BLANK_OUT, 3), (THRESHOLD, 3)])
def test_only_the_noise_is_random(noise: Noise, kinds: int) -> None:
    network = network_of(1, noise)
    assert len({spikes_of(replace(network, seed=seed)) for seed in (1, 2, 3)}) == kinds


@pytest.mark.usefixtures("small")
def test_a_clamp_is_stronger_than_the_network() -> None:
    """In the data phase of all presentations, the visible neurons spike as the pattern says."""
    data: list[list[int]] = []
    with machine_of(network_of(1)) as machine:
        loop, visible = machine.loop, machine.loop.program.neurons["visible"]

        def after_sample() -> None:
            if loop.position.sample % boltzmann.PHASES == 2:
                data.append(loop.spikes[:, 0, visible].sum(0).tolist())

        loop.run(after_sample)
    known = (boltzmann.patterns() * boltzmann.PHASE).tolist()
    shown = boltzmann.presented(1, 0)[:: boltzmann.PHASES] // boltzmann.PHASES
    assert data == [known[k] for k in shown]


@pytest.mark.parametrize("noise", [BLANK_OUT, THRESHOLD], ids=lambda noise: noise.name)
def test_learning_completes_a_pattern(noise: Noise, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two patterns, 40 presentations: nearly all halves come right, where none did."""
    for name, value in (
        ("PICTURES", boltzmann.PICTURES[1:5:3]),
        ("PRESENTATIONS", 40),
        ("REPEATS", 5),
        ("KICKS", 1),
    ):
        monkeypatch.setattr(boltzmann, name, value)
    found = contrastive.learned(POPULATION, 1, quiet, noise)
    assert found["before"]["completion"] == 0
    assert found["after"]["completion"] >= 0.8


@pytest.mark.usefixtures("small")
def test_contrastive_in_short(tmp_path: Path) -> None:
    metrics = contrastive.measure(Order("golden"), quiet)
    assert len(metrics["rows"]) == 17
    save(contrastive.draw(metrics), tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
@pytest.mark.parametrize("blank", [1 << 14, 1 << 15, 3 << 14])
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


def test_neurons_spike_with_a_logistic_probability() -> None:
    order = Order(device="golden", seeds=(1, 2))
    found = stochastic_neuron.measure(order, lambda phase, done, total: None)
    rho, shares = np.array(found["rho"]), np.array(found["shares"])
    sigma = np.sqrt(rho * (1 - rho) / found["ticks"])
    assert (np.abs(shares - rho) < 3 * sigma).all()
    assert found["rows"][0].chip == "40 of 40"
    wrong = 1 / (1 + np.exp(-1.3 * np.array(found["levels"])))  # another temperature is noticed
    assert (np.abs(shares - wrong) > 3 * sigma).sum() > 10
    assert stochastic_neuron.draw(found).axes[0].get_ylabel() == "share of ticks with a spike"


def test_without_temperature_a_neuron_is_sure() -> None:
    core = stochastic_neuron.core_of(1)
    cold = replace(core, parameter_sets=(replace(core.parameter_sets[0], temperature=0),))
    with open_device("golden", cold) as device:
        for _ in range(3):
            spikes = device.tick(np.zeros(0, np.int32))
    assert spikes.tolist() == list(range(10, 20))
