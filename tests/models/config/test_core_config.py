"""Configuration: the contract's ranges and defaults, refusals in words, the round trip as JSON."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.models.config import (
    AxonFactor,
    CoreConfig,
    Destination,
    Geometry,
    Group,
    Layout,
    MemristorTables,
    ParameterSet,
    Row,
    Term,
    ceil_log2,
    parameter_max,
)
from tests.support.contract import bounds, evaluate, table
from tests.support.random.cores import random_config, random_geometry

GEOMETRY_ROWS = {row[0].split(" (")[0]: row for row in table("name", "range", "default")}
PARAMETER_ROWS = {row[1]: row for row in table("index", "name", "range") if bounds(row[2])}
ONE_LANE = {"lanes": 1, "update_lanes": 1, "trace_lanes": 1, "multipliers": 1}
SMALL = Geometry(axons=2, neurons=2, **ONE_LANE)
GAINS = replace(SMALL, terms=1, memristor=1)
TABLES = MemristorTables(up_gain=(1,) * 256, up_gain_shift=12)


def geometry_with(name: str, value: int) -> Geometry:
    """A geometry in which `value` is the only thing that can be wrong."""
    base: dict[str, Any] = {"axons": 128, "neurons": 128, "lanes": 64} if "lane" in name else {}
    base = base or ({} if name == "multipliers" else ONE_LANE)
    base |= {"terms": 1} if name == "memristor" else {}
    return Geometry(**base | {name: value})


def test_geometry_has_the_contracts_fields_and_defaults() -> None:
    fields = {field.name: field.default for field in dataclasses.fields(Geometry)}
    assert list(fields) == list(GEOMETRY_ROWS)
    for name, row in GEOMETRY_ROWS.items():
        expected = Layout[row[2].upper()] if name == "layout" else int(row[2])
        assert fields[name] == expected, name


RANGED = {name: bounds(row[1]) for name, row in GEOMETRY_ROWS.items() if bounds(row[1])}


@pytest.mark.parametrize("name", RANGED)
def test_geometry_ranges_are_the_contracts(name: str) -> None:
    low, high = (int(bound) for bound in RANGED[name])
    for value in (low, high):
        if name == "lanes":
            assert Geometry(**ONE_LANE | {"lanes": value}).lanes == value
        else:
            assert getattr(geometry_with(name, value), name) == value
    for value in (low - 1, high + 1, 2 * high, 1.5, True, "8", np.nan):
        with pytest.raises(ValueError, match=f"^{name} must be a whole number in {low}..{high}"):
            geometry_with(name, value)


@pytest.mark.parametrize("name", [name for name, row in GEOMETRY_ROWS.items() if "power" in row[1]])
def test_powers_of_two(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a power of two, not 6"):
        geometry_with(name, 6)


@pytest.mark.parametrize("name", ["update_lanes", "trace_lanes", "multipliers"])
def test_at_most_lanes(name: str) -> None:
    assert "at most lanes" in GEOMETRY_ROWS[name][1]
    with pytest.raises(ValueError, match=rf"{name} must be at most lanes \(8\), not 16"):
        Geometry(**{"lanes": 8, "update_lanes": 8, "multipliers": 8} | {name: 16})


@pytest.mark.parametrize("name", ["axons", "neurons"])
def test_multiples_of_lanes(name: str) -> None:
    assert "multiple of lanes" in GEOMETRY_ROWS[name][1]
    with pytest.raises(ValueError, match=rf"{name} must be a multiple of lanes \(16\), not 24"):
        Geometry(**{name: 24})


def test_the_plain_layout_has_one_multiplier() -> None:
    assert "1 in the plain layout" in GEOMETRY_ROWS["multipliers"][1]
    assert Geometry(layout=Layout.PLAIN, multipliers=1).layout is Layout.PLAIN
    with pytest.raises(ValueError, match="multipliers must be 1 in the plain layout, not 2"):
        Geometry(layout=Layout.PLAIN, multipliers=2)
    with pytest.raises(ValueError, match=r"^layout must be one of .*, not 3$"):
        Geometry(layout=3)


@pytest.mark.parametrize("seed", range(10))
def test_derived_widths(seed: int) -> None:
    geometry = random_geometry(np.random.default_rng(seed))
    worst = geometry.axons * geometry.weight_max
    assert worst < 1 << (geometry.accumulator_bits - 1)
    assert geometry.no_synapse == -geometry.weight_max - 1 == -(2 ** (geometry.weight_bits - 1))
    assert geometry.groups * geometry.lanes == geometry.neurons
    assert 32 % geometry.weight_container_bits == 0
    assert geometry.weights_per_word * geometry.weight_container_bits <= 32
    assert 2 ** ceil_log2(geometry.axons) >= geometry.axons > 2 ** ceil_log2(geometry.axons) / 2


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", PARAMETER_ROWS)
def test_parameter_ranges_are_the_contracts(name: str, seed: int) -> None:
    geometry = replace(random_geometry(np.random.default_rng(seed)), terms=1, blank_out=1)
    geometry = replace(geometry, weight_bits=8, memristor=2, threshold_noise=1)
    low, high = bounds(PARAMETER_ROWS[name][2])
    names = {
        "sb": geometry.state_bits,
        "trace_bits": geometry.trace_bits,
        "pq_bits": geometry.pq_bits,
    }
    limit = evaluate(high, **names)
    assert (int(low), parameter_max(geometry)[name]) == (0, limit)
    fitting = {n: min(ParameterSet().register(n), m) for n, m in parameter_max(geometry).items()}
    fitting.pop("term_0")
    CoreConfig(geometry, (ParameterSet(**fitting | {name: limit}),))
    for value in (-1, limit + 1):
        with pytest.raises(ValueError, match="must be a whole number|must be one of"):
            CoreConfig(geometry, (ParameterSet(**fitting | {name: value}),))


REFUSED = {
    "sets": (lambda: CoreConfig(SMALL, (ParameterSet(),) * 5), "parameter_sets must be 1..4 sets"),
    "no-set": (lambda: CoreConfig(SMALL, ()), "parameter_sets must be 1..4 sets, not 0"),
    "nan": (lambda: CoreConfig(SMALL, (ParameterSet(theta=float("nan")),)), "whole number"),
    "float": (lambda: CoreConfig(SMALL, (ParameterSet(theta=1.5),)), "whole number"),
    "rows": (lambda: CoreConfig(SMALL, rows=(Row(),)), "rows must be 2 entries, not 1"),
    "row-set": (lambda: CoreConfig(SMALL, rows=(Row(parameter_set=1),) * 2), r"rows\[0\].param"),
    "row-first": (lambda: CoreConfig(SMALL, rows=(Row(first_group=2),) * 2), r"rows\[0\].first_g"),
    "row-end": (
        lambda: CoreConfig(SMALL, rows=(Row(first_group=1, groups=2),) * 2),
        r"rows\[0\].groups must be a whole number in 0..1, not 2",
    ),
    "group": (lambda: CoreConfig(SMALL, groups=(Group(1),) * 2), r"groups\[0\].parameter_set must"),
    "bias": (lambda: CoreConfig(SMALL, bias=(0, -(2**15))), r"bias\[1\] must be .*-32767..32767"),
    "axon": (lambda: CoreConfig(SMALL, fanout=((Destination(2),), ())), r"fanout\[0\]\[0\].axon"),
    "delay": (
        lambda: CoreConfig(SMALL, fanout=((), (Destination(1, 3),))),
        r"fanout\[1\]\[0\].del",
    ),
    "entries": (
        lambda: CoreConfig(
            Geometry(axons=2, neurons=2, entries=2, **ONE_LANE),
            fanout=((Destination(0), Destination(1)), (Destination(0),)),
        ),
        "fan-out must be at most 2 entries in all, not 3",
    ),
    "twice": (
        lambda: CoreConfig(SMALL, fanout=((Destination(0), Destination(0)), ())),
        r"fanout\[0\] must be free of duplicates",
    ),
    "seed": (lambda: CoreConfig(SMALL, seed=2**32), "seed must be .*0..4294967295"),
    "host": (lambda: CoreConfig(SMALL, core=255), "core must be .*0..254, not 255"),
    "terms": (
        lambda: CoreConfig(SMALL, (ParameterSet(terms=(Term(AxonFactor.PQ),)),)),
        r"parameter_sets\[0\].terms must be at most 0, not 1",
    ),
    "no-term": (lambda: ParameterSet(terms=(3,)), r"terms must be a tuple of Term, not \(3,\)"),
    "one-term": (lambda: ParameterSet(terms=Term(1)), "terms must be a tuple of Term, not Term"),
    "not-built": (
        lambda: CoreConfig(SMALL, (ParameterSet(z_inc=3),)),
        r"parameter_sets\[0\].z_inc must be 0 \(it is not built\), not 3",
    ),
    "no-blank": (lambda: CoreConfig(SMALL, (ParameterSet(blank=1),)), r"\[0\].blank must be 0 \("),
    "axon-factor": (lambda: Term(5), r"axon must be one of 0 \(off\), .*4 \(pq\), not 5"),
    "neuron-factor": (lambda: Term(1, neuron=4), r"neuron must be one of 0 \(one\), .*, not 4"),
    "third-factor": (lambda: Term(1, third=3), r"third must be one of 0 \(one\), .*, not 3"),
    "term-sign": (lambda: Term(1, sign=0), "sign must be -1 or 1, not 0"),
    "term-scale": (lambda: Term(1, scale=8), "scale must be a whole number in 0..7, not 8"),
    "term-shift": (lambda: Term(1, shift=21), "shift must be a whole number in 0..20, not 21"),
    "weighted": (lambda: Term(1, weighted=2), "weighted must be True or False, not 2"),
    "no-tables": (
        lambda: CoreConfig(SMALL, memristor=TABLES),
        r"memristor must be left out \(the core has no such tables\)",
    ),
    "no-gains": (
        lambda: CoreConfig(GAINS, (ParameterSet(terms=(Term(4, pulsed=True),)),)),
        r"terms\[0\].pulsed must be False \(the core has memristor 1, not 2\), not True",
    ),
    "no-shares": (
        lambda: CoreConfig(GAINS, memristor=MemristorTables(up_share=(0,) * 255 + (1,))),
        r"shares of memristor must be all 0 \(they are not built\)",
    ),
    "gain-shift": (
        lambda: CoreConfig(
            GAINS, (ParameterSet(terms=(Term(4, shift=20, weighted=True),)),), memristor=TABLES
        ),
        r"terms\[0\].shift with the gain shift must be at most 31, not 32",
    ),
    "table": (lambda: MemristorTables(up_gain=(1,) * 255), "up_gain must be of 256 words, not 255"),
    "gain": (lambda: MemristorTables(down_gain=(65536,) * 256), r"down_gain\[0\] must be .*65535"),
    "share": (lambda: MemristorTables(up_share=(-1,) * 256), r"up_share\[0\] must be .*0..4095"),
    "shift": (lambda: MemristorTables(up_gain_shift=16), "up_gain_shift must be .*0..15, not 16"),
    "no-mask": (
        lambda: CoreConfig(SMALL, row_loss=(0, 1)),
        r"row_loss must be all 0 \(the core has no mask\)",
    ),
    "loss": (
        lambda: CoreConfig(replace(SMALL, mask=1), column_loss=(256, 0)),
        r"column_loss\[0\] must be a whole number in 0..255, not 256",
    ),
    "losses": (
        lambda: CoreConfig(replace(SMALL, mask=1), row_loss=(1,)),
        "row_loss must be 2 entries, not 1",
    ),
    "memristor-terms": (lambda: replace(SMALL, memristor=1), "memristor must be 0 without terms"),
    "memristor-bits": (
        lambda: replace(SMALL, memristor=1, terms=1, weight_bits=7),
        "memristor must be 0 without terms, or with weights of fewer than 8 bits, not 1",
    ),
    "temperature": (
        lambda: CoreConfig(SMALL, (ParameterSet(temperature=1),)),
        r"\[0\].temperature must be 0 \(",
    ),
    "unknown": (lambda: CoreConfig.from_dict({"axon": 3}), "configuration keys must be among"),
    "field": (lambda: CoreConfig.from_dict({"geometry": {"axon": 3}}), "made of known fields"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_impossible_configurations_are_refused(name: str) -> None:
    build, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("seed", range(5))
def test_json_round_trip(seed: int) -> None:
    config = random_config(np.random.default_rng(seed))
    assert CoreConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("pulsed", [False, True])
def test_a_term_that_is_weighted_or_pulsed_sees_its_weight(weighted: bool, pulsed: bool) -> None:
    term = Term(AxonFactor.PQ, weighted=weighted, pulsed=pulsed)
    assert term.sees_weight == (weighted or pulsed)
