"""The DECOLLE block: its gradients are the local rule's, and no other."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from axonloop.models.reference import DecolleConstants, DecolleLayer, Lif
from axonloop.models.reference.local import DecolleBlock, activity_cost, sign_concordant
from tests.support.random.float_networks import Draw, apart

INPUTS, NEURONS, READOUTS, SAMPLES, TICKS = 12, 9, 3, 4, 30


def block_of(draw: Draw, inputs: int = INPUTS, **options: Tensor) -> DecolleBlock:
    readout = torch.sign(draw.normal(NEURONS, READOUTS))
    return DecolleBlock(0.4 * draw.normal(inputs, NEURONS), readout, **options)


def gradients(block: DecolleBlock, loss: Tensor) -> tuple[Tensor, Tensor]:
    found = torch.autograd.grad(loss, [block.weights, block.bias])
    return found[0], found[1]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("own", [False, True], ids=["transposed", "sign-concordant"])
def test_gradients_are_traces_times_errors_in_the_box(own: bool, seed: int) -> None:
    draw = Draw(seed)
    block = block_of(draw)
    if own:
        block.feedback = sign_concordant(block.readout, torch.Generator().manual_seed(seed))
    busy = 0.0
    for arriving in (draw.spikes(SAMPLES, INPUTS, 0.3) for _ in range(TICKS)):
        heard, wanted = block(arriving), draw.normal(SAMPLES, READOUTS)
        found = gradients(block, (heard.prediction - wanted).square().sum() / 2)
        errors = (heard.spikes @ block.readout - wanted) @ block.feedback
        inside = errors * ((heard.potential.detach() - 1).abs() < block.box)
        assert not heard.spikes.requires_grad
        if inside.any():
            assert apart(found, [block.trace.T @ inside, inside.sum(0)]) < 1e-9
            busy += float(inside.abs().max() > 0)
    assert busy > TICKS / 2


@pytest.mark.parametrize("seed", [0, 1])
def test_a_step_of_learning_is_that_of_the_reference(seed: int) -> None:
    """One readout, no leak, no band of rates."""
    draw = Draw(seed)
    usual = DecolleConstants(0.9, 0.7, 0.9, 1.0, 0.5, 0.0, 1.0, 1.0, 0.01, 0.0, 0.0, 1.0, 0.0)
    weights, readout = 0.4 * draw.normal(INPUTS, NEURONS), torch.sign(draw.normal(NEURONS))
    layer = DecolleLayer(weights, readout, usual)
    block = DecolleBlock(weights.clone(), readout[:, None])
    for arriving in draw.spikes(TICKS, INPUTS, 0.3):
        heard = block(arriving)
        assert torch.equal(heard.spikes, layer.step(arriving))
        found, _ = gradients(block, (heard.prediction - 2.0).square().sum() / 2)
        block.weights.data -= 0.01 * found
        layer.learn(2.0, step=1.0)
        assert apart(block.weights.detach(), layer.weights) < 1e-9
    assert apart(layer.weights, weights) > 1e-3


def test_no_gradient_passes_from_a_block_to_the_one_below_or_to_an_earlier_tick() -> None:
    draw = Draw(3)
    first, second = block_of(draw), block_of(draw, NEURONS)
    losses = []
    for arriving in draw.spikes(TICKS, INPUTS, 0.3):
        heard = second(first(arriving).spikes)
        losses.append(heard.prediction.square().sum() + heard.potential.square().sum())
    assert torch.autograd.grad(losses[-1], first.weights, allow_unused=True) == (None,)
    (found,) = torch.autograd.grad(losses[-1], second.weights)
    assert float(found.abs().max()) > 0
    # P of this tick is all that is left of earlier ones.
    slope = (heard.prediction.detach() * 2) @ second.feedback
    slope = slope * ((heard.potential.detach() - 1).abs() < second.box)
    slope = slope + 2 * heard.potential.detach()
    assert apart(found, torch.outer(second.trace, slope)) < 1e-9


def test_no_gradient_passes_to_what_arrives() -> None:
    block, arriving = block_of(Draw(7)), torch.ones(INPUTS).double().requires_grad_()
    for _ in range(3):
        heard = block(arriving)
    loss = heard.potential.sum()
    assert torch.autograd.grad(loss, arriving, allow_unused=True) == (None,)


def test_a_cleared_block_has_forgotten() -> None:
    draw = Draw(4)
    block, trains = block_of(draw), draw.spikes(TICKS, INPUTS, 0.3)
    first = [block(arriving).potential.detach() for arriving in trains]
    block.clear()
    again = [block(arriving).potential.detach() for arriving in trains]
    assert all(torch.equal(x, y) for x, y in zip(first, again, strict=True))
    assert not torch.equal(block(trains[0]).potential, first[0])


def test_it_is_moved_saved_and_learned_like_any_module() -> None:
    block = block_of(Draw(5)).float()
    assert [name for name, _ in block.named_parameters()] == ["weights", "bias"]
    assert set(block.state_dict()) == {"weights", "bias", "readout", "feedback"}
    block.clear()
    assert block(torch.ones(INPUTS)).potential.dtype == torch.float32


def test_the_regulariser_by_hand_and_its_gradient() -> None:
    potential = torch.tensor([[0.5, -1.0], [-0.005, -2.0]], dtype=torch.float64).requires_grad_()
    cost = activity_cost(potential, busy=2.0, silent=3.0)
    # Above -0.01: 0.51 and 0.005; mean of U -0.62625, which is 0.72625 below 0.1.
    assert cost.item() == pytest.approx(2 * (0.51 + 0.005) / 4 + 3 * (0.1 + 2.505 / 4), abs=1e-12)
    (found,) = torch.autograd.grad(cost, potential)
    wanted = torch.tensor([[0.5 - 0.75, -0.75], [0.5 - 0.75, -0.75]]).double()
    assert apart(found, wanted) < 1e-9
    assert activity_cost(potential + 5, 0.0, 3.0) == 0


def test_the_regulariser_wakes_a_silent_network_of_any_kind() -> None:
    draw = Draw(6)
    weights = (0.01 * draw.normal(INPUTS, NEURONS)).requires_grad_()
    raster = draw.spikes(TICKS, INPUTS, 0.3)
    before = Lif(weights.detach()).run(raster).sum()
    for _ in range(40):
        network = Lif(weights)
        state, cost = network.rest(), torch.zeros(()).double()
        for arriving in raster:
            state = network.step(state, arriving)
            cost = cost + activity_cost(state.potential - 1, 0.01, 1.0) / TICKS
        (found,) = torch.autograd.grad(cost, weights)
        weights = (weights - 0.05 * found).detach().requires_grad_()
    assert before == 0
    assert Lif(weights.detach()).run(raster).sum() > 10
