"""`bench batched`: a small network on both sides, its bars, and its table."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.bench import Figure
from axonloop.host.bench import batched as bench_batched
from axonloop.host.bench import terms as bench_terms
from axonloop.host.bench.batched import Timing, compare
from axonloop.host.bench.peers import (
    PEERS,
    DecolleLoop,
    ThreeFactorLoop,
    all_layers_at_once,
    brian2_runs,
    installed,
    layer_by_layer,
)
from axonloop.host.bench.sides import (
    OURS,
    SIZES,
    ChipInference,
    ChipLearning,
    Contender,
    float_learning,
    float_network,
    make_task,
)
from axonloop.host.cli import app as cli
from axonloop.models.golden import Chip
from axonloop.sim.batched import BatchedChip


@pytest.mark.usefixtures("each_way")
def test_the_chip_runs_the_task_as_the_golden_model_does() -> None:
    task = make_task(2, 40)
    ours = ChipInference(task)
    found = ours.run()
    raster, golden = ours.raster(), Chip(task.program.config)
    golden.load_weights(task.program.weights)
    for arrived, *layers in zip(raster[:, 1], *found, strict=True):
        golden.send_spikes(np.flatnonzero(arrived))
        spikes = np.zeros(task.program.config.neurons, bool)
        spikes[golden.tick()] = True
        for layer, mine in zip(task.layers, layers, strict=True):
            assert mine[1].tolist() == spikes[layer].tolist()
    assert all(spikes.any() for spikes in found)


def test_both_ways_in_plain_torch_spike_alike() -> None:
    """The same network, but for a tick of delay per layer; sums differ in their last digits."""
    task = make_task(3, 50)
    network, given = float_network(task), task.spikes.float()
    slow, fast = layer_by_layer(network)(given), all_layers_at_once(network)(given)
    for late, (one, other) in enumerate(zip(slow, fast, strict=True)):
        assert one.shape[0] == 50
        # Spikes may move where V is within rounding of the threshold: measured, 0.
        assert (one != other[late : late + 50]).float().mean() < 1e-3
        assert one.any()


@pytest.mark.slow
def test_rates_on_both_sides_are_alike() -> None:
    """Truncation moves single spikes: measured, 0.1 points at most; a tenth is allowed."""
    task = make_task(8)
    ours = [float(spikes.float().mean()) for spikes in ChipInference(task).run()]
    theirs = layer_by_layer(float_network(task))(task.spikes.float())
    for mine, spikes in zip(ours[:2], theirs[:2], strict=True):
        assert 0.02 < mine < 0.1
        assert mine == pytest.approx(float(spikes.mean()), rel=0.1)
    for contender in float_learning(task):  # what spikes take off differs a little in DECOLLE
        for mine, spikes in zip(ours[:2], contender.run()[:2], strict=True):
            assert mine == pytest.approx(float(spikes.mean()), rel=0.2)


@pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")  # of norse
@pytest.mark.parametrize("name", PEERS)
def test_peers_spike_at_such_rates_too(name: str) -> None:
    if name not in installed():
        pytest.skip(f"{name} is not installed (the extra 'peers')")
    task = make_task(2)
    first = PEERS[name](float_network(task))(task.spikes.float())[0]
    assert 0.02 < float(first.mean()) < 0.1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what Brian calls
def test_brian_runs_the_same_network() -> None:
    """Truncation of ours moves single spikes: measured, 0.1 points at most; a tenth is allowed."""
    task, said = make_task(1), list[str]()
    ours = ChipInference(task)
    found = brian2_runs(*bench_batched.lone(task, ours.late + 1), 1, said.append)
    if found is None:
        pytest.skip(f"brian2 is not installed (the extra 'peers') {said}")
    seconds, rates = found
    assert 0 < seconds < 10
    assert said == ["brian2 compiles"]
    for spikes, rate in zip(ours.run()[:2], rates[:2], strict=True):
        assert float(spikes.float().mean()) == pytest.approx(rate, rel=0.1)


def test_brian_that_does_not_load_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(name: str) -> None:
        raise AttributeError(f"{name} asks numpy for ptp")

    asked, said = bench_batched.lone(make_task(1, 1), 0), list[str]()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(importlib, "import_module", fails)
    assert brian2_runs(*asked, 1, said.append) is None
    assert said == ["brian2 does not load: brian2 asks numpy for ptp"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert brian2_runs(*asked, 1, said.append) is None
    assert len(said) == 1


def test_both_sides_learn() -> None:
    task = make_task(2, 40)
    ours = ChipLearning(task)
    ours.prepare()
    before = ours.chip.read_weights()
    ours.run()
    assert (ours.chip.read_weights() != before).any()
    assert bench_batched.event_rate(ours) > 0
    for theirs in float_learning(task):
        theirs.prepare()
        spikes = theirs.run()
        assert [each.shape for each in spikes] == [(40, 2, n) for n in SIZES[1:]]
        assert (spikes[0][10] != spikes[0][20]).any()


def test_autograd_finds_the_three_factors() -> None:
    """While nothing has spiked yet membranes are alike, and so is the first step of both loops."""
    task = make_task(3, 1)
    network, spikes = float_network(task), task.spikes[0].float()
    loops = [kind(network, task.readout, 3, 1e-2) for kind in (ThreeFactorLoop, DecolleLoop)]
    for loop in loops:
        loop.network = replace(network, trace_beta=network.beta, trace_alpha=network.alpha, box=9.0)
        loop.tick(spikes, task.target)
    for one, other in zip(*(loop.weights for loop in loops), strict=True):
        assert torch.allclose(one, other.detach(), atol=1e-6)
    assert (loops[0].weights[0] != network.weights[0]).any()


def test_ours_is_held_against_the_fastest_in_plain_torch() -> None:
    rates = (0.04, 0.05)
    timings = [
        Timing(OURS, 0.5, rates),
        Timing("torch, slow", 3.0, rates),
        Timing("torch, fast", 1.0, rates),
        Timing("peer", 0.1, rates),
    ]
    ours, *others = compare("task", 0.6, timings)
    wanted = Figure(
        "task: axonloop", 500.0, "ms; 4.0, 5.0 % spike", "at most 0.6 x torch, fast",
        "torch, fast", 2.0,
    )  # fmt: skip
    assert ours == wanted
    assert compare("task", 0.6, timings, "torch, slow")[0].ratio == 6
    assert [figure.unit.split("; ")[2] for figure in others] == [
        "6.0 x ours",
        "2.0 x ours",
        "0.2 x ours",
    ]


@pytest.mark.usefixtures("each_way")
def test_a_layer_of_stdp_learns_and_inhibits_itself() -> None:
    figure = bench_terms.terms_figure(256, 32, 2, ticks=60)
    assert figure.name == "pair STDP, 256 inputs, 32 neurons, batch 2: all copies"
    assert figure.value > 0
    spikes, visits = map(float, re.findall(r"([\d.]+) (?:spikes|visits)", figure.unit))
    assert 0 < spikes < 16
    assert visits > 0
    config = bench_terms.layer(256, 32)
    weights = bench_terms.first_weights(config, np.random.default_rng(0))
    own = weights[256:]
    assert (np.diag(own) == config.geometry.no_synapse).all()
    assert (own[~np.eye(32, dtype=bool)] == -config.geometry.weight_max).all()
    assert (weights[:256] >= 0).all()
    chip = BatchedChip(config, 1, shared=True)
    chip.load_weights(weights)
    raster = np.random.default_rng(1).random((200, 1, 288)) < 0.1
    raster[:, :, 256:] = False
    chip.run(raster, learn=True)
    after = chip.read_weights().numpy()
    assert (after[:256] > weights[:256]).any()
    assert (after[:256] < weights[:256]).any()
    assert (after[256:] == weights[256:]).all()


def test_every_run_is_prepared_and_the_first_does_not_count() -> None:
    seen: list[str] = []

    def run() -> list[torch.Tensor]:
        seen.append("run")
        return [torch.ones(2), torch.zeros(2)]

    (timing,) = bench_batched.time_all([Contender("it", run, lambda: seen.append("prepare"))], 2, 3)
    assert timing.rates == (1.0, 0.0)
    assert seen == ["prepare", "run", *["prepare", "run", "run"] * 3]


def test_the_command_writes_what_it_prints(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = [Figure("inference: axonloop", 1.5, "ms", "at most 2", "torch", 2.0)]
    monkeypatch.setattr(bench_batched, "measure", lambda order, progress: {"rows": figures})
    assert cli.run(["bench", "batched", "--json", str(tmp_path / "out.json")]) == 0
    assert "2.0 x torch" in capsys.readouterr().out
    (row,) = json.loads((tmp_path / "out.json").read_text())["rows"]
    assert (row["name"], row["value"]) == ("inference: axonloop", 1.5)
