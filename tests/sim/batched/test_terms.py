"""Terms of learning rules and synapses that drop spikes: many copies against golden chips."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Geometry,
    Mesh,
    NeuronFactor,
    ParameterSet,
    Rounding,
    Row,
    Term,
    ThirdFactor,
)
from axonloop.models.protocol import Counter, Region
from axonloop.models.rules import homeostasis, pair_stdp
from axonloop.sim.batched import BatchedChip
from tests.support.random.batches import WIDE, Batch, chip_weights
from tests.support.random.cores import random_config
from tests.support.random.seeds import seeds

pytestmark = pytest.mark.usefixtures("each_way")

Rng = np.random.Generator


def random_rules(rng: Rng, terms: int, cores: int = 1) -> ChipConfig:
    """Cores in which everything is random, with as many terms, and with rows that drop spikes."""
    geometry = Geometry(24, 40, entries=96, terms=terms, blank_out=1, **WIDE)
    random = [few_spans(rng, random_config(rng, geometry)) for _ in range(cores)]
    seed = random[0].seed
    placed = (
        replace(core, core=k, seed=seed, fanout=()) if cores > 1 else core
        for k, core in enumerate(random)
    )
    return ChipConfig(tuple(placed), Mesh(cores, 1))


def few_spans(rng: Rng, core: CoreConfig) -> CoreConfig:
    """Rows as they are, but for what they visit: that of one of three, as in layers."""
    kinds = [core.rows[k] for k in rng.integers(0, len(core.rows), 3)]
    spans = [kinds[k] for k in rng.integers(0, 3, len(core.rows))]
    rows = (
        replace(row, first_group=span.first_group, groups=span.groups)
        for row, span in zip(core.rows, spans, strict=True)
    )
    return replace(core, rows=tuple(rows))


@pytest.mark.parametrize("seed", seeds(3, 1), ids="seed{}".format)
@pytest.mark.parametrize("cores", [1, 2], ids="{}cores".format)
@pytest.mark.parametrize("copies", [1, 5], ids="{}copies".format)
@pytest.mark.parametrize("terms", [0, 1, 2, 3, 4], ids="{}terms".format)
def test_copies_equal_golden_chips(terms: int, copies: int, cores: int, seed: int) -> None:
    rng = np.random.default_rng([seed, terms, copies, cores])
    Batch.of(rng, random_rules(rng, terms, cores), copies, False).live(rng, 8)


@pytest.mark.parametrize("seed", range(2), ids="seed{}".format)
def test_64_copies_equal_64_golden_chips(seed: int) -> None:
    rng = np.random.default_rng([seed, 64])
    Batch.of(rng, random_rules(rng, 4), 64, False).live(rng, 6)


@pytest.mark.parametrize("seed", range(2), ids="seed{}".format)
@pytest.mark.parametrize("weight_bits", [8, 12])
def test_rows_wider_than_a_vector(weight_bits: int, seed: int) -> None:
    """Neighbours that all learn, by steps that nearly all move weights: STDP and homeostasis."""
    rng = np.random.default_rng([seed, weight_bits])
    geometry = Geometry(32, 160, weight_bits=weight_bits, entries=32, terms=4, blank_out=1)
    rules = (*pair_stdp(rise=3, fall=2), *homeostasis(rise=1, fall=0))
    parameters = ParameterSet(
        theta=300, zeta=4000, z_inc=900, z_shift=2, q_inc=900, beta_p=4000, blank=9000, terms=rules
    )
    rows = tuple(Row(groups=10, plastic=bool(k % 5)) for k in range(32))
    batch = Batch.of(rng, ChipConfig.of(CoreConfig(geometry, (parameters,), rows)), 2, False)
    for tick in range(10):
        batch.tick(rng)
        batch.learn()
        batch.check(f"tick {tick}")
    visits, updates = batch.batched.counters()[:, [Counter.VISITS, Counter.UPDATES]].unbind(1)
    assert (updates > visits // 4).all()


@pytest.mark.parametrize("seed", range(4), ids="seed{}".format)
def test_samples_that_share_weights_drop_the_same_spikes(seed: int) -> None:
    rng = np.random.default_rng([seed, 9])
    Batch.of(rng, random_rules(rng, 2, 2), 9, True).live(rng, 8, errors=False)


@pytest.mark.parametrize("third", ThirdFactor, ids=lambda kind: f"third-{kind.name}")
@pytest.mark.parametrize("neuron", NeuronFactor, ids=lambda kind: f"neuron-{kind.name}")
@pytest.mark.parametrize("axon", list(AxonFactor)[1:], ids=lambda kind: f"axon-{kind.name}")
def test_every_product_alone(axon: AxonFactor, neuron: NeuronFactor, third: ThirdFactor) -> None:
    """Weights move by each of them, on neurons that do spike; two terms tell their noise apart."""
    rng = np.random.default_rng([axon, neuron, third])
    core = random_rules(rng, 2).cores[0]
    term = Term(axon, neuron, third, sign=1, shift=3)
    fixed = {
        "theta": 40,
        "box": 4000,
        "refractory": 0,
        "z_inc": 900,
        "zeta": 4000,
        "z_shift": 4,
        "q_inc": 900,
        "beta_p": 4000,
        "alpha_p": 4000,
        "p_shift": 0,
        "pq_shift": 4,
        "qq_shift": 4,
        "rounding": Rounding.STOCHASTIC,
        "terms": (term, replace(term, sign=-1, scale=1, shift=4)),
    }
    sets = tuple(replace(each, **fixed) for each in core.parameter_sets)
    batch = Batch.of(rng, ChipConfig.of(replace(core, parameter_sets=sets)), 3, False)
    batch.modulate(np.array([-90, 3, 127]))
    for tick in range(8):
        batch.send_errors(rng.integers(-99, 100, (3, 40)), ungated=True)
        batch.tick(rng)
        batch.learn()
        batch.check(f"tick {tick}")
    assert batch.batched.counters()[:, Counter.UPDATES].min() > 0


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("seed", range(3), ids="seed{}".format)
def test_the_plain_rule_as_a_term_is_the_plain_rule(seed: int, shared: bool) -> None:
    rng = np.random.default_rng(seed)
    core = random_rules(rng, 0).cores[0]
    plain_term = Term(AxonFactor.PQ, third=ThirdFactor.ERROR, sign=-1)
    own = tuple(
        replace(each, terms=(replace(plain_term, shift=each.eta_shift),))
        for each in core.parameter_sets
    )
    written = replace(core, geometry=replace(core.geometry, terms=1), parameter_sets=own)
    chips = [BatchedChip(config, 4, shared) for config in (core, written)]
    weights = chip_weights(rng, ChipConfig.of(core))
    for chip in chips:
        chip.load_weights(weights)
    for _ in range(6):
        spikes, errors = rng.random((4, 24)) < 0.4, rng.integers(-99, 100, (4, 40))
        for chip in chips:
            chip.tick(spikes)
            chip.send_errors(errors)
            chip.learn()
    plain, term = chips
    assert plain.read_weights().equal(term.read_weights())
    assert (plain.read_weights().numpy() != weights).any()
    assert plain.counter_table().equal(term.counter_table())


@pytest.mark.parametrize("shared", [True, False], ids=["shared", "own"])
@pytest.mark.parametrize("seed", range(4), ids="seed{}".format)
def test_a_raster_with_learning_is_its_ticks(seed: int, shared: bool) -> None:
    config = random_rules(np.random.default_rng([seed, 1]), 3, 2)
    chips = [Batch.of(np.random.default_rng(5), config, 4, shared).batched for _ in range(2)]
    rng = np.random.default_rng([seed, 2])
    raster, errors = rng.random((12, 4, config.axons)) < 0.3, rng.integers(-9, 9, (4, 80))
    for chip in chips:
        chip.modulate([5, 0, -60, 127])
        chip.send_errors(errors)
    one, other = chips
    together, apart = one.run(raster, learn=True), []
    for spikes in raster:
        apart.append(other.tick(spikes))
        other.learn()
    assert together.equal(torch.stack(apart))
    assert one.read_weights().equal(other.read_weights())
    assert one.counter_table().equal(other.counter_table())
    assert one.counters()[:, Counter.UPDATES].max() > 0
    assert one.learned
    with pytest.raises(ValueError, match="^learn must be asked for at most once after each tick"):
        one.learn()


@pytest.mark.parametrize("blank", [0, 1, 20000, 65535])
def test_how_many_spikes_are_dropped(blank: int) -> None:
    """A share of blank / 65536, and never all of them, as counted over 40 ticks of 64 x 128."""
    geometry = Geometry(64, 128, blank_out=1, state_bits=24)
    parameters = ParameterSet(beta_n=0, w_exp=0, blank=blank)
    core = CoreConfig(geometry, (parameters,), (Row(groups=8),) * 64)
    chip = BatchedChip(core, 2, shared=False, seeds=[1, 2])
    chip.load_weights(np.ones((64, 128), np.int64))
    dropped = []
    for _ in range(40):
        chip.tick(np.ones((2, 64), bool))
        dropped.append(64 - chip.read(Region.CURRENT))
    counts = torch.stack(dropped)
    share, pairs = blank / 65536, counts[:, 0].numel() * 64
    # Independent draws: five standard deviations.
    margin = 5 * (pairs * share * (1 - share)) ** 0.5
    for copy in range(2):
        assert abs(int(counts[:, copy].sum()) - pairs * share) <= margin
    if 1 < blank < 65535:
        assert not counts[:, 0].equal(counts[:, 1])
        assert not counts[0].equal(counts[1])


PLAIN, RULES = Geometry(16, 16), Geometry(16, 16, terms=1)
REFUSED = {
    "no-terms": (PLAIN, [1, 2], "terms of the build must be at least 1 to take a modulation, no"),
    "range": (RULES, [1, 128], "modulation must be in -127..127, not 128"),
    "shape": (RULES, [1], "modulation must be of shape (2,), not (1,)"),
    "kind": (RULES, [0.5, 1.0], "modulation must be whole numbers of an integer dtype, not torch."),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_modulation_that_is_refused(name: str) -> None:
    geometry, values, message = REFUSED[name]
    chip = BatchedChip(CoreConfig(geometry), 2, shared=True)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        chip.modulate(values)
    assert chip.modulation().tolist() == [0, 0]


def test_what_clear_and_a_snapshot_do_to_the_modulation() -> None:
    chip = BatchedChip(CoreConfig(RULES), 2, shared=False)
    chip.modulate(np.array([3, -4]))
    snapshot = chip.snapshot()
    chip.clear()
    assert chip.modulation().tolist() == [0, 0]
    chip.restore(snapshot)
    assert chip.modulation().tolist() == [3, -4]
    plain = BatchedChip(CoreConfig(PLAIN), 2, shared=False)
    with pytest.raises(ValueError, match=r"^modulation of the snapshot must be in 0\.\.0, not 3$"):
        plain.restore(plain.snapshot() | {"modulation": snapshot["modulation"]})
