"""Profiles: counts that the chip counts too, a twin that is exact where the chip is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from axonloop import (
    Network,
    ParameterSet,
    Population,
    Projection,
    ResetMode,
    Source,
    compile_network,
    open_device,
    profile,
    run_program,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.inference import draw_profile, twin_of
from axonloop.host.network import Program
from axonloop.host.nir import import_nir
from axonloop.host.recorder import rasters_of
from axonloop.models.config import DECAY_ONE, Mesh
from tests.support.nir_graphs import feed_forward

RANDOM = np.random.default_rng(2)
NEURON = ParameterSet(theta=300, box=600, w_exp=2, gamma=3600, rho=90, q_inc=100, p_shift=2)


def program_of(neuron: ParameterSet, mesh: Mesh | None = None, span: int = 15) -> Program:
    """Two sources, one of them late; a hidden layer with recurrence; an output that is quiet."""
    random = np.random.default_rng(3)
    network = Network(
        (Source("p", 20), Source("q", 6)),
        (
            Population("hidden", 24, neuron, first_biases=tuple(range(-4, 20))),
            Population("out", 5, neuron, bias=False, drives=(1, 2, 3, 4, 5)),
        ),
        (
            Projection("p", "hidden", uniform_weights(random, 20, 24, span)),
            Projection("q", "hidden", uniform_weights(random, 6, 24, span), delay=2),
            Projection("hidden", "hidden", uniform_weights(random, 24, 24, 3), delay=1),
            Projection("hidden", "out", uniform_weights(random, 24, 5, span)),
        ),
    )
    return compile_network(network, smallest_geometry(network, mesh, state_bits=20), mesh)


SAMPLES = RANDOM.random((3, 40, 26)) < 0.2
PROGRAM = program_of(NEURON)


@pytest.mark.parametrize("mode", list(ResetMode))
@pytest.mark.parametrize("refractory", [0, 2])
def test_the_twin_is_the_chip_where_that_does_not_round(mode: ResetMode, refractory: int) -> None:
    """Decays that keep or drop all: then integers are exact, and so is every membrane."""
    whole = {"alpha_n": DECAY_ONE, "beta_n": 0, "gamma": 0, "reset_mode": mode}
    neuron = replace(NEURON, refractory=refractory, i_shift=0, **whole)
    program = program_of(neuron)
    record = run_program(program, SAMPLES[0])
    found = twin_of(program, program.weights, rasters_of(program, SAMPLES[0]), 40)
    for name, own in record.populations.items():
        assert np.array_equal(found.spikes[name], record["spike"][:, own])
        assert np.array_equal(found.membranes[name], record.potential[:, own])
        assert found.spikes[name].any()


def test_layers_add_up_to_what_the_chip_counts() -> None:
    found = profile(PROGRAM, SAMPLES)
    assert (found.samples, found.ticks) == (3, 40)
    with open_device("golden", PROGRAM.config) as device:
        device.load_weights(PROGRAM.weights)
        records = [run_program(PROGRAM, sample, device) for sample in SAMPLES]
        counters = {counter.name.lower(): n for counter, n in device.counters().items()}
    assert found.synops == counters["synops"] == sum(layer.synops for layer in found.layers)
    assert sum(layer.spikes for layer in found.layers) == counters["spikes"]
    assert found.saturations == counters["saturations"] == 0
    hidden = found.layers[0]
    spikes = np.concatenate([each.of("hidden", "spike") for each in records])
    assert hidden.silent == (spikes.sum(axis=0) == 0).sum() > 0
    assert hidden.always_on == (spikes.mean(axis=0) > 0.9).sum()
    assert hidden.rate == spikes.mean()
    membrane = np.concatenate([each.of("hidden", "membrane") for each in records])
    own = hidden.ranges["membrane"]
    assert (own.low, own.high, own.limit) == (membrane.min(), membrane.max(), 2**19 - 1)
    trace = np.concatenate([each.of("q -> hidden (delay 2)", "trace_q") for each in records])
    assert hidden.ranges["trace_q"].high >= trace.max() > 0
    assert hidden.ranges["weight"].high == PROGRAM.weights.max()


def test_where_they_part() -> None:
    found = profile(PROGRAM, SAMPLES)
    first: Any = None
    for sample, raster in enumerate(SAMPLES):
        spikes = run_program(PROGRAM, raster)
        twin = twin_of(PROGRAM, PROGRAM.weights, rasters_of(PROGRAM, raster), 40)
        own = np.argwhere(twin.spikes["hidden"] != spikes.of("hidden", "spike"))
        if len(own) and first is None:
            first = (sample, *own[0].tolist())
    assert first is not None, "choose other neurons: nothing is shown"
    assert found.layers[0].parts_at == first
    assert found.parts_at is not None
    assert found.parts_at[1:3] <= first[:2]
    for layer in found.layers:
        assert layer.agreement is not None
        assert layer.beside is not None
        assert layer.membrane is not None
        assert layer.agreement <= layer.beside
        assert 0.9 < layer.beside <= 1
        assert 0 < layer.membrane < 1
    json.dumps(found.to_dict(), allow_nan=False)


def test_words_at_their_limits_are_told() -> None:
    loud = compile_network(PROGRAM.plan.network, replace(PROGRAM.geometry, state_bits=10))
    found = profile(loud, SAMPLES)
    assert found.saturations > 0
    assert found.layers[0].at_limits > 0
    assert found.layers[0].ranges["membrane"].used == 1


@pytest.mark.parametrize(("device", "mesh"), [("batched", None), ("golden", Mesh(2, 1))])
def test_devices_and_cores_agree(device: str, mesh: Mesh | None) -> None:
    expected, found = profile(PROGRAM, SAMPLES), profile(program_of(NEURON, mesh), SAMPLES, device)
    for one, other in zip(expected.layers, found.layers, strict=True):
        assert np.array_equal(one.counts, other.counts)
        assert one.ranges == other.ranges
        assert one.agreement == other.agreement
        assert one.synops == other.synops or mesh is not None


def test_blank_out_has_no_twin() -> None:
    noisy = replace(NEURON, blank=20000)
    found = profile(program_of(noisy), SAMPLES[0])
    assert found.twin == ""
    assert "blank" in found.without
    assert found.layers[0].agreement is None
    texts = [text.get_text() for text in draw_profile(found).axes[3].texts]
    assert texts == ["no float twin"]


def test_a_graph_is_compared_with_its_own_float() -> None:
    imported = import_nir(feed_forward(), "nir", 1e-3, weight_bits=8)
    inputs = imported.generated_inputs(60)
    found = profile(imported, inputs)
    compared = imported.compare(inputs)
    for layer, own in zip(found.layers, compared.layers, strict=True):
        assert (layer.agreement, layer.beside) == (own.agreement, own.beside)
        assert (layer.membrane, layer.bound) == (own.membrane, own.bound)
        assert layer.spikes == own.chip_spikes
    assert found.twin == "the float graph of the NIR file"


def test_the_picture_has_a_row_for_each_layer() -> None:
    picture = draw_profile(profile(PROGRAM, SAMPLES))
    labels = [label.get_text() for label in picture.axes[0].get_yticklabels()]
    assert labels == ["hidden\n24 neurons", "out\n5 neurons"]
    bars = [patch.get_width() for patch in picture.axes[2].patches]
    assert len(bars) == 2
    assert bars[0] > bars[1] > 0


def test_no_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="samples must be at least 1, not 0"):
        profile(PROGRAM, [])


def test_another_kind_of_network_is_refused() -> None:
    with pytest.raises(ValueError, match="network must be a Program or an ImportedGraph"):
        profile(PROGRAM.plan.network, SAMPLES)  # type: ignore[arg-type]
