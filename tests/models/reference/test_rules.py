"""The float references against each other: what each rule leaves out is all that it differs by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from axonloop.models.reference import (
    AxonTraces,
    DecolleConstants,
    DecolleLayer,
    Erbp,
    ErbpConstants,
    Lif,
    LifConstants,
    Online,
    Rtrl,
    SuperSpike,
    SynapseTraces,
    bptt_gradient,
    online_gradient,
)
from axonloop.models.reference.lif import LifState, surrogate

INPUTS, NEURONS, TICKS = 7, 5, 60
FULL = LifConstants(through_reset=True)
DETACHED = replace(FULL, through_recurrence=False)
LINEAR = replace(DETACHED, through_reset=False)


def network_of(seed: int, constants: LifConstants, recurrent: bool) -> tuple[Lif, Tensor, Tensor]:
    """A network in float64, its input and wanted spikes."""
    random = torch.Generator().manual_seed(seed)

    def normal(rows: int) -> Tensor:
        return torch.randn((rows, NEURONS), generator=random, dtype=torch.float64)

    def spikes(columns: int, rate: float) -> Tensor:
        return (torch.rand((TICKS, columns), generator=random) < rate).double()

    back = 0.4 * normal(NEURONS) if recurrent else None
    network = Lif(0.5 * normal(INPUTS), back, constants)
    return network, spikes(INPUTS, 0.3), spikes(NEURONS, 0.2)


def close(found: Tensor, wanted: Tensor) -> bool:
    """Equal but for roundings: sums of some thousand terms, each of a few eps."""
    scale = float(wanted.abs().max())
    return scale > 0 and bool((found - wanted).abs().max() < 1e-11 * scale)


def gradients(
    rule: type[Rtrl] | type[SynapseTraces] | type[AxonTraces],
    seed: int,
    used: LifConstants,
    recurrent: bool,
    wanted_of: LifConstants | None = None,
) -> tuple[Tensor, Tensor]:
    """A rule's gradient of the squared error, and backpropagation's."""
    network, raster, wanted = network_of(seed, used, recurrent)

    def loss(tick: int, spikes: Tensor) -> Tensor:
        return (spikes - wanted[tick]).square().sum() / 2

    assert network.run(raster).mean() > 0.02
    online: Online = rule(network)
    yardstick = Lif(network.weights, network.recurrent, wanted_of or used)
    return online_gradient(online, raster, loss), bptt_gradient(yardstick, raster, loss)


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
@pytest.mark.parametrize("constants", [FULL, DETACHED, LINEAR, replace(FULL, reset=0.0)])
def test_rtrl_is_backpropagation_through_time(
    constants: LifConstants, recurrent: bool, seed: int
) -> None:
    assert close(*gradients(Rtrl, seed, constants, recurrent))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_a_trace_per_synapse_is_exact_with_recurrence_detached(recurrent: bool, seed: int) -> None:
    assert close(*gradients(SynapseTraces, seed, DETACHED, recurrent))


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("recurrent", [False, True], ids=["forward", "recurrent"])
def test_a_trace_per_axon_is_exact_for_the_linear_neuron(recurrent: bool, seed: int) -> None:
    assert close(*gradients(AxonTraces, seed, LINEAR, recurrent))


def test_what_the_sparse_rules_leave_out_is_missed() -> None:
    found, wanted = gradients(SynapseTraces, 0, DETACHED, True, FULL)
    assert not torch.allclose(found, wanted, rtol=1e-3)
    found, wanted = gradients(AxonTraces, 0, DETACHED, False)
    assert not torch.allclose(found, wanted, rtol=1e-3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_all_synapses_of_an_axon_have_the_trace_of_decolle(seed: int) -> None:
    network, raster, _ = network_of(seed, LINEAR, False)
    by_synapse, by_axon = SynapseTraces(network), AxonTraces(network)
    usual = DecolleConstants(0.9, 0.8, 0.0, 0.0, 2.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    layer = DecolleLayer(network.weights, torch.ones(NEURONS).double(), usual)
    for arriving in raster:
        by_synapse.step(arriving)
        by_axon.step(arriving)
        layer.step(arriving)
        assert (by_synapse.potential == by_axon.trace[:, None]).all()
        assert (layer.trace == by_axon.trace).all()
    assert by_axon.trace.min() > 0


def test_memory_is_what_the_rules_say() -> None:
    network, _, _ = network_of(0, FULL, True)
    sources = INPUTS + NEURONS
    sizes = [
        sum(kept.numel() for kept in rule(network).kept())
        for rule in (Rtrl, SynapseTraces, AxonTraces)
    ]
    assert sizes == [2 * sources * NEURONS**2, 2 * sources * NEURONS, 2 * sources]


def double_exponential(rise: float, fall: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """The kernel in closed form: sum over k of rise^k fall^(t-k)."""
    t = np.arange(TICKS + 1)
    return np.asarray((fall ** (t + 1) - rise ** (t + 1)) / (fall - rise))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_superspikes_eligibility_is_the_filtered_product(seed: int) -> None:
    network, raster, wanted = network_of(seed, LINEAR, False)
    rule, found, states = SuperSpike(network, 0.6, 0.85), [], []
    for arriving, target in zip(raster, wanted, strict=True):
        rule.step(arriving, target)
        found.append(rule.eligibility.numpy())
        states.append(rule.potentials.state.potential)
    slopes = surrogate(torch.stack(states), LINEAR.steepness).numpy()
    constants = network.constants
    for j in range(INPUTS):
        kernel = double_exponential(constants.beta, constants.alpha)
        potential = np.convolve(raster[:, j].numpy(), kernel)[:TICKS]
        for i in range(NEURONS):
            product = slopes[:, i] * potential
            filtered = np.convolve(product, double_exponential(0.6, 0.85))[:TICKS]
            assert np.abs(np.array(found)[:, j, i] - filtered).max() < 1e-11 * filtered.max()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_superspike_descends_van_rossums_distance(seed: int) -> None:
    """Its sum over time is autograd's gradient of the distance, taken over the whole train."""
    network, raster, wanted = network_of(seed, LINEAR, False)
    rule = SuperSpike(network, 0.6, 0.85)
    steps = [rule.step(arriving, target) for arriving, target in zip(raster, wanted, strict=True)]
    kernel = torch.from_numpy(double_exponential(0.6, 0.85))
    places = torch.arange(TICKS)[:, None] - torch.arange(TICKS)
    filters = kernel[places.clamp(min=0)] * (places >= 0)
    weights = network.weights.clone().requires_grad_()
    distance = (filters @ (Lif(weights, None, LINEAR).run(raster) - wanted)).square().sum() / 2
    (gradient,) = torch.autograd.grad(distance, weights)
    assert rule.distance == pytest.approx(distance.item(), rel=1e-12)
    assert close(torch.stack(steps).sum(0), gradient)


def test_superspike_learns_wanted_spikes() -> None:
    network, raster, wanted = network_of(3, LINEAR, False)
    distances = []
    for _ in range(150):
        rule = SuperSpike(network, 0.6, 0.85)
        steps = [rule.step(*both) for both in zip(raster, wanted, strict=True)]
        network.weights -= 2e-4 * torch.stack(steps).sum(0)
        distances.append(rule.distance)
    assert min(distances) < 0.3 * distances[0]


def test_erbp_by_hand() -> None:
    """Three ticks, two inputs, one hidden neuron, two outputs; all numbers are exact in binary."""
    plain = LifConstants(alpha=0.5, beta=0.0, reset=1.0)
    first = Lif(torch.tensor([[1.0], [0.5]]), None, plain)
    last = Lif(torch.tensor([[1.0, 0.25]]), None, plain)
    constants = ErbpConstants(rate=0.125, kept=0.5, threshold=1.0, low=0.0, high=2.0)
    rule = Erbp([first, last], [torch.tensor([[2.0], [-1.0]])], constants)
    label = torch.tensor([0.0, 1.0])
    # Tick 1: input 0. Hidden U = 1, spikes; outputs U = (1, 0.25): the first spikes.
    # Errors (1, -1).
    # T hidden = 2 + 1 = 3, T output = (1, -1). Input 0 and the hidden axon learn.
    assert rule.step(torch.tensor([1.0, 0.0]), label).tolist() == [1.0, 0.0]
    assert rule.errors.tolist() == [1.0, -1.0]
    assert first.weights.tolist() == [[0.625], [0.5]]
    assert last.weights.tolist() == [[0.875, 0.375]]
    # Tick 2: input 1. Hidden U = 0.5 + 0.5 - 1 = 0: silent, outside its box (0 is not above low).
    # Outputs U = (-0.5, 0.125): no spike; errors (0, -1).
    # T hidden = 1.5 + 1, T output = (.5, -1.5).
    assert rule.step(torch.tensor([0.0, 1.0]), label).tolist() == [0.0, 0.0]
    assert rule.errors.tolist() == [0.0, -1.0]
    assert first.weights.tolist() == [[0.625], [0.5]]
    assert last.weights.tolist() == [[0.875, 0.375]]
    # Tick 3: both inputs. Hidden U = 1.125, spikes. Outputs U = (-0.25 + 0.875, 0.0625 + 0.375).
    # Errors (0, -1); T hidden = 1.25 + 1 = 2.25, T output = (0.25, -1.75).
    assert rule.step(torch.tensor([1.0, 1.0]), label).tolist() == [0.0, 0.0]
    assert first.weights.tolist() == [[0.34375], [0.21875]]
    assert last.weights.tolist() == [[0.84375, 0.59375]]


@pytest.mark.parametrize("seed", [0, 1])
def test_erbp_against_numpy(seed: int) -> None:
    """Two layers, thirty ticks, written again in NumPy neuron by neuron."""
    random = np.random.default_rng(seed)
    sizes = (6, 8, 3)
    weights = [random.normal(0, 0.5, (a, b)) for a, b in zip(sizes, sizes[1:], strict=False)]
    feedback = random.normal(0, 1, (3, 8))
    neuron = LifConstants(alpha=0.9, beta=0.8)
    c = ErbpConstants(rate=0.01, kept=0.7, threshold=1.5, low=-0.5, high=1.5)
    layers = [Lif(torch.from_numpy(w.copy()), None, neuron) for w in weights]
    rule = Erbp(layers, [torch.from_numpy(feedback)], c)
    state = [[np.zeros(n) for n in sizes[1:]] for _ in "IUST"]
    level = np.zeros(3)
    label = np.array([0.0, 0.8, 0.0])
    for arriving in (random.random((30, 6)) < 0.3).astype(float):
        out = rule.step(torch.from_numpy(arriving), torch.from_numpy(label))
        heard = [arriving]
        for k in range(2):
            current, potential, spikes, _ = (each[k] for each in state)
            current[:] = 0.8 * current + heard[k] @ weights[k]
            potential[:] = 0.9 * potential + current - spikes
            spikes[:] = potential >= 1
            heard.append(spikes.copy())
        level += heard[2] - label
        errors = np.where(np.abs(level) >= 1.5, np.sign(level), 0.0)
        level -= 1.5 * errors
        for k, back in enumerate((errors @ feedback, errors)):
            potential, dendrite = state[1][k], state[3][k]
            dendrite[:] = 0.7 * dendrite + back
            for i in range(sizes[k + 1]):
                if -0.5 < potential[i] < 1.5:
                    for j in np.flatnonzero(heard[k]):
                        weights[k][j, i] -= 0.01 * dendrite[i]
        assert out.tolist() == heard[2].tolist()
        for k in range(2):
            assert np.abs(layers[k].weights.numpy() - weights[k]).max() < 1e-13
    assert np.abs(errors).max() <= 1
    assert out.sum() + np.abs(state[3][0]).sum() > 0


def test_states_have_the_shape_of_the_samples() -> None:
    network, raster, _ = network_of(0, FULL, True)
    batch = raster[:, None].expand(TICKS, 3, INPUTS)
    assert network.run(batch).shape == (TICKS, 3, NEURONS)
    assert (network.run(batch)[:, 1] == network.run(raster)).all()
    assert isinstance(network.rest(2, 4), LifState)
