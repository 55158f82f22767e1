"""Geometries that are compiled: found in the cache, and as good as the smallest one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from axonloop import (
    Geometry,
    Settings,
    built_geometries,
    built_geometry,
    compile_network,
    run_program,
    smallest_geometry,
    train,
)
from axonloop.host.cli.app import run
from axonloop.host.network import built
from axonloop.host.runs import Run
from axonloop.host.training import build_of, on_built_chip, program_of
from axonloop.models.config import Mesh
from axonloop.sim.cosim import build_chip, built_chips, chip_library, is_built
from axonloop.sim.stimulus import GEOMETRIES

SETTINGS = Settings().changed(
    {
        "network": {"layers": (24, 16), "lanes": 8},
        "task": {"limit": 12, "ticks": 16},
        "objective": {"burn_in": 4},
        "run": {"epochs": 1},
    }
)
LARGER = {
    "axons": 256,
    "neurons": 96,
    "entries": 1024,
    "delay_slots": 8,
    "terms": 1,
    "update_lanes": 4,
    "multipliers": 2,
    "weight_ports": 1,
}
SMALL = GEOMETRIES["one-lane"]


def shelf(monkeypatch: pytest.MonkeyPatch, *found: tuple[Geometry, Mesh]) -> None:
    """A cache in which these chips are compiled."""
    monkeypatch.setattr(built, "built_chips", lambda: [*found])
    monkeypatch.setattr(built, "is_built", lambda own, mesh: own.parameter_sets < 16)


def test_the_smallest_that_fits_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    network = program_of(SETTINGS).plan.network
    least = smallest_geometry(network, lanes=8)
    good, better = replace(least, axons=256), replace(least, axons=200, entries=4000)
    wrong = [
        replace(least, axons=least.axons - 8),
        replace(least, state_bits=20),
        replace(least, weight_bits=9),
        replace(least, pq_bits=6),
        replace(least, entries=least.entries - 1),
        replace(least, parameter_sets=16),
    ]
    one, two = Mesh(), Mesh(2, 1)
    others = [(own, one) for own in wrong]
    shelf(monkeypatch, *others, (least, two))
    assert built_geometry(network, lanes=8) is None
    assert on_built_chip(SETTINGS) == SETTINGS
    shelf(monkeypatch, *others, (replace(good, terms=1), one), (good, one), (better, one))
    assert built_geometry(network, lanes=8) == better
    assert built_geometries(two) == []
    assert on_built_chip(SETTINGS).geometry == better
    assert on_built_chip(replace(SETTINGS, geometry=good)).geometry == good


@pytest.mark.parametrize("mesh", ["1x1", "2x1"])
def test_a_larger_geometry_learns_the_same(mesh: str) -> None:
    """Weights, accuracy and spikes of every population; see docs/network.md for what differs."""
    settings = SETTINGS.changed({"network": {"mesh": mesh}})
    small = program_of(settings)
    geometry = replace(small.geometry, **LARGER)
    large = replace(settings, geometry=geometry)
    one, other = train(settings), train(large)
    same = ["weight_hash", "test_accuracy", "spikes", "synops", "visits", "updates", "warnings"]
    same += ["spike_hash"] if mesh == "1x1" else []
    assert {name: one[name] for name in same} == {name: other[name] for name in same}
    assert one["visits"] > 0
    assert one["trace_hash"] != other["trace_hash"]
    assert (one["spike_hash"] == other["spike_hash"]) == (mesh == "1x1")
    records = [
        run_program(p, [[k % 3 == 0] * 64 for k in range(30)])
        for p in (small, compile_network(small.plan.network, geometry, Mesh.parse(mesh)))
    ]
    for state, array in records[0].states.items():
        assert (array == records[1][state]).all(), state
    assert records[0]["spike"].any()


def test_what_is_compiled_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    build_chip(SMALL)
    assert (SMALL, Mesh()) in built_chips()
    assert is_built(SMALL)
    assert SMALL in built_geometries()
    assert not is_built(replace(SMALL, axons=6))
    monkeypatch.setattr(chip_library, "sources_key", lambda: "of other sources")
    assert not is_built(SMALL)


def test_a_run_keeps_the_geometry_that_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    geometry = replace(build_geometry(tmp_path), axons=192, neurons=64)
    shelf(monkeypatch, (geometry, Mesh()))
    for name in ("_draw", "_draw_curve"):
        monkeypatch.setattr(Run, name, lambda *given: None)
    arguments = ["--layers", "32", "--limit", "4", "--epochs", "1", "--device", "golden"]
    found: dict[str, Any] = {}
    for name in ("smallest", "built"):
        out = tmp_path / name
        assert run(["train", "digits", *arguments, "--out", str(out), "--geometry", name]) == 0
        found[name] = json.loads((out / "metrics.json").read_text())
        config = json.loads((out / "config.json").read_text())
        assert config.get("geometry", {}).get("axons") == (192 if name == "built" else None)
    for name in ("weight_hash", "spike_hash", "test_accuracy"):
        assert found["built"][name] == found["smallest"][name]
    again = ["train", "digits", "--resume", "--out", str(tmp_path / "built")]
    assert run([*again, "--geometry", "built"]) == 2
    assert "geometry must be left out with --resume" in capsys.readouterr().err
    assert run([*again, "--geometry", "large"]) == 2
    assert "geometry must be one of smallest, built" in capsys.readouterr().err


def build_geometry(folder: Path) -> Geometry:
    """The smallest cores of a network of 32 neurons for the digits."""
    from axonloop.host.configuration import Configuration

    path = folder / "net.toml"
    path.write_text("[network]\nlayers = [32]\n")
    return build_of(Configuration.read(path)).geometry
