"""What a chip holds, as NIR and back to the bit."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from axonloop.host.conversion import convert_torch
from axonloop.host.devices import open_device, weight_hash
from axonloop.host.network import (
    Network,
    Population,
    Program,
    Projection,
    Source,
    compile_network,
    smallest_geometry,
    uniform_weights,
)
from axonloop.host.network.network import sparse_synapses
from axonloop.host.nir import export_nir, graph_of, import_nir
from axonloop.host.nir.export.scales import threshold_of
from axonloop.host.nir.export.truncation import error_of
from axonloop.models.config import Geometry, Mesh, ParameterSet, ResetMode, Term
from axonloop.models.protocol import Region
from tests.support.nir_graphs import nir


def parameters(random: np.random.Generator, **given: Any) -> ParameterSet:
    drawn = {
        "alpha_n": int(random.choice([0, 3000, 3900, 4096])),
        "beta_n": int(random.choice([0, 0, 2500, 4096])),
        "theta": int(random.integers(200, 600)),
        "w_exp": int(random.integers(0, 4)),
        "i_shift": int(random.integers(0, 2)),
        "reset_mode": ResetMode(int(random.integers(0, 3))),
        "refractory": int(random.integers(0, 3)),
        "gamma": int(random.choice([0, 3900])),
        "rho": int(random.choice([0, 100])),
        "eta_shift": int(random.integers(0, 20)),
    }
    return ParameterSet(**drawn | given)


def program_of(seed: int, mesh: Mesh | None = None, **given: Any) -> Program:
    """Two sources, three populations with skips, delays and feedback; some with all that is told.

    With a seed: everything of the network is drawn from it.
    """
    random = np.random.default_rng(seed)
    sizes = {"x": 12, "y": 5, "a": 18, "b": 9, "c": 7}

    def between(source: str, target: str, delay: int, **more: Any) -> Projection:
        shape = sizes[source], sizes[target]
        present = sparse_synapses(random, *shape, 0.6) if random.random() < 0.5 else None
        if present is not None:
            present[0, 0] = True
        return Projection(
            source, target, uniform_weights(random, *shape, 90), present, delay, **more
        )

    a = {"first_biases": tuple(random.integers(-9, 9, 18).tolist())}
    b = {"drives": tuple(random.integers(-9, 9, 9).tolist()), "bias": False}
    populations = [
        Population(name, sizes[name], parameters(random, **given), **more)
        for name, more in (("a", a), ("b", b), ("c", {"report": bool(random.integers(2))}))
    ]
    late = int(random.integers(0, 3))
    projections = [
        between("x", "a", late),
        between("y", "b", 0, plastic=False),
        between("a", "b", 1),
        between("b", "c", 0),
        between("x", "c", 2),
        between("c", "c", 0, traces=ParameterSet(q_inc=3, pq_shift=1)),
        between("c", "a", 2),
        between("a", "a", 1),
    ]
    sources = (Source("x", 12), Source("y", 5))
    network = Network(sources, tuple(populations), tuple(projections), seed=seed + 1)
    where = mesh or Mesh()
    return compile_network(network, smallest_geometry(network, where, 4), where)


def learned(program: Program, seed: int) -> Any:
    """Other weights than the program's first ones, where there are synapses."""
    random, high = np.random.default_rng(seed), program.geometry.weight_max
    moved = program.weights + random.integers(-9, 10, program.weights.shape)
    there = program.weights != program.geometry.no_synapse
    return np.where(there, moved.clip(-high, high), program.weights).astype(np.int32)


def states(program: Program, weights: Any, seed: int, ticks: int = 30) -> list[Any]:
    """All membranes and reported spikes of some ticks on random inputs."""
    random, found = np.random.default_rng(seed), []
    with open_device("golden", program.config) as device:
        device.load_weights(weights)
        for _ in range(ticks):
            for source, axons in program.axons.items():
                channels = np.flatnonzero(random.random(len(axons)) < 0.4)
                for delay in np.unique(program.delays[source]).tolist():
                    device.send_spikes(program.axons_of(source, channels, delay), delay)
            found.append(device.tick(np.zeros(0, np.int32)).tolist())
            found.append(device.read(Region.MEMBRANE).tolist())
    return found


@pytest.mark.parametrize("seed", range(12))
def test_a_file_gives_back_the_same_program(seed: int, tmp_path: Path) -> None:
    mesh = Mesh(2, 1) if seed % 3 == 0 else None
    program, path = program_of(seed, mesh), tmp_path / "chip.nir"
    weights = learned(program, seed)
    export_nir(program, path, weights)
    found = import_nir(path, "nir")
    assert found.program.config == program.config
    assert np.array_equal(found.program.weights, weights)
    mine = weight_hash(found.program.weights, program.geometry)
    assert mine == weight_hash(weights, program.geometry)
    before = states(program, weights, seed)
    assert states(found.program, found.program.weights, seed) == before
    assert any(before[::2])
    again = import_nir(graph_of(found.program)[0], "nir", 1e-3)  # and once more, without a file
    assert again.program.config == program.config


def test_places_learning_rules_and_a_single_layer_come_back() -> None:
    random = np.random.default_rng(3)
    rule = ParameterSet(terms=(Term(4, third=1, sign=-1, shift=3),))
    network = Network(
        (Source("x", 6),),
        (Population("a", 8, rule), Population("b", 8, rule)),
        (
            Projection("x", "a", uniform_weights(random, 6, 8, 20)),
            Projection("a", "b", uniform_weights(random, 8, 8, 20)),
        ),
    )
    mesh, place = Mesh(2, 1), {"a": (1,), "b": (0, 1)}
    geometry = smallest_geometry(network, mesh, 4, place=place)
    program = compile_network(network, geometry, mesh, place)
    assert program.config != compile_network(network, geometry, mesh).config
    found = import_nir(graph_of(program)[0], "nir")
    assert found.program.config == program.config
    assert found.network.populations[0].parameters.terms == rule.terms


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "decays", [{"alpha_n": 3900, "beta_n": 0}, {"alpha_n": 3900, "beta_n": 2500}]
)
def test_the_float_graph_is_the_chips_meaning(decays: dict[str, int], seed: int) -> None:
    """A reader that knows no metadata spikes as the chip does, but for what decays truncate.

    Feedback into a current is a step later in NIR, so there is none here.
    """
    plain = {"reset_mode": ResetMode.ZERO, "refractory": 0, "rho": 0, "gamma": 0, "w_exp": 6}
    program = program_of(seed, **plain, **decays, theta=9000)
    network = program.plan.network
    kept = [p for p in network.projections if p.target not in (p.source, "a") or p.source == "x"]
    mine = replace(
        network,
        projections=tuple(kept),
        populations=tuple(replace(p, report=True) for p in network.populations),
    )
    program = compile_network(mine, smallest_geometry(mine, state_bits=24))
    graph, notes = graph_of(program)
    assert notes == ()
    found = import_nir(graph, "nir")
    compared = found.compare(found.generated_inputs(150))
    assert compared.agreement > 0.97
    for layer in compared.layers:
        assert layer.membrane <= layer.bound, layer
    assert sum(layer.chip_spikes for layer in compared.layers) > 60
    anew = import_nir(graph, "nir", 1e-3, weight_bits=16)
    assert type(anew) is not type(found)
    assert anew.compare(anew.generated_inputs(150)).agreement > 0.97


def test_a_converted_network_comes_back() -> None:
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
    net = convert_torch(module, torch.rand(50, 6))
    graph, notes = graph_of(net.program)
    assert "layer1: what does not leak has a tau of 2^40 dt" in notes
    found = import_nir(graph, "nir")
    assert found.program.config == net.program.config
    assert np.array_equal(found.program.weights, net.program.weights)


def test_what_nir_cannot_say_is_noted() -> None:
    own = ParameterSet(reset_mode=ResetMode.SUBTRACT, rho=5, gamma=4000, refractory=2)
    network = Network(
        (Source("x", 4),), (Population("a", 4, own),), (Projection("x", "a", np.ones((4, 4), int)),)
    )
    notes = graph_of(compile_network(network, smallest_geometry(network)))[1]
    assert notes == (
        "a: NIR has no reset_mode subtract",
        "a: NIR has no reset variable R (rho = 5)",
        "a: NIR has no refractory time (2 ticks)",
    )


def changed_weight(graph: Any) -> None:
    graph.nodes["x_to_a"].weight[0, 0] += 1


def cut(graph: Any) -> None:
    graph.metadata["axonloop"] = graph.metadata["axonloop"][:-9]


def other_format(graph: Any) -> None:
    graph.metadata["axonloop"] = graph.metadata["axonloop"].replace("program 1", "program 9")


def without_integers(graph: Any) -> None:
    graph.nodes["x_to_a"].metadata = {}


def beyond(graph: Any) -> None:
    graph.nodes["x_to_a"].metadata["axonloop_weights"][0, 0] = 4000


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (changed_weight, "graph must be as its metadata 'axonloop' say, not changed since; giving"),
        (cut, "metadata 'axonloop' of the graph must be those of export_nir, not damaged"),
        (other_format, "metadata 'axonloop' .* format must be 'axonloop program 1', not"),
        (without_integers, "metadata .* not damaged .KeyError: 'axonloop_weights'"),
        (beyond, "metadata 'axonloop' of the graph must be those of export_nir, not damaged"),
    ],
)
def test_what_was_changed_since_is_refused(change: Any, message: str) -> None:
    network = Network(
        (Source("x", 4),),
        (Population("a", 4, ParameterSet()),),
        (Projection("x", "a", np.arange(16).reshape(4, 4)),),
    )
    graph = graph_of(compile_network(network, smallest_geometry(network)))[0]
    change(graph)
    with pytest.raises(ValueError, match=f"^{message}"):
        import_nir(graph, "nir")
    assert import_nir(graph, "nir", 1e-3, weight_bits=8).network.population("a").size == 4


def test_another_dt_is_refused_and_other_dialects_read_floats(tmp_path: Path) -> None:
    program = program_of(1, beta_n=2500, alpha_n=3000)
    export_nir(program, tmp_path / "chip.nir", dt=2e-3)
    assert import_nir(tmp_path / "chip.nir", "nir").dt == 2e-3
    with pytest.raises(ValueError, match=r"^dt must be that of the file, 0.002, not 0.001$"):
        import_nir(tmp_path / "chip.nir", "nir", 1e-3)
    assert import_nir(tmp_path / "chip.nir", "norse", 2e-3).dialect == "norse"


def test_wrong_exports(tmp_path: Path) -> None:
    program = program_of(0)
    with pytest.raises(ValueError, match="^file to write must be in a folder that exists, not "):
        export_nir(program, tmp_path / "none" / "chip.nir")
    with pytest.raises(ValueError, match="^weights must be of shape "):
        export_nir(program, tmp_path / "chip.nir", program.weights[1:])
    with pytest.raises(ValueError, match="^weights must be in -128..127, not 300$"):
        export_nir(program, tmp_path / "chip.nir", program.weights * 0 + 300)
    for dt, wanted in ((0.0, "above 0 seconds"), (float("nan"), "a finite number")):
        with pytest.raises(ValueError, match=f"^dt must be {wanted}, not {dt}$"):
            export_nir(program, tmp_path / "chip.nir", dt=dt)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a/b", ".", "x_to_a", "output_x"])
def test_names_that_nodes_cannot_have(name: str) -> None:
    network = Network(
        (Source("x", 4),),
        (Population("a", 4, ParameterSet()), Population(name, 4, ParameterSet())),
        (
            Projection("x", "a", np.ones((4, 4), int)),
            Projection("a", name, np.ones((4, 4), int)),
        ),
    )
    with pytest.raises(ValueError, match="^name of a node must be without '/' and unlike those of"):
        graph_of(compile_network(network, smallest_geometry(network)))


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, path = program_of(0), tmp_path / "chip.nir"
    export_nir(program, path)
    before = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="^chip.nir must be written whole, .*No space left on device"):
        export_nir(program, path, learned(program, 1))
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["chip.nir"]


def test_nir_itself_reads_the_file_and_its_types_fit(tmp_path: Path) -> None:
    program = program_of(2)
    export_nir(program, tmp_path / "chip.nir")
    graph = nir.read(str(tmp_path / "chip.nir"), type_check=True)
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    assert {"Input", "Output", "Delay"} <= kinds
    assert kinds & {"LIF", "CubaLIF", "IF"}


def test_without_nir_the_line_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(ValueError, match="^nir must be installed to write NIR files; pip install"):
        graph_of(program_of(0))


def test_how_far_inputs_drive_a_membrane_that_forgets() -> None:
    """All weights of a tick that rise, or all that fall, shifted by w_exp; in thresholds."""
    own = ParameterSet(alpha_n=0, beta_n=0, w_exp=2, theta=101)
    weights = np.array([[3, -9], [5, 2], [-1, -4]])
    network = Network(
        (Source("x", 3),), (Population("a", 2, own),), (Projection("x", "a", weights),)
    )
    found = error_of(network.populations[0], network, Geometry())
    assert found.reach == pytest.approx(13 * 4 / threshold_of(network.populations[0]))
