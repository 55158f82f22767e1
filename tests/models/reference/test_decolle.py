"""The float DECOLLE: its local gradients are autograd's, its neurons those of the chip."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from axonloop.host.devices import GoldenDevice
from axonloop.models.config import CoreConfig, Geometry, ParameterSet, ResetMode, Row
from axonloop.models.protocol import Region
from axonloop.models.reference import Decolle, DecolleConstants, DecolleLayer

INPUTS, NEURONS, TICKS = 20, 12, 40
CONSTANTS = DecolleConstants(
    alpha=0.9,
    beta=0.7,
    gamma=0.9,
    rho=1.0,
    box=2.0,
    leak=0.8,
    scale=0.1,
    threshold=2.0,
    step=0.01,
    kept=0.99,
    floor=0.0,
    ceiling=1.0,
    strength=0.0,
)


class Spike(torch.autograd.Function):
    """A step at 1 whose derivative is a boxcar."""

    @staticmethod
    def forward(ctx: Any, potential: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(potential)
        return (potential >= 1).to(potential.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> torch.Tensor:
        (potential,) = ctx.saved_tensors
        return gradient * ((potential - 1).abs() < CONSTANTS.box)


def layer_of(seed: int, **changes: float) -> tuple[DecolleLayer, torch.Tensor]:
    """A layer in float64, and its input, 0 or 1, `(ticks, inputs)`."""
    random = torch.Generator().manual_seed(seed)
    weights = torch.randn((INPUTS, NEURONS), generator=random, dtype=torch.float64) * 0.3
    readout = torch.sign(torch.randn(NEURONS, generator=random, dtype=torch.float64))
    trains = (torch.rand((TICKS, INPUTS), generator=random) < 0.1).double()
    return DecolleLayer(weights, readout, replace(CONSTANTS, **changes)), trains


def close(found: torch.Tensor, wanted: torch.Tensor) -> bool:
    """Equal but for a few dozen roundings of float64."""
    return bool(wanted.abs().max() > 0) and torch.allclose(found, wanted, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_each_step_of_learning_is_autograds_with_states_detached(seed: int) -> None:
    layer, trains = layer_of(seed)
    for tick, arrived in enumerate(trains):
        level, reset = layer.level, layer.reset.clone()
        weights = layer.weights.clone().requires_grad_()
        layer.step(arrived)
        spikes = Spike.apply(layer.trace @ weights - reset)
        prediction = CONSTANTS.scale * (CONSTANTS.leak * level + layer.readout @ spikes)
        target = float(np.sin(tick))
        loss = (prediction - target) ** 2 / 2 / CONSTANTS.threshold
        # The rule leaves the scale of the readout to the learning rate.
        (gradient,) = torch.autograd.grad(loss / CONSTANTS.scale, weights)
        layer.learn(target, step=0.5)
        wanted = weights.detach() - 0.5 * CONSTANTS.step * gradient
        assert close(layer.weights, wanted)


def test_traces_carry_the_gradient_through_all_of_time() -> None:
    """Without reset, P is what back-propagation through current and membrane comes to."""
    layer, trains = layer_of(3, rho=0.0, leak=0.0)
    weights = layer.weights.clone().requires_grad_()
    current = membrane = torch.zeros(NEURONS, dtype=torch.float64)
    for arrived in trains:
        layer.step(arrived)
        current = CONSTANTS.beta * current + arrived @ weights
        membrane = CONSTANTS.alpha * membrane + current
    loss = (layer.readout @ Spike.apply(membrane)) * (layer.prediction - 5.0) / 2.0
    (gradient,) = torch.autograd.grad(loss, weights)
    assert close(torch.outer(layer.trace, layer.errors(5.0)), gradient)


def test_activity_is_kept_in_a_band_whatever_the_surrogate_says() -> None:
    layer, _ = layer_of(4, box=0.0, floor=0.1, ceiling=0.2, strength=2.0, kept=0.5)
    layer.rate[:3] = torch.tensor([0.0, 0.3, 0.8], dtype=torch.float64)
    errors = layer.errors(target=3.0)
    # Nothing spiked, so rates have halved: 0 is too quiet, 0.15 is fine, 0.4 too loud.
    assert errors[:3].tolist() == pytest.approx([-0.2, 0.0, 0.4], rel=1e-12)
    layer.trace[:] = 1.0
    before = layer.weights.clone()
    layer.rate[0] = 0.0
    layer.learn(3.0, step=1.0)
    assert (layer.weights[:, 0] > before[:, 0]).all()


def test_a_spike_reaches_the_next_layer_one_tick_later() -> None:
    first, _ = layer_of(5)
    second = DecolleLayer(torch.ones((NEURONS, 1)).double(), torch.ones(1).double(), CONSTANTS)
    first.weights[:] = 2.0
    network = Decolle([first, second])
    network.step(torch.ones(INPUTS).double())
    assert first.spikes.all()
    assert not second.trace.any()
    network.step(torch.zeros(INPUTS).double())
    assert second.trace.tolist() == [1.0] * NEURONS
    network.clear()
    network.step(torch.zeros(INPUTS).double())
    assert not second.trace.any()


def test_neurons_and_traces_are_those_of_the_chip() -> None:
    """Below the threshold U differs by what decays cut off.

    A decay loses less than 1 per tick: at most 1 / (1 - beta) < 3.4 in I, and 4.4 / (1 - alpha)
    < 44 in V. Q loses less than 3.4 and P, which is shifted, 44 as well.
    """
    geometry = Geometry(INPUTS, NEURONS, 4, update_lanes=4, trace_lanes=4, multipliers=4, entries=1)
    theta = 20_000
    chip = ParameterSet(
        alpha_n=round(0.9 * 4096),
        beta_n=round(0.7 * 4096),
        theta=theta,
        w_exp=2,
        reset_mode=ResetMode.NONE,
        alpha_p=round(0.9 * 4096),
        beta_p=round(0.7 * 4096),
        q_inc=64,
        p_shift=0,
    )
    rows = (Row(groups=geometry.groups, plastic=True),) * INPUTS
    weights = np.random.default_rng(6).integers(-100, 101, (INPUTS, NEURONS)).astype(np.int32)
    layer, trains = layer_of(6, alpha=chip.alpha_n / 4096, beta=chip.beta_n / 4096)
    layer.weights = torch.tensor(weights * (4 / theta))
    with GoldenDevice(CoreConfig(geometry, (chip,), rows)) as device:
        device.load_weights(weights)
        for arrived in trains:
            device.tick(arrived.nonzero().ravel().numpy().astype(np.int32))
            layer.step(arrived)
            potential = layer.potential.numpy() * theta
            assert np.abs(device.read(Region.MEMBRANE) - potential).max() < 44
            assert np.abs(device.read(Region.TRACE_P) - layer.trace.numpy() * 64).max() < 44
    assert np.abs(potential).max() > 1000
