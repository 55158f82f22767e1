"""Settings: their tables, their checks, changed copies and their way to JSON and back."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop.host.configuration import (
    PARAMETERS,
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
    nested,
)
from axonloop.models.config import AxonFactor, ResetMode, Term


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "run.epochs must be a whole number in 1..1000000, not 0"),
        ({"seed": True}, "run.seed must be a whole number in 0..4294967295, not True"),
        ({"burn_in": 40}, "objective.burn_in must be a whole number in 0..39, not 40"),
        ({"latency": 28}, "objective.latency must be a whole number in 0..27, not 28"),
        ({"limit": 0}, "task.limit must be a whole number in 1..1000000, not 0"),
        ({"anneal": 0}, "run.anneal must be a whole number in 1..1000000, not 0"),
        (
            {"epochs": 16, "anneal": 1},
            "eta_shift of the last epoch must be a whole number in 0..20, not 21",
        ),
        ({"threshold": 0}, "objective.threshold must be above 0 and below 2**20, not 0"),
        ({"event_rate": 1.0}, "objective.event_rate must be above 0 and below 1, not 1.0"),
        ({"readout_rate": 2}, "objective.readout_rate must be in 0..1, not 2"),
        ({"readout_rate": "fast"}, "objective.readout_rate must be a finite number, not 'fast'"),
        (
            {"readout_rate": 0.1, "feedback": "sign-concordant"},
            "objective.feedback must be symmetric where the readout learns, not 'sign-concordant'",
        ),
        (
            {"readout_rate": 0.1, "strategy": "symmetric"},
            "objective.strategy must be local where readouts learn, not 'symmetric'",
        ),
        (
            {"errors": "sample", "event_rate": 0.1},
            "objective.event_rate must be left out where errors are those of a sample, not 0.1",
        ),
        (
            {"errors": "sample", "latency": 1},
            "objective.latency must be 0 where errors are those of a sample, not 1",
        ),
        ({"logit_scale": -1}, "objective.logit_scale must be above 0, not -1"),
        (
            {"encoding": []},
            "task.encoding must be one of rate, regular, latency, rank, phase",
        ),
        ({"feedback": "random"}, "objective.feedback must be one of symmetric, sign-concordant"),
        ({"error_limit": 128}, "objective.error_limit must be a whole number in 1..127, not 128"),
        ({"layers": []}, "network.layers must be a list of sizes, at least one, not []"),
        ({"layers": 128}, "network.layers must be a list of sizes, at least one, not 128"),
        ({"layers": [16, 0]}, "network.layers[1] must be a whole number in 1..2048, not 0"),
        ({"mesh": "2by2"}, "network.mesh must be columns x rows, as 2x2, not '2by2'"),
        ({"mesh": 4}, "network.mesh must be columns x rows, as 2x2, not 4"),
        ({"strategy": "magic"}, "objective.strategy must be one of local, direct, symmetric, not"),
        ({"deep": {"gain": 1}}, "network.deep.gain must be left out or one of alpha_n, "),
        ({"deep": None}, "network.deep must be a table, not None"),
        ({"parameters": {"theta": "1536"}}, "network.parameters.theta must be a whole number in "),
        ({"parameters": {"terms": [{"axon": 99}]}}, "network.parameters.axon must be one of "),
        ({"recurrent_traces": {}}, "network.recurrent_span must be given where recurrent_traces "),
        (
            {"recurrent_span": 8, "recurrent_traces": {"q_inc": 1 << 16}},
            "network.recurrent_traces.q_inc must be a whole number in ",
        ),
        (
            {"recurrent_span": 8, "recurrent_traces": 3},
            "network.recurrent_traces must be a parameter set, not 3",
        ),
        (
            {"memristor": "tin"},
            "network.memristor must be one of ideal, mo-tiox-tin, hfox, al2o3, pcm, stt-mram, ",
        ),
        (
            {"memristor": "hfox", "weight_bits": 7},
            "network.weight_bits must be 8 or more on memristors, not 7",
        ),
        ({"write_rule": "both"}, "network.write_rule must be one of compensation, gain, same, not"),
        ({"write_spread": 0.6}, "network.write_spread must be in 0..0.57, not 0.6"),
        ({"device_spread": "much"}, "network.device_spread must be a finite number, not 'much'"),
        (
            {"speed": 3},
            "speed must be left out or one of network, task, objective, run, geometry, data, not",
        ),
    ],
    ids=str,
)
def test_bad_settings(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        Settings().changed(nested(change))
    assert str(refused.value).startswith(message)


def test_settings_come_back() -> None:
    settings = Settings(
        NetworkSettings(
            recurrent_span=8,
            recurrent_traces=replace(PARAMETERS, q_inc=9, terms=(Term(AxonFactor.PQ),)),
            parameters=replace(PARAMETERS, terms=(Term(AxonFactor.PQ),)),
        ),
        TaskSettings(limit=5),
        ObjectiveSettings(event_rate=0.01),
        RunSettings(seed=7),
    )
    assert Settings.from_dict(json.loads(json.dumps(settings.to_dict()))) == settings


def test_a_change_leaves_the_rest() -> None:
    """Of a parameter set too; the settings themselves stay as they are."""
    settings = Settings(run=RunSettings(seed=7))
    changed = settings.changed({"network": {"deep": {"theta": 9}, "layers": [3, 4]}})
    assert changed.run.seed == 7
    assert changed.network.deep == replace(settings.network.deep, theta=9)
    assert changed.network.deep.reset_mode is ResetMode.SUBTRACT
    assert changed.network.layers == (3, 4)
    assert settings == Settings(run=RunSettings(seed=7))


def test_recurrent_traces_are_the_layers_but_for_what_is_given() -> None:
    given = {"recurrent_span": 8, "recurrent_traces": {"q_inc": 9}, "parameters": {"theta": 7}}
    network = Settings().changed({"network": given}).network
    assert network.recurrent_traces == replace(network.parameters, q_inc=9)
    with pytest.raises(ValueError, match="unexpected keyword argument 'gain'"):
        Settings().changed({"network": given | {"recurrent_traces": {"gain": 1}}})


def test_integers_of_numpy_become_pythons() -> None:
    own = RunSettings(seed=np.uint32(7), epochs=np.int64(2))
    assert own == RunSettings(seed=7, epochs=2)
    assert type(own.seed) is int
    sizes = NetworkSettings(layers=tuple(np.array([16, 8]))).layers
    assert {type(size) for size in sizes} == {int}


def test_flat_settings_go_into_their_tables() -> None:
    """As the runs of version 0.1 wrote them."""
    tables = Settings().to_dict().values()
    flat = {name: value for table in tables for name, value in table.items()}
    assert len(flat) == sum(len(table) for table in tables) >= 38
    assert nested(flat) == Settings().to_dict()
    with pytest.raises(ValueError, match=r"^ticks must be in its table, \[task\], not "):
        nested({"ticks": 3, "run": {}})
