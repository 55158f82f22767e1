"""What does not fit is explained, and what would do is true; the smallest core is the smallest."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from axonloop.host.network import (
    Network,
    Population,
    Projection,
    Source,
    compile_network,
    fitting,
    smallest_geometry,
)
from axonloop.host.network.plan import Plan, make_plan
from axonloop.models.config import (
    NO_TABLES,
    AxonFactor,
    Geometry,
    Mesh,
    ParameterSet,
    Term,
)
from axonloop.models.memristor import find_memristor, memristor_tables, soft_bound_gains
from axonloop.models.rules import pair_stdp, weighted
from tests.host.network.test_compiler import layered
from tests.support.random.networks import random_network


def wide(size: int, *steps: int) -> Network:
    return layered({"in": size} | {f"h{k}": step for k, step in enumerate(steps)})


def of_sets(count: int) -> Network:
    """Populations of 16 neurons, each with a parameter set of its own."""
    populations = [Population(f"p{k}", 16, ParameterSet(theta=k + 1)) for k in range(count)]
    ones = np.ones((4, 16), int)
    projections = [Projection("in", population.name, ones) for population in populations]
    return Network((Source("in", 4),), tuple(populations), tuple(projections))


def with_rule() -> Network:
    """Pair STDP of 16 neurons; one of their two projections drops half of its spikes."""
    parameters = ParameterSet(z_inc=9, terms=pair_stdp(4, 5))
    noisy = replace(parameters, blank=1 << 15)
    ones = np.ones((4, 16), int)
    projections = (Projection("in", "p", ones), Projection("in", "p", ones, None, 1, True, noisy))
    return Network((Source("in", 4),), (Population("p", 16, parameters),), projections)


def refusal(network: Network, geometry: Geometry, mesh: Mesh, place: Any = None) -> str:
    with pytest.raises(ValueError, match="must be") as caught:
        compile_network(network, geometry, mesh, place)
    return str(caught.value)


ADVICE = [
    (
        (wide(128, 256, 256), Geometry(entries=2048), Mesh(2, 1)),
        "axons of core 1 must be at most 256, not 257 (h0 -> h1: 256, h1 bias: 1); "
        "a geometry of 272 axons would do",
    ),
    (
        (wide(64, 100, 100), Geometry(axons=128), Mesh()),
        "axons of core 0 must be at most 128, not 166 (h0 -> h1: 100, in -> h0: 64, "
        "h0 bias: 1, h1 bias: 1); a geometry of 176 axons or a mesh of 2 x 1 cores would do",
    ),
    (
        (wide(784, 256, 10), Geometry(), Mesh()),
        "axons of core 0 must be at most 256, not 1042 (in -> h0: 784, h0 -> h1: 256, "
        "h0 bias: 1, h1 bias: 1); neurons of core 0 must be at most 256, not 272 (h0: 256, "
        "h1: 16); a geometry of 1056 axons, 272 neurons would do",
    ),
    (
        (layered(), Geometry(axons=512, entries=16), Mesh(2, 2)),
        "entries of core 0 must be at most 16, not 128 (hidden1 -> hidden2: 128), and 1 more "
        "like it; a geometry of 128 entries would do",
    ),
    (
        (wide(2000, 3000), Geometry(), Mesh()),
        "axons of core 0 must be at most 256, not 2001 (in -> h0: 2000, h0 bias: 1); neurons of "
        "core 0 must be at most 256, not 3008 (h0: 3008); "
        "a geometry of 2016 axons, 1504 neurons on a mesh of 2 x 1 cores would do",
    ),
    (
        (wide(2000, 3000), Geometry(axons=2016), Mesh()),
        "neurons of core 0 must be at most 256, not 3008 (h0: 3008); "
        "a mesh of 4 x 3 cores would do",
    ),
    (
        (of_sets(6), Geometry(), Mesh()),
        "parameter_sets of core 0 must be at most 4, not 6; "
        "a geometry of 6 parameter_sets or a mesh of 2 x 1 cores would do",
    ),
    (
        (wide(20, 1, 2, 3, 4), Geometry(axons=16, neurons=64), Mesh()),
        "axons of core 0 must be at most 16, not 30 (in -> h0: 20, h2 -> h3: 3, h1 -> h2: 2, "
        "h0 bias: 1, others: 4); a geometry of 32 axons would do",
    ),
    (
        (layered(delay=5), Geometry(), Mesh()),
        "delay of in -> hidden1 must be at most 2, not 5, and 1 more like it; "
        "a geometry of 8 delay_slots would do",
    ),
    (
        (wide(8, 16), Geometry(weight_bits=5), Mesh()),
        "weights of in -> h0 must be in -15..15, not -20; a geometry of 6 weight_bits would do",
    ),
    (
        (with_rule(), Geometry(), Mesh()),
        "terms of core 0 must be at most 0, not 2; blank_out of core 0 must be at most 0, not 1; "
        "a geometry of 2 terms, 1 blank_out would do",
    ),
    (
        (layered(), Geometry(axons=128), Mesh(2, 2), {"hidden1": (0, 3), "hidden2": (0, 1)}),
        "axons of core 0 must be at most 128, not 194 (hidden1 -> hidden2: 128, in -> hidden1: "
        "64, hidden1 bias: 1, hidden2 bias: 1), and 1 more like it; "
        "a geometry of 208 axons would do",
    ),
]


def follow(message: str, geometry: Geometry) -> list[tuple[Geometry, Mesh | None]]:
    """What the advice at the end of a message says: geometries and meshes, either one or both."""
    advice = message.rpartition("; ")[2]
    assert advice.endswith(" would do")
    found = []
    for option in advice.removesuffix(" would do").split(" or "):
        fields = re.findall(r"(\d+) ([a-z_]+)", option.partition("a mesh")[0])
        sides = re.search(r"a mesh of (\d+) x (\d+) cores", option)
        assert fields or sides
        larger = replace(geometry, **{name: int(value) for value, name in fields})
        found.append((larger, Mesh(int(sides[1]), int(sides[2])) if sides else None))
    return found


@pytest.mark.parametrize(("arguments", "message"), ADVICE, ids=[text[:30] for _, text in ADVICE])
def test_refusals_say_what_would_do_and_it_does(arguments, message: str) -> None:
    network, geometry, mesh, *place = arguments
    assert refusal(network, geometry, mesh, *place) == message
    for larger, wider in follow(message, geometry):
        program = compile_network(network, larger, wider or mesh, *place)
        for projection in network.projections:
            found = program.weights_of(projection, program.weights)
            assert (found == projection.weights).all()


@pytest.mark.parametrize("seed", range(60))
def test_advice_is_true_and_least(seed: int) -> None:
    """Random networks on cores that are too small; a step less than the advice is refused."""
    rng = np.random.default_rng(seed)
    network, mesh = random_network(rng), Mesh(int(rng.integers(1, 3)), 1)
    right = smallest_geometry(network, mesh, 2, parameter_sets=8)
    geometry = replace(right, axons=right.axons - 2) if right.axons > 2 else right
    geometry = replace(geometry, neurons=max(2, right.neurons - 2 * int(rng.integers(0, 9))))
    geometry = replace(geometry, delay_slots=2, parameter_sets=int(rng.integers(1, 3)))
    advice = follow(refusal(network, geometry, mesh), geometry)
    assert advice
    for larger, wider in advice:
        compile_network(network, larger, wider or mesh)
        for name in ("axons", "neurons", "entries", "parameter_sets", "delay_slots"):
            value, less = getattr(larger, name), {"axons": 2, "neurons": 2}.get(name, 1)
            if value != getattr(geometry, name):
                smaller = value // 2 if name == "delay_slots" else value - less
                refusal(network, replace(larger, **{name: smaller}), wider or mesh)


@pytest.mark.parametrize("seed", range(30))
def test_the_smallest_geometry_is_the_smallest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    network, mesh = random_network(rng), Mesh(2, int(rng.integers(1, 3)))
    geometry = smallest_geometry(network, mesh, 2, delay_slots=2, parameter_sets=1)
    cores = compile_network(network, geometry, mesh).config.cores
    rows = max(sum(row.groups > 0 for row in core.rows) for core in cores)
    assert geometry.axons in (rows, rows + 1)
    assert geometry.entries == max(1, *(sum(map(len, core.fanout)) for core in cores))
    assert geometry.parameter_sets == max(len(core.parameter_sets) for core in cores)
    for name, low in {"axons": 2, "neurons": 2, "entries": 1, "parameter_sets": 1}.items():
        value = getattr(geometry, name)
        if value > low:
            refusal(network, replace(geometry, **{name: value - low}), mesh)
    if geometry.delay_slots > 2:
        refusal(network, replace(geometry, delay_slots=geometry.delay_slots // 2), mesh)


@pytest.mark.parametrize("delay", range(15))
def test_the_fewest_slots_for_a_delay(delay: int) -> None:
    slots = smallest_geometry(layered(delay=delay), delay_slots=2).delay_slots
    assert slots == next(d for d in (2, 4, 8, 16) if d - 2 >= delay)


def test_where_nothing_would_do() -> None:
    network, nothing = wide(3000, 100), "no larger geometry or mesh would do"
    assert refusal(network, Geometry(), Mesh(2, 2)).endswith(
        f"(in -> h0: 3000, h0 bias: 1), and 3 more like it; {nothing}"
    )
    with pytest.raises(ValueError, match=f"^axons of core 0 must be at most 2048, .*{nothing}$"):
        smallest_geometry(network)
    with pytest.raises(ValueError, match=r"^weights of in -> h0 must be in -1\.\.1, not -?20;"):
        smallest_geometry(wide(8, 16), weight_bits=2)


def test_meshes_too_small_for_any_core_are_not_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain of 600 layers has 10,200 axons: no plan for fewer than five cores is made."""
    planned = []

    def plan(network: Network, lanes: int, cores: int, large: bool) -> Plan:
        planned.append(cores)
        return make_plan(network, lanes, cores, large=large)

    monkeypatch.setattr(fitting, "make_plan", plan)
    names = [f"h{k}" for k in range(600)]
    network = Network(
        (Source("in", 16),),
        tuple(Population(name, 16, ParameterSet()) for name in names),
        tuple(Projection(a, b, np.ones((16, 16), int)) for a, b in pairwise(["in", *names])),
    )
    told = refusal(network, Geometry(2048, 2048, entries=65536), Mesh())
    assert told.endswith("a mesh of 5 x 1 cores would do")
    assert planned == [5]


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"hidden1": (0,)}, "places must be given for hidden1, hidden2, not ['hidden1']"),
        (
            {"hidden1": (0, 4), "hidden2": (1,)},
            "cores of 'hidden1' must be a whole number in 0..3, not 4",
        ),
        (
            {"hidden1": (0, 0), "hidden2": (1,)},
            "cores of 'hidden1' must be given once each, not (0, 0)",
        ),
        ({"hidden1": (), "hidden2": (1,)}, "cores of 'hidden1' must be at least one, not ()"),
    ],
)
def test_places_that_cannot_be(place, message: str) -> None:
    assert refusal(layered(), Geometry(), Mesh(2, 2), place) == message


def test_a_core_is_built_with_the_terms_that_a_network_asks_for() -> None:
    network = with_rule()
    geometry = smallest_geometry(network)
    assert (geometry.terms, geometry.blank_out, geometry.parameter_sets) == (2, 1, 4)
    core = compile_network(network, geometry).config.cores[0]
    assert core.parameter_sets[core.groups[0].parameter_set].terms == pair_stdp(4, 5)
    blanks = [core.parameter_sets[row.parameter_set].blank for row in core.rows[:9]]
    assert blanks == [0] * 4 + [1 << 15] * 4 + [0]
    assert (smallest_geometry(layered()).terms, smallest_geometry(layered()).blank_out) == (0, 0)
    counting = replace(network.populations[0], parameters=ParameterSet(z_inc=1))
    network = replace(network, populations=(counting,), projections=network.projections[:1])
    assert smallest_geometry(network).terms == 1


def test_cores_have_the_tables_that_a_network_asks_for() -> None:
    seeing = ParameterSet(terms=weighted(pair_stdp(4, 5)))
    pulsed = ParameterSet(terms=(Term(AxonFactor.QQ, pulsed=True),))
    soft, shares = soft_bound_gains(8), memristor_tables(find_memristor("hfox"))
    for parameters, tables, built in (
        (ParameterSet(), NO_TABLES, 0),
        (ParameterSet(), soft, 1),
        (seeing, soft, 1),
        (seeing, shares, 2),
        (pulsed, NO_TABLES, 2),
        (ParameterSet(device_to_device=1), NO_TABLES, 2),
    ):
        network = replace(layered(parameters=parameters), memristor=tables)
        geometry = smallest_geometry(network, Mesh(2, 1))
        assert geometry.memristor == built
        cores = compile_network(network, geometry, Mesh(2, 1)).config.cores
        assert [core.memristor for core in cores] == [tables] * 2


def test_a_core_without_memristors_is_refused() -> None:
    network = replace(layered(), memristor=memristor_tables(find_memristor("hfox")))
    message = "memristor of core 0 must be at most 0, not 2, and 3 more like it; "
    advice = "a geometry of 2 memristor would do"
    assert refusal(network, Geometry(terms=1), Mesh(2, 2)) == message + advice
    narrow = "memristor of core 0 must be at most 0, not 2; no larger geometry or mesh would do"
    with pytest.raises(ValueError, match=f"^{re.escape(narrow)}$"):
        smallest_geometry(network, weight_bits=7)


def test_a_hot_neuron_needs_noise_at_the_threshold() -> None:
    network = layered(parameters=ParameterSet(temperature=3))
    assert smallest_geometry(network).threshold_noise == 1
    assert smallest_geometry(layered()).threshold_noise == 0


def test_parameters_out_of_range_are_named() -> None:
    small = replace(Geometry(), state_bits=8)
    message = "theta of population 'hidden1' must be a whole number in 0..127, not 1024"
    assert refusal(layered(), small, Mesh(2, 2)) == message
    network = layered(traces=ParameterSet(q_inc=5000))
    message = "q_inc of the traces of in -> hidden1 must be a whole number in 0..4095, not 5000"
    assert refusal(network, Geometry(), Mesh(2, 2)) == message
