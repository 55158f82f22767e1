"""Terms by hand, the plain rule as a term, synapses that drop spikes, and what random cores use."""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import replace

import numpy as np
import pytest

from axonloop.models.config import (
    AxonFactor,
    ChipConfig,
    CoreConfig,
    Geometry,
    Mesh,
    NeuronFactor,
    ParameterSet,
    Row,
    Term,
    ThirdFactor,
)
from axonloop.models.golden import Chip
from axonloop.models.protocol import Counter, Region
from tests.support import naive
from tests.support.contract import table
from tests.support.random.chips import Pair
from tests.support.random.cores import random_config, random_geometry, random_weights

A, N, T = AxonFactor, NeuronFactor, ThirdFactor
GEOMETRY = Geometry(axons=16, neurons=16, terms=4, blank_out=1)


def learner(*terms: Term, **registers: int) -> Chip:
    """A 16 x 16 core after one tick: row 0 spiked, row 15 fixed; S on neuron 3; Qq 5, Pq 7, Z 80.

    z_shift 3: Zq is 10. B is 1 everywhere.
    """
    parameters = ParameterSet(**{"z_shift": 3, "rounding": 1} | registers, terms=terms)
    rows = (*(Row(groups=1, plastic=True),) * 15, Row(groups=1))
    chip = Chip(ChipConfig.of(CoreConfig(GEOMETRY, (parameters,), rows=rows)))
    chip.load_weights(np.zeros((16, 16), dtype=np.int32))
    chip.send_spikes(np.array([0, 15]))
    chip.tick()
    assert chip.array(Region.MARK).tolist() == [3, *[1] * 14, 0]
    plastic = np.arange(16) < 15
    for region, value in ((Region.TRACE_QQ, 5 * plastic), (Region.TRACE_PQ, 7 * plastic)):
        chip.set_array(region, value)
    chip.set_array(Region.SPIKE, np.arange(16) == 3)
    chip.set_array(Region.BOX, np.ones(16))
    chip.set_array(Region.TRACE_Z, np.full(16, 80))
    return chip


def learned(chip: Chip) -> np.ndarray:
    chip.learn()
    return chip.weights


AXON = {A.ONE: [1] * 15 + [0], A.SPIKE: [1] + [0] * 15, A.QQ: [5] * 15 + [0], A.PQ: [7] * 15 + [0]}
NEURON = {N.ONE: [1] * 16, N.SPIKE: [0, 0, 0, 1] + [0] * 12, N.BOX: [1] * 16, N.ZQ: [10] * 16}
THIRD = {T.ONE: [1] * 16, T.ERROR: [0, 2, 0, -3] + [0] * 12, T.MODULATION: [-4] * 16}


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("third", T, ids=lambda factor: factor.name)
@pytest.mark.parametrize("neuron", N, ids=lambda factor: factor.name)
@pytest.mark.parametrize("axon", AXON, ids=lambda factor: factor.name)
def test_a_term_is_the_product_of_its_factors(axon: A, neuron: N, third: T, sign: int) -> None:
    chip = learner(Term(axon, neuron, third, sign))
    chip.modulate(-4)
    chip.send_errors(np.array([1, 3]), np.array([2, -3]))
    product = np.outer(AXON[axon], np.multiply(NEURON[neuron], THIRD[third]))
    expected = np.clip(sign * product, -127, 127)
    assert learned(chip).tolist() == expected.tolist()
    touched = int(np.count_nonzero(product))
    counters = chip.counters()
    assert (counters[Counter.VISITS], counters[Counter.UPDATES]) == (touched, touched)


def test_scale_shortens_toward_zero_and_the_result_saturates() -> None:
    """x = 10 * -100: scaled by 3 it is -125; by 2 it is -250, clipped to -127; then the sign."""
    for scale, size in ((3, 125), (2, 127)):
        chip = learner(Term(A.ONE, N.ZQ, T.MODULATION, -1, scale))
        chip.modulate(-100)
        assert learned(chip)[0].tolist() == [size] * 16
    chip = learner(Term(A.ONE, N.ZQ, T.ONE, -1, 4))
    assert not learned(chip).any()


def test_terms_follow_one_another_on_the_weight_as_it_is() -> None:
    """100 + 50 saturates at 127 before the second term takes 20; the other order would give 127."""
    up, down = Term(A.ONE, shift=0, third=T.MODULATION), Term(A.QQ, third=T.ONE, sign=-1)
    for terms, expected in (((up, down), 122), ((down, up), 127)):
        chip = learner(*terms)
        chip.load_weights(np.full((16, 16), 100, dtype=np.int32))
        chip.modulate(50)
        assert learned(chip)[:15].tolist() == [[expected] * 16] * 15


@pytest.mark.parametrize("seed", range(4))
def test_terms_round_with_their_own_noise(seed: int) -> None:
    """The same term as number 0 and as number 2 takes other steps, with the same mean.

    1 / 2 of 15 x 16 steps are 1: sd sqrt(240) / 2 = 7.7; bound 5.5 sd, once per number.
    """
    off, term = Term(A.OFF), Term(A.ONE, shift=1)
    found = []
    for terms in ((term,), (off, off, term)):
        chip = learner(*terms, rounding=0)
        chip.seed = seed
        found.append(learned(chip)[:15])
        assert set(found[-1].ravel().tolist()) == {0, 1}
        assert abs(int(found[-1].sum()) - 120) < 5.5 * 7.75
    assert (found[0] != found[1]).any()


def test_modulation_is_kept_until_it_is_cleared() -> None:
    chip = learner(Term(A.ONE, N.ONE, T.MODULATION))
    chip.modulate(2)
    assert learned(chip)[0, 0] == 2
    chip.tick()
    assert learned(chip)[0, 0] == 4
    assert chip.snapshot()["modulation"] == 2
    chip.clear()
    chip.tick()
    assert learned(chip)[0, 0] == 4


def test_the_trace_of_the_neuron_follows_its_spikes() -> None:
    """Z' = decay(Z, zeta) + z_inc on a spike, clipped to 12 bits and counted as a saturation."""
    parameters = ParameterSet(theta=1, zeta=2048, z_inc=3000, reset_mode=1)
    bias = (10,) * 8 + (0,) * 8
    chip = Chip(ChipConfig.of(CoreConfig(GEOMETRY, (parameters,), bias=bias)))
    found = []
    for _ in range(3):
        chip.tick()
        found.append(chip.array(Region.TRACE_Z)[[0, 15]].tolist())
    assert found == [[3000, 0], [4095, 0], [4095, 0]]
    assert chip.counters()[Counter.SATURATIONS] == 16


@pytest.mark.parametrize("seed", range(20))
def test_the_plain_rule_is_a_term(seed: int) -> None:
    """{P, 1, E, not rising, eta_shift} as number 0 learns bit for bit as a set without terms."""
    rng = np.random.default_rng(seed)
    geometry = replace(random_geometry(rng), terms=int(rng.integers(1, 5)))
    plain = random_config(rng, geometry)
    plain = replace(
        plain, parameter_sets=tuple(replace(each, terms=()) for each in plain.parameter_sets)
    )
    sets = tuple(
        replace(each, terms=(Term(A.PQ, N.ONE, T.ERROR, -1, 0, each.eta_shift),))
        for each in plain.parameter_sets
    )
    chips = [Chip(ChipConfig.of(core)) for core in (plain, replace(plain, parameter_sets=sets))]
    weights = random_weights(rng, plain)
    for chip in chips:
        chip.load_weights(weights)
    for _ in range(15):
        axons = np.flatnonzero(rng.random(geometry.axons) < 0.5)
        neurons = np.arange(geometry.neurons)
        errors = rng.integers(-geometry.error_max, geometry.error_max + 1, geometry.neurons)
        for chip in chips:
            chip.send_spikes(axons)
            chip.tick()
            chip.send_errors(neurons, errors, ungated=bool(seed % 2))
            chip.learn()
        one, other = (chip.snapshot() for chip in chips)
        assert [np.asarray(value).tolist() for value in one.values()] == [
            np.asarray(value).tolist() for value in other.values()
        ]


def test_blank_rows_add_nothing_most_of_the_time() -> None:
    """At blank 65535 a synapse adds in 1 of 65536 ticks; at 0 always; events count all the same."""
    for blank, expected in ((65535, 0), (0, 160)):
        parameters = ParameterSet(blank=blank, w_exp=0, beta_n=0)
        chip = Chip(ChipConfig.of(CoreConfig(GEOMETRY, (parameters,))))
        chip.load_weights(np.full((16, 16), 10, dtype=np.int32))
        chip.send_spikes(np.arange(16))
        chip.tick()
        assert chip.array(Region.CURRENT).tolist() == [expected] * 16
        counters = chip.counters()
        assert (counters[Counter.EVENTS], counters[Counter.SYNOPS]) == (16, 256)


@pytest.mark.parametrize("seed", range(4))
def test_a_spike_is_dropped_below_blank_and_not_at_it(seed: int) -> None:
    """The page's comparison is strict: h mod 2^16 < blank; the axon stands first in h."""
    axon, neuron = (int(place) for place in np.random.default_rng(seed).integers(0, 16, 2))
    random = naive.h(seed, 0, 0, axon, neuron, 15) % 65536
    for blank, heard in ((random, 1), (random + 1, 0)):
        parameters = ParameterSet(blank=blank, w_exp=0)
        chip = Chip(ChipConfig.of(CoreConfig(GEOMETRY, (parameters,), seed=seed)))
        weights = np.full((16, 16), GEOMETRY.no_synapse)
        weights[axon, neuron] = 1
        chip.load_weights(weights)
        chip.send_spikes(np.arange(16))
        chip.tick()
        assert chip.array(Region.CURRENT).sum() == heard


@pytest.mark.parametrize("seed", range(4))
def test_synapses_drop_spikes_at_their_rate(seed: int) -> None:
    """n = 100 ticks x 256 synapses at p = 1/4: sd sqrt(n p q) = 69; bound 5.5 sd."""
    chip = Chip(
        ChipConfig.of(CoreConfig(GEOMETRY, (ParameterSet(blank=1 << 14, w_exp=0, beta_n=0),)))
    )
    chip.seed = seed
    chip.load_weights(np.ones((16, 16), dtype=np.int32))
    heard = 0
    for _ in range(100):
        chip.send_spikes(np.arange(16))
        chip.tick()
        heard += int(chip.array(Region.CURRENT).sum())
    assert abs(heard - 25600 * 3 / 4) < 5.5 * 69.3


def test_words_of_terms_are_the_contracts() -> None:
    rows = {row[1]: row for row in table("bits", "field", "values")}
    low = {name: int(row[0].split("..")[-1]) for name, row in rows.items()}
    for name, factors, kind in (
        ("axon factor a", ("off", "1", "spiked", "Qq", "Pq"), A),
        ("neuron factor n", ("1", "S", "B", "Zq"), N),
        ("third factor", ("1", "E", "M"), T),
    ):
        values = dict(value.split(" ", 1) for value in rows[name][2].replace(":", "").split("; "))
        assert [values[str(member.value)] for member in kind] == list(factors)
    term = Term(A.PQ, N.ZQ, T.MODULATION, 1, 5, 19)
    fields = {"axon factor a": 4, "neuron factor n": 3, "third factor": 2}
    fields |= {"rise": 1, "scale": 5, "shift": 19}
    assert term.word == sum(value << low[name] for name, value in fields.items())
    assert Term(A.ONE, sign=-1).word == 1


def test_random_cores_use_all_terms() -> None:
    """The comparison with the naive core means something only if every product moved weights."""
    moved: Tally[tuple[str, int]] = Tally()
    for seed in range(60):
        rng = np.random.default_rng(seed)
        pair = Pair.random(rng, Mesh())
        (core,) = pair.golden.cores
        for _ in range(20):
            pair.send_traffic(rng)
            pair.golden.tick()
            if pair.golden.geometry.terms:
                seen = core.counts[Counter.UPDATES]
                pair.golden.learn()
                if core.counts[Counter.UPDATES] > seen:
                    for parameters in pair.golden.config.cores[0].parameter_sets:
                        for term in parameters.terms:
                            moved[("axon", term.axon)] += 1
                            moved[("neuron", term.neuron)] += 1
                            moved[("third", term.third)] += 1
    kinds = [("axon", k) for k in A] + [("neuron", k) for k in N] + [("third", k) for k in T]
    assert min(moved[kind] for kind in kinds) >= 100, moved
