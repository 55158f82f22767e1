"""The processing core in integers: how near it is to torch's, and what it asks of its nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.configuration import ObjectiveSettings, Settings
from axonloop.host.processing import (
    Goal,
    IntegerCore,
    Integers,
    LossName,
    fixed_readout,
    node_constants,
)
from axonloop.host.training import chip_config, layers_of, program_of
from axonloop.models.config import NodeEncoding
from axonloop.models.golden.processing import NodeConstants, NodeLoss

CLASSES, NEURONS = 4, 24
USUAL: dict[str, Any] = {
    "of_classes": True,
    "leak": 3686,
    "logit_scale": 0.06,
    "burn_in": 0,
    "errors": "sigma-delta",
    "threshold": 4.0,
    "limit": 1,
    "event_rate": None,
}


def readout(seed: int = 0, top: int = 1) -> Integers:
    return fixed_readout(CLASSES, NEURONS, top, np.random.default_rng(seed))


def constants(seed: int = 0, top: int = 1, **changes: Any) -> NodeConstants:
    weights = readout(seed, top)
    return node_constants(weights, weights, **USUAL | changes)


def raster(seed: int, ticks: int, copies: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).random((ticks, copies, NEURONS)) < 0.3


def logits_of(core: IntegerCore) -> torch.Tensor:
    return torch.from_numpy(core.logits[0]).requires_grad_()


@pytest.mark.parametrize("top", [1, 9])
@pytest.mark.parametrize("scale", [0.06, 0.3])
def test_softmax_is_torchs_but_for_the_table(scale: float, top: int) -> None:
    """A class below the best is off by half a step of the table: by a factor of exp(1/64).

    So a probability is off by a factor of exp(1/32) at most, and by a step of its grid.
    """
    core = IntegerCore([constants(top=top, logit_scale=scale)])
    core.begin([2])
    for spikes in raster(top, 30):
        core.step(spikes)
        found = core.gradient()[0] + 4096 * (np.arange(CLASSES) == 2)
        exact = torch.softmax(logits_of(core), 0).detach().numpy() * 4096
        assert (np.abs(found - exact) <= exact * (np.exp(1 / 32) - 1) + 2).all()
    assert exact.max() > 1200


def test_gradient_of_squares_is_torchs_but_for_the_grid() -> None:
    core = IntegerCore([constants(of_classes=False)])
    target = np.linspace(-3, 3, CLASSES)
    core.begin([target])
    for spikes in raster(3, 30):
        core.step(spikes)
        logits = logits_of(core)
        loss = torch.nn.functional.mse_loss(logits, torch.from_numpy(target))
        (exact,) = torch.autograd.grad(loss, logits)
        assert np.abs(core.gradient()[0] - 4096 * exact.numpy()).max() <= 1


def test_squares_are_those_of_the_outputs() -> None:
    core, spikes = IntegerCore([constants(of_classes=False, burn_in=3)]), raster(3, 12)
    target = np.linspace(-1, 1, CLASSES)
    core.begin([target])
    for each in spikes:
        core.step(each)
    answer = core.nodes[0].votes / 4096 / 9
    assert core.squared_errors(spikes, [target])[0] == pytest.approx(
        np.square(answer - target).mean(), rel=1e-12
    )


@pytest.mark.parametrize("of_classes", [True, False])
def test_outputs_are_the_logits_of_each_tick(of_classes: bool) -> None:
    core, spikes = IntegerCore([constants(of_classes=of_classes)]), raster(4, 12)
    core.begin([1 if of_classes else np.ones(CLASSES)])
    for tick, each in enumerate(spikes):
        core.step(each)
        assert (core.outputs(spikes)[tick] == core.logits).all()
    assert np.abs(core.logits).max() > 0.1


def test_votes_of_classes_are_the_nodes() -> None:
    core, spikes = IntegerCore([constants(burn_in=4)]), raster(5, 12)
    core.begin([0])
    for each in spikes:
        core.step(each)
    assert core.votes(spikes)[0].tolist() == core.nodes[0].votes.tolist()


def test_copies_are_cores_of_their_own() -> None:
    own = [constants(seed, threshold=seed + 0.5, limit=3, event_rate=0.1) for seed in (1, 2)]
    both, lone = IntegerCore(own), [IntegerCore([each]) for each in own]
    spikes = raster(6, 25, 2)
    both.begin([1, 3])
    for core, target in zip(lone, [1, 3], strict=True):
        core.begin([target])
    for each in spikes:
        errors = both.step(each)
        for k, core in enumerate(lone):
            alone = core.step(each[k : k + 1])
            assert errors is not None
            assert alone is not None
            assert (errors[k] == alone[0]).all()
    assert both.nodes[0].events != both.nodes[1].events


def test_burn_in_makes_no_errors() -> None:
    core = IntegerCore([constants(burn_in=2, threshold=0.01)])
    core.begin([0])
    found = [core.step(spikes) for spikes in raster(7, 4)]
    assert [errors is None for errors in found] == [True, True, False, False]
    assert core.heard is not None


def test_a_node_hears_all_neurons() -> None:
    core, spikes = IntegerCore([constants()]), raster(8, 1)[0]
    core.begin([1])
    with pytest.raises(ValueError, match="kept must be None: a node hears all neurons, not"):
        core.step(spikes, np.ones_like(spikes))


def test_state_goes_on() -> None:
    own = constants(threshold=0.5, event_rate=0.1, burn_in=12)
    first, second, spikes = IntegerCore([own]), IntegerCore([own]), raster(8, 20)
    first.begin([1])
    for each in spikes[:9]:
        first.step(each)
    second.begin([1])
    second.restore(first.state())
    rest = [(first.step(each), second.step(each)) for each in spikes[9:]]
    assert [one is None for one, _ in rest] == [other is None for _, other in rest]
    sent = [(one, other) for one, other in rest if one is not None and other is not None]
    assert len(sent) == 8
    assert all((one == other).all() for one, other in sent)
    assert sum(int(np.count_nonzero(one)) for one, _ in sent) > 3


def test_constants_of_the_digits() -> None:
    """Those that `train digits` has, with 256 neurons and 10 classes."""
    objective = ObjectiveSettings(loss="integer")
    goal = Goal.of(True, "integer")
    settings = Settings(objective=objective)
    (core,) = layers_of([settings], [program_of(settings)], goal).readers.values()
    assert isinstance(core, IntegerCore)
    found = core.nodes[0].constants
    assert (found.classes, found.neurons, found.rise, found.burn_in) == (10, 256, 5, 12)
    assert found.scale / 2**found.scale_shift == pytest.approx(0.06 * 32 / 2**5, rel=1e-4)
    assert (found.threshold, found.limit, found.wanted) == (4 * 4096, 1, 0)
    assert (found.loss, found.encoder) == (NodeLoss.CROSS_ENTROPY, NodeEncoding.SIGMA_DELTA)
    assert chip_config(settings) == chip_config(Settings())


@pytest.mark.parametrize(("rate", "wanted"), [(0.05, 19), (1e-9, 1), (0.999, 384)])
def test_event_rate_is_counted_in_sixteenths(rate: float, wanted: int) -> None:
    assert constants(event_rate=rate).wanted == wanted


@pytest.mark.parametrize("top", [1, 30, 127])
@pytest.mark.parametrize("leak", [0, 2048, 3686])
def test_levels_have_headroom(top: int, leak: int) -> None:
    """Neurons that speak for a class may all spike in every fourth tick."""
    core = IntegerCore([constants(top=top, leak=leak, limit=127)])
    core.begin([0])
    (node,) = core.nodes
    likely = (node.constants.columns[0] > 0)[None]
    for tick in range(41):
        core.step(likely & (tick % 4 == 0))
        if tick == 0:
            usable = node.constants.rise == 8 or np.abs(node.level).max() > 1 << 11
    assert node.clipped == 0
    assert usable


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": 1025.0}, "threshold must be at most 1024 with the loss integer, not 1025.0"),
        ({"logit_scale": 1e-9}, "logit_scale must be such that"),
        ({"logit_scale": 1e9}, "logit_scale must be such that"),
    ],
)
def test_what_a_node_has_no_room_for_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        constants(**changes)


def test_numbers_too_large_are_refused() -> None:
    core = IntegerCore([constants(of_classes=False)])
    with pytest.raises(ValueError, match=r"targets of the loss integer must be within \+-7.9998"):
        core.begin([np.array([0, 0, 8.5, 0])])


def test_several_layers_have_losses_of_their_own() -> None:
    settings = Settings().changed({"network": {"layers": [32, 32]}, "objective": {"latency": 1}})
    for strategy, good in (("local", True), ("direct", False), ("symmetric", False)):
        own = settings.changed({"objective": {"strategy": strategy}})
        goal, programs = Goal.of(True, "integer"), [program_of(own)]
        if good:
            readers = layers_of([own], programs, goal).readers.values()
            assert all(isinstance(core, IntegerCore) for core in readers)
        else:
            with pytest.raises(ValueError, match="strategy of several layers with the loss"):
                layers_of([own], programs, goal)


def test_the_name_stands_for_either_kind_of_target() -> None:
    assert all(LossName.INTEGER.takes(of_classes) for of_classes in (True, False))
    assert [LossName.MSE.takes(kind) for kind in (True, False)] == [False, True]
    assert [LossName.CROSS_ENTROPY.takes(kind) for kind in (True, False)] == [True, False]
    assert Goal.of(False, "integer").integer
    assert not Goal.of(False, None).integer
