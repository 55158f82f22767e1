"""Warnings of populations that cannot learn, and none of those that can."""

from __future__ import annotations

import numpy as np
import pytest

from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
)
from axonloop.host.processing import FiringRates, at_limits, clipped
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.models.config import ParameterSet

DIGITS = split_digits()
TINY = Settings(
    task=TaskSettings(limit=12, ticks=20, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=2),
)
SILENT = (
    "layer1: 100% of the neurons were silent for a whole epoch; lower theta (32767), or raise "
    "w_exp (4) or the first weights (weight_span, deep_span)"
)
ALWAYS_ON = (
    "layer1: 100% of the neurons spiked in more than 90% of an epoch's ticks; raise theta (1), or "
    "lower w_exp (4) or the first weights (weight_span, deep_span)"
)


def trainer(theta: int) -> Trainer:
    settings = TINY.changed({"network": {"parameters": {"theta": theta}}})
    return lone_trainer(GoldenDevice(chip_config(settings)), settings, DIGITS)


def program(report: bool = True) -> Program:
    """Eight neurons of `first`, eight of `second`, whose weights do not learn."""
    sizes = (("in", "first", True), ("first", "second", False))
    network = Network(
        (Source("in", 8),),
        tuple(
            Population(name, 8, ParameterSet(theta=100), report=own)
            for name, own in (("first", True), ("second", report))
        ),
        tuple(Projection(a, b, np.full((8, 8), 127), plastic=plastic) for a, b, plastic in sizes),
    )
    return compile_network(network, smallest_geometry(network))


def raster(compiled: Program, first: int, second: int, ticks: int = 20) -> np.ndarray:
    """In every tick spike so many neurons of both populations: bool `(ticks, 1, neurons)`."""
    spikes = np.zeros((ticks, 1, compiled.config.neurons), bool)
    spikes[:, 0, compiled.neurons["first"][:first]] = True
    spikes[:, 0, compiled.neurons["second"][:second]] = True
    return spikes


def test_a_dead_network_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    run = trainer(32767)
    run.run()
    assert capsys.readouterr().err == f"warning: {SILENT}\n"
    assert run.rates.warnings == {"layer1 silent": SILENT}


def test_a_network_that_always_spikes_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    run = trainer(1)
    first = run.copies.weights()
    run.copies.load_weights(np.where(first == run.program.geometry.no_synapse, first, 100))
    run.run()
    assert capsys.readouterr().err == f"warning: {ALWAYS_ON}\n"


def test_a_network_that_learns_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    run = trainer(TINY.network.parameters.theta)
    run.run()
    assert capsys.readouterr().err == ""
    assert run.rates.warnings == {}


def test_shares_at_which_there_is_a_warning() -> None:
    compiled = program()
    for spiking, wanted in (
        (1, ["second silent"]),  # 7 of 8 are silent
        (2, []),  # 6 of 8 are
        (3, ["second always on"]),  # 3 of 8 always spike
    ):
        rates = FiringRates(compiled, 1)
        rates.add(raster(compiled, 2, spiking))
        assert list(rates.judge()) == wanted
    rates.add(np.concatenate([raster(compiled, 2, 3, 18), raster(compiled, 2, 2, 2)]))
    assert rates.judge() == {}, "18 of 20 ticks are not more than 90 %"


def test_a_warning_comes_again_only_after_it_was_gone() -> None:
    compiled, told = program(), []
    rates = FiringRates(compiled, 1)
    for spiking in (0, 1, 2, 0):
        rates.add(raster(compiled, 2, spiking))
        told.append(len(rates.judge()))
    assert told == [1, 0, 0, 1]


def test_a_population_that_does_not_report_is_left_out() -> None:
    compiled = program(report=False)
    rates = FiringRates(compiled, 1)
    rates.add(raster(compiled, 2, 0))
    assert rates.judge() == {}


def test_an_epoch_whose_spikes_were_not_told_is_not_judged() -> None:
    assert FiringRates(program(), 1).judge() == {}


def test_an_epoch_goes_on_elsewhere() -> None:
    """An epoch that was interrupted is judged by all of its samples."""
    compiled = program()
    rates, other = FiringRates(compiled, 1), FiringRates(compiled, 1)
    rates.add(raster(compiled, 2, 2))
    other.restore(rates.state())
    other.add(raster(compiled, 2, 0))
    assert other.judge() == {}
    third = FiringRates(compiled, 1)
    third.add(raster(compiled, 2, 0))
    assert list(third.judge()) == ["second silent"]
    rates.restore(third.state())
    assert rates.warnings == third.warnings
    with pytest.raises(ValueError, match=r"^spikes of an epoch must be \(2, "):
        FiringRates(compiled, 2).restore(third.state())


def test_weights_at_their_limits() -> None:
    """Those that learn are counted, the fixed ones are not."""
    compiled = program()
    top = compiled.geometry.weight_max
    assert list(at_limits(compiled, compiled.weights)) == ["in -> first at limits"]
    (text,) = at_limits(compiled, compiled.weights).values()
    assert text.startswith(f"in -> first: 100% of the weights are at +-{top}, their limit; raise ")
    halved = np.where(compiled.weights == top, top - 1, compiled.weights)
    assert at_limits(compiled, halved) == {}
    assert at_limits(compiled, np.where(halved == top - 1, -top, halved)) != {}


def test_clipped_state() -> None:
    assert clipped(800, 100, 16) == {}
    (text,) = clipped(1600, 100, 16).values()
    assert text.startswith("chip: 1.0 state words per neuron and tick were clipped")
