"""The chip as a torch module: the golden chip's numbers forward, surrogate gradients backward."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.host.network import Network, compile_network, smallest_geometry
from axonloop.models.config import (
    ChipConfig,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Mesh,
    ParameterSet,
    ResetMode,
    Rounding,
    Row,
)
from axonloop.models.golden import Chip
from axonloop.models.protocol import Region
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES
from axonloop.sim.surrogate import FLOAT, ChipState, SurrogateChip
from tests.support.random.chips import random_chip
from tests.support.random.cores import random_weights
from tests.support.random.networks import random_network
from tests.support.random.seeds import seeds

SAMPLES, TICKS = 3, 25
STATES = {
    "current": Region.CURRENT,
    "membrane": Region.MEMBRANE,
    "reset": Region.RESET,
    "countdown": Region.COUNTDOWN,
    "spike": Region.SPIKE,
}


def compare(golden: list[Chip], state: ChipState, where: str) -> None:
    """Every state that the module holds, of every sample, against a golden chip each."""
    for name, region in STATES.items():
        found = getattr(state, name).detach().to(torch.int64).numpy()
        expected = np.stack([chip.array(region) for chip in golden])
        assert (found == expected).all(), f"{where}: {name}"
    slots = golden[0].geometry.delay_slots
    for later, pending in enumerate(state.pending):
        expected = np.stack(
            [c.array(Region.PENDING)[(c.tick_register + later) % slots] for c in golden]
        )
        assert (pending.detach().numpy() == expected).all(), f"{where}: pending {later}"


def run_both(
    rng: np.random.Generator, config: ChipConfig, weights: np.ndarray, share: float
) -> int:
    """Random spikes into both; the number of spikes of all neurons."""
    golden = [Chip(config) for _ in range(SAMPLES)]
    for chip in golden:
        chip.load_weights(weights)
    module = SurrogateChip(config, weights)
    assert (module.integer_weights() == weights).all()
    state, used, spikes = module.clear_state(SAMPLES), module.used_weights(), 0
    for tick in range(TICKS):
        raster = rng.random((SAMPLES, config.axons)) < share
        for chip, row in zip(golden, raster, strict=True):
            chip.send_spikes(np.flatnonzero(row))
            chip.tick()
        state = module.step(torch.tensor(raster, dtype=FLOAT), state, used)
        compare(golden, state, f"tick {tick}")
        spikes += int(state.spike.sum())
    return spikes


@pytest.mark.parametrize("mesh", [Mesh(), Mesh(2, 1), Mesh(2, 2)], ids=str)
@pytest.mark.parametrize("seed", seeds(12, 4))
def test_equals_golden_on_random_chips(seed: int, mesh: Mesh) -> None:
    """All modes, widths, delays, always-on rows, saturation: every state of every tick."""
    rng = np.random.default_rng(seed)
    config = without_chance(random_chip(rng, mesh))
    weights = np.concatenate([random_weights(rng, core) for core in config.cores])
    run_both(rng, config, weights, float(rng.choice([0.05, 0.5])))


def without_chance(config: ChipConfig) -> ChipConfig:
    """The chip with synapses that drop no spikes and thresholds that stay."""
    cores = []
    for core in config.cores:
        sets = (replace(each, blank=0, temperature=0) for each in core.parameter_sets)
        cores.append(replace(core, parameter_sets=tuple(sets)))
    return replace(config, cores=tuple(cores))


@pytest.mark.parametrize("seed", range(4))
def test_equals_golden_through_a_mask(seed: int) -> None:
    rng = np.random.default_rng([seed, 1])
    config = without_chance(random_chip(rng, Mesh(2, 1), GEOMETRIES["mask"]))
    weights = np.concatenate([random_weights(rng, core) for core in config.cores])
    assert run_both(rng, config, weights, 0.3) > 0


def test_a_gradient_goes_through_a_mask() -> None:
    """dI / dW is what row and column leave of W, times the shift, as if nothing were rounded."""
    geometry = Geometry(2, 4, 1, 1, 1, 1, mask=1)
    core = CoreConfig(
        geometry, (ParameterSet(w_exp=2),), row_loss=(128, 3), column_loss=(0, 64, 255, 7)
    )
    module = SurrogateChip(core, np.full((2, 4), 5))
    raster = torch.tensor([[1.0, 0.0]], dtype=FLOAT)
    state = module.step(raster, module.clear_state(1), module.used_weights())
    state.current.sum().backward()
    assert state.current.tolist() == [[12, 8, 0, 8]]
    assert module.weights.grad is not None
    assert module.weights.grad.tolist() == [[2, 1.5, 1 / 128, 2 * 249 / 256], [0] * 4]


def test_thresholds_that_vary_are_refused() -> None:
    geometry = Geometry(8, 4, 2, 2, 2, 2, threshold_noise=1)
    config = CoreConfig(geometry, (ParameterSet(temperature=7),))
    with pytest.raises(ValueError, match="^temperature must be 0 off the chip, .*, not 7$"):
        SurrogateChip(config, np.zeros((8, 4)))


def test_synapses_that_drop_spikes_are_refused() -> None:
    geometry = Geometry(8, 4, 2, 2, 2, 2, blank_out=1)
    config = CoreConfig(geometry, (ParameterSet(blank=7),))
    with pytest.raises(ValueError, match="^blank must be 0 off the chip, .*, not 7$"):
        SurrogateChip(config, np.zeros((8, 4)))


def test_shared_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="^convolutions must be 0 off the chip, .*, not 3$"):
        SurrogateChip(CoreConfig(CONVOLUTIONS["conv"]), np.zeros((128, 8)))


@pytest.mark.parametrize("seed", range(8))
def test_equals_golden_on_compiled_networks(seed: int) -> None:
    """Layers, recurrent and delayed projections as the compiler places them; neurons spike."""
    rng = np.random.default_rng([1, seed])
    network: Network = random_network(rng)
    mesh = Mesh(int(rng.integers(1, 3)), 1)
    program = compile_network(network, smallest_geometry(network, mesh, 4), mesh)
    assert run_both(rng, program.config, program.weights, 0.3) > 0


def test_widest_numbers_stay_exact() -> None:
    """24-bit states, 16-bit weights, 2048 axons, the largest shift: sums of 2^34 and more."""
    geometry = Geometry(2048, 16, weight_bits=16, state_bits=24)
    rng = np.random.default_rng(0)
    common = ParameterSet(4095, 4095, 4095, rho=9, theta=2**22, w_exp=7, i_shift=15)
    for mode in (ResetMode.NONE, ResetMode.SUBTRACT):
        config = ChipConfig.of(CoreConfig(geometry, (replace(common, reset_mode=mode),)))
        weights = rng.integers(-32767, 32768, (2048, 16))
        weights[:, 0] = 32767
        run_both(rng, config, weights, 0.9)


def small(exact: bool, mode: ResetMode, steepness: float = 3.0) -> SurrogateChip:
    """Four axons into neurons 0, 1, which feed neurons 2, 3 with delays and back; a bias row."""
    geometry = Geometry(8, 4, 2, 2, 2, 2, weight_bits=8, parameter_sets=2)
    first = ParameterSet(alpha_n=3700, beta_n=3000, theta=700, w_exp=3, i_shift=1, reset_mode=mode)
    second = replace(first, theta=500, refractory=2, gamma=3500, rho=100)
    config = CoreConfig(
        geometry,
        (first, second),
        rows=tuple(Row(0, 2, plastic=True, always_on=axon == 7) for axon in range(8)),
        groups=(Group(0), Group(1)),
        bias=(3, -2, 0, 5),
        fanout=(
            (Destination(4),),
            (Destination(5, 1),),
            (Destination(6, 2), Destination(4)),
            (Destination(6, 2),),
        ),
    )
    weights = np.random.default_rng(5).integers(-60, 100, (8, 4))
    weights[2, 1] = weights[5, 3] = geometry.no_synapse
    return SurrogateChip(config, weights, exact, steepness=steepness)


def through(value: torch.Tensor, rounded: torch.Tensor) -> torch.Tensor:
    """`rounded` with the gradient of `value`."""
    return value + (rounded - value).detach()


def by_autograd(module: SurrogateChip, raster: torch.Tensor, used: torch.Tensor) -> torch.Tensor:
    """The same chip in plain torch operations, a neuron at a time: spikes `(ticks, 4)`."""
    (core,) = module.config.cores
    limit = module.config.geometry.state_max if module.exact else 1e30
    current = [torch.zeros((), dtype=FLOAT)] * 4
    membrane, reset, countdown = list(current), [0.0] * 4, [0] * 4
    pending: dict[tuple[int, int], list[torch.Tensor]] = {}
    spikes = []

    def truncated(x: torch.Tensor) -> torch.Tensor:
        return through(x, x.trunc()) if module.exact else x

    for tick, row in enumerate(raster):
        events = []
        for axon in range(8):
            sources = [row[axon] + float(core.rows[axon].always_on), *pending.get((tick, axon), [])]
            total = torch.stack(sources).sum()
            events.append(through(total, total.clamp(max=1)))
        fired = []
        for n in range(4):
            p = core.parameter_sets[n // 2]
            acc = torch.stack([events[a] * used[a, n] for a in range(8)]).sum()
            i = truncated(current[n] * p.beta_n / 4096) + acc * 2**p.w_exp
            current[n] = i = through(i, i.clamp(-limit, limit))
            halved = i / 2**p.i_shift
            halved = through(halved, halved.floor()) if module.exact else halved
            free, v = countdown[n] == 0, membrane[n]
            if free:
                v = truncated(v * p.alpha_n / 4096) + halved + core.bias[n]
                v = through(v, v.clamp(-limit, limit))
            x = v - reset[n] - p.theta
            spike = torch.zeros_like(x)
            if free:
                height = 1 / (p.theta * (1 + module.steepness * x.abs() / p.theta) ** 2)
                spike = (x >= 0).to(FLOAT).detach() + (height.detach() * (x - x.detach()))
            s = float(spike.detach())
            kept = reset[n] * p.gamma / 4096
            reset[n] = (np.trunc(kept) if module.exact else kept) + p.rho * s
            countdown[n] = p.refractory if s else max(0, countdown[n] - 1)
            if s:
                v = v * 0 if p.reset_mode is ResetMode.ZERO else v
                v = v - p.theta if p.reset_mode is ResetMode.SUBTRACT else v
            membrane[n] = v
            fired.append(spike)
            for d in core.fanout[n]:
                pending.setdefault((tick + 1 + d.delay, d.axon), []).append(spike)
        spikes.append(torch.stack(fired))
    return torch.stack(spikes)


@pytest.mark.parametrize("exact", [True, False], ids=["exact", "float"])
@pytest.mark.parametrize("mode", list(ResetMode), ids=lambda mode: mode.name)
def test_gradients_equal_an_independent_derivation(mode: ResetMode, exact: bool) -> None:
    """Gradients through time, delays and recurrence, against autograd over single neurons.

    Both sum the same float64 products in other orders: some thousand additions, so 1e-9 of the
    largest is generous.
    """
    module = small(exact, mode)
    rng = np.random.default_rng(3)
    raster = torch.tensor(rng.random((30, 8)) < 0.4, dtype=FLOAT)
    raster[:, 4:] = 0
    pull = torch.tensor(rng.normal(size=(30, 4)))
    spikes = module(raster[:, None])[:, 0]
    (spikes * pull).sum().backward()
    found = module.weights.grad.clone()
    module.weights.grad = None
    plain = by_autograd(module, raster, module.used_weights())
    assert (plain == spikes).all()
    assert 10 < spikes.sum() < 110
    (plain * pull).sum().backward()
    assert found.abs().max() > 0
    torch.testing.assert_close(found, module.weights.grad, rtol=0, atol=1e-9 * found.abs().max())
    assert (found[~module.synapses] == 0).all()


def test_weights_are_rounded_and_clipped() -> None:
    module = small(True, ResetMode.ZERO)
    with torch.no_grad():
        module.weights[0] = torch.tensor([0.4, 0.6, -300.0, 1.5], dtype=FLOAT)
    assert module.used_weights()[0].tolist() == [0, 1, -127, 2]
    assert module.integer_weights()[0].tolist() == [0, 1, -127, 2]
    assert module.integer_weights()[2, 1] == -128
    assert module.used_weights()[2, 1] == 0
    module.clip_weights()
    assert module.weights[0, 2] == -127


def test_stochastic_rounding_has_the_right_mean() -> None:
    """20,000 draws of a weight of 2.3: the mean within 5 standard deviations (0.46 / 141)."""
    geometry = Geometry(2000, 10, 2, 2, 2, 2)
    random = torch.Generator().manual_seed(4)
    module = SurrogateChip(
        CoreConfig(geometry),
        np.zeros((2000, 10), int),
        rounding=Rounding.STOCHASTIC,
        random=random,
    )
    with torch.no_grad():
        module.weights[:] = 2.3
    used = module.used_weights().detach()
    assert set(used.unique().tolist()) == {2, 3}
    assert abs(float(used.mean()) - 2.3) < 5 * 0.46 / 141
    assert not (module.used_weights() == used).all()
    module.eval()
    assert (module.used_weights() == 2).all()


def test_float_twin_rounds_nothing() -> None:
    module = small(False, ResetMode.ZERO)
    with torch.no_grad():
        module.weights[0] = torch.tensor([0.4, 0.6, -300.0, 1.5], dtype=FLOAT)
    assert module.used_weights()[0].tolist() == [0.4, 0.6, -300.0, 1.5]
    state = module.step(torch.ones(1, 8, dtype=FLOAT), module.clear_state(1), module.used_weights())
    assert (state.current != state.current.round()).any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": np.zeros((8, 3), int)}, r"weights must be of shape \(8, 4\), not \(8, 3\)"),
        ({"first": np.full((8, 4), 128)}, r"weights must be in \+-127, or no synapse, not 128"),
        ({"steepness": 0.0}, "steepness must be finite and above 0, not 0.0"),
    ],
    ids=["shape", "range", "steepness"],
)
def test_bad_input(change: dict[str, object], message: str) -> None:
    config = CoreConfig(Geometry(8, 4, 2, 2, 2, 2))
    given = {"first": np.zeros((8, 4), int)} | change
    with pytest.raises(ValueError, match=f"^{message}"):
        SurrogateChip(config, **given)  # type: ignore[arg-type]


def test_synapses_outside_a_row_are_refused() -> None:
    config = CoreConfig(Geometry(8, 4, 2, 2, 2, 2), rows=(Row(0, 1),) * 8)
    with pytest.raises(ValueError, match="^weights must be inside their rows' groups"):
        SurrogateChip(config, np.zeros((8, 4), int))
