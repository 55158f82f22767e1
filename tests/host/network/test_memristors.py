"""Networks on memristors: which terms, tables and registers they get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.network import Network, Population, Projection, Source, memristors, on_memristors
from axonloop.models.config import ParameterSet, plain_rule
from axonloop.models.memristor import find_memristor, memristor_tables, toml_of
from axonloop.models.rules import pair_stdp

KIND = find_memristor("hfox")


def network(*parameters: ParameterSet) -> Network:
    """A source onto a population of each parameter set."""
    ones = np.ones((2, 3), int)
    return Network(
        (Source("in", 2),),
        tuple(Population(f"p{k}", 3, each) for k, each in enumerate(parameters)),
        tuple(Projection("in", f"p{k}", ones) for k in range(len(parameters))),
    )


def test_the_rule_of_every_population_sees_its_weight() -> None:
    plain = network(ParameterSet(eta_shift=7), ParameterSet(terms=pair_stdp(2, 3)))
    found = on_memristors(plain, "hfox")
    first, second = (each.parameters for each in found.populations)
    assert first.terms == (replace(plain_rule(7), weighted=True, pulsed=True),)
    assert [(term.weighted, term.pulsed) for term in second.terms] == [(True, True)] * 2
    assert [term.shift for term in second.terms] == [2, 3]
    assert found.memristor == memristor_tables(KIND)
    assert found.projections == plain.projections


def test_spreads_become_registers() -> None:
    """A register of 111 is uniform with a standard deviation of a quarter: 111 x 73.9 / 2^15."""
    plain = network(ParameterSet())

    def registers(**spreads: float) -> tuple[int, int]:
        own = on_memristors(plain, KIND, **spreads).populations[0].parameters
        return own.cycle_to_cycle, own.device_to_device

    assert (KIND.spread.write, KIND.spread.rate) == (0.25, 0.25)
    assert registers() == (111, 111)
    assert registers(write_spread=0.0) == (0, 111)
    assert registers(device_spread=0.57) == (111, 253)


def test_ideal_memristors_are_not_pulsed() -> None:
    own = on_memristors(network(ParameterSet()), "ideal", write_spread=0.3).populations[0]
    assert [(term.weighted, term.pulsed) for term in own.parameters.terms] == [(True, False)]
    assert own.parameters.cycle_to_cycle == own.parameters.device_to_device == 0


def test_other_weights_and_rules(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(toml_of(KIND))
    found = on_memristors(network(ParameterSet()), str(path), 12, "gain").memristor
    assert found == memristor_tables(KIND, 12, rule="gain")


def test_what_cannot_be_is_refused() -> None:
    plain = network(ParameterSet())
    twice = on_memristors(plain, "hfox")
    for make, message in (
        (lambda: on_memristors(twice, "hfox"), "memristor of the network must be none, where"),
        (lambda: on_memristors(plain, "x"), "memristor must be one of ideal, mo-tiox-tin, "),
        (lambda: on_memristors(plain, KIND, 7), "weight bits must be a whole number in 8..16"),
        (lambda: on_memristors(plain, KIND, write_spread=0.6), "write_spread must be in 0..0.57"),
        (lambda: on_memristors(plain, KIND, 8, "x"), "write rule must be one of compensation, "),
    ):
        with pytest.raises(ValueError) as refused:
            make()
        assert str(refused.value).startswith(message)


def test_the_spread_of_a_register_is_that_of_its_uniform_words() -> None:
    assert pytest.approx(np.arange(256).std() / 128 / 256, rel=1e-9) == memristors._SPREAD
