"""`bench mesh`: the bare compiled mesh on 2 x 2, and one network on one, two and four cores."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from axonloop.host.bench import mesh as bench_mesh
from axonloop.host.bench.mesh import LoadPoint
from axonloop.host.cli import app as cli
from axonloop.host.devices import DeviceError
from axonloop.models.config import Mesh
from axonloop.sim.build import SimulationError
from axonloop.sim.cosim import Packets, RtlMesh
from axonloop.sim.cosim.compiled_mesh import NUMBER_BITS, once

SQUARE = Mesh(2, 2)
TICKS = 30


@pytest.fixture(scope="module")
def mesh() -> RtlMesh:
    return RtlMesh(SQUARE, notify=lambda message: None)


@pytest.fixture(scope="module")
def runs() -> list[bench_mesh.ChipRun]:
    network = bench_mesh.recurrent_network(32)
    return [bench_mesh.run_chip(network, size, 5, TICKS, lanes=2) for size in bench_mesh.MESHES]


def packets(*columns: tuple[int, int, int]) -> Packets:
    """From (cycle, source, target)."""
    return Packets(*np.array(columns, np.int64).T)


@pytest.mark.slow
def test_a_packet_alone_takes_two_cycles_per_router(mesh: RtlMesh) -> None:
    alone = packets((0, 0, 3), (50, 1, 1), (100, 2, 0), (150, 3, 0))
    assert (mesh.arrivals(alone) - alone.cycles).tolist() == [6, 2, 4, 6]
    hops, latencies = bench_mesh.alone(mesh)
    assert np.array_equal(latencies, 2 * (hops + 1))
    assert sorted(hops.tolist()) == [1] * 8 + [2] * 4
    assert [figure.value for figure in bench_mesh.alone_figures(mesh)] == [2, 6]


def test_what_waits_at_the_source_counts(mesh: RtlMesh) -> None:
    """A core sends one packet a cycle: of three made at once, the third waits two cycles."""
    together = packets((7, 0, 1), (7, 0, 1), (7, 0, 1))
    assert mesh.arrivals(together).tolist() == [11, 12, 13]


@pytest.mark.parametrize("seed", [1, 2], ids="seed{}".format)
def test_load(mesh: RtlMesh, seed: int) -> None:
    """What is offered is accepted until the mesh is full; latency never falls with the load."""
    low, high, full = bench_mesh.load_points(mesh, [0.5, 1.0, 0.1], 100, 1000, seed)
    for point, load in ((low, 0.1), (high, 0.5), (full, 1.0)):
        # 4000 draws: five standard deviations are at most 0.04.
        assert abs(point.offered - load) < 0.04
    assert full.offered == 1
    assert abs(low.accepted - low.offered) < 0.01
    assert 0.6 < full.accepted < 0.9
    assert 2 + 2 * 4 / 3 <= low.latency < high.latency < 10 < full.latency


def test_the_same_seed_is_the_same_load(mesh: RtlMesh) -> None:
    one, same, other = (bench_mesh.load_points(mesh, [0.4], 50, 200, seed) for seed in (3, 3, 4))
    assert one == same != other


def test_uniform_traffic() -> None:
    """Every core makes as many packets, for every other one, none for itself."""
    traffic = bench_mesh.uniform_traffic(SQUARE, 0.5, 6000, seed=1)
    counts = np.zeros((4, 4), int)
    np.add.at(counts, (traffic.sources, traffic.targets), 1)
    assert (np.diag(counts) == 0).all()
    # Each of 12 pairs is binomial, 6000 x 1/6: standard deviation 29.
    assert np.abs(counts[~np.eye(4, dtype=bool)] - 1000).max() < 150
    assert (np.diff(traffic.cycles) >= 0).all()


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ([(3, 1, 0), (4, 2, 1)], "packet 2 must arrive once, not 0 times"),
        ([(3, 1, 0), (4, 2, 1), (5, 3, 2), (6, 1, 0)], "packet 0 must arrive once, not 2 times"),
        ([(3, 1, 0), (4, 0, 1), (5, 3, 2)], r"packet 1 must arrive at core 2, not 0 \(cycle 4\)"),
        ([(3, 1, 0), (4, 2, 9), (5, 3, 2)], "packet 9 must arrive at core none, not 2"),
    ],
    ids=["lost", "doubled", "misrouted", "foreign"],
)
def test_what_does_not_arrive_once_where_it_should(
    log: list[tuple[int, int, int]], message: str
) -> None:
    columns = np.array(log, np.int64).T
    with pytest.raises(SimulationError, match=message):
        once(np.array([1, 2, 3]), *columns)


def test_a_log_in_any_order() -> None:
    assert once(np.array([1, 2]), *np.array([(5, 2, 1), (9, 1, 0)]).T).tolist() == [9, 5]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ([(5, 0, 1), (4, 0, 1)], "cycles of packets must be ascending"),
        ([(-1, 0, 1)], "cycles of packets must be ascending, from 0 on"),
        ([(0, 4, 1)], "sources of packets must be cores of the mesh 2x2"),
        ([(0, 0, -1)], "targets of packets must be cores of the mesh 2x2"),
    ],
)
def test_packets_that_the_mesh_cannot_have(
    mesh: RtlMesh, columns: list[tuple[int, int, int]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        mesh.arrivals(packets(*columns))


def test_how_many_packets(mesh: RtlMesh) -> None:
    none = np.zeros(0, np.int64)
    message = rf"packets must be a whole number in 1\.\.{1 << NUMBER_BITS}, not 0"
    with pytest.raises(ValueError, match=message):
        mesh.arrivals(Packets(none, none, none))
    with pytest.raises(ValueError, match="targets must be 2 cores, not 1"):
        mesh.arrivals(Packets(np.array([0, 0]), np.array([0, 0]), np.array([1])))


@pytest.mark.parametrize("load", [0.0, 1.1, -0.5])
def test_bad_loads(load: float) -> None:
    with pytest.raises(ValueError, match=f"load must be above 0 and at most 1, not {load}"):
        bench_mesh.uniform_traffic(SQUARE, load, 10, 0)


def test_traffic_needs_another_core() -> None:
    with pytest.raises(ValueError, match="mesh must be of two cores or more, not '1x1'"):
        bench_mesh.uniform_traffic(Mesh(), 0.5, 10, 0)


def test_saturation() -> None:
    points = [LoadPoint(0.2, 0.2, 5), LoadPoint(0.4, 0.398, 6), LoadPoint(1.0, 0.5, 900)]
    values = [figure.value for figure in bench_mesh.load_figures(points)]
    assert values == [0.5, 0.4, 6]


@pytest.mark.slow
def test_a_network_spikes_the_same_on_one_two_and_four_cores(
    runs: list[bench_mesh.ChipRun],
) -> None:
    network = runs[0].program.plan.network
    expected = bench_mesh.golden_spikes(network, 5 + TICKS, lanes=4)
    bench_mesh.require_same_spikes(expected, runs)
    assert [run.program.geometry.neurons for run in runs] == [32, 16, 8]
    assert sum(map(len, expected)) > 20
    first, _, third = (run.cycles_per_tick for run in runs)
    assert third < first
    names = [figure.name for figure in bench_mesh.chip_figures(runs, 5)]
    assert names[1:] == [
        "tick, 1 x 32 neurons",
        "tick, 2 x 16 neurons",
        "tick, 4 x 8 neurons",
        "speed-up, 2 cores",
        "speed-up, 4 cores",
    ]


@pytest.mark.slow
def test_other_spikes_are_an_error(runs: list[bench_mesh.ChipRun]) -> None:
    spikes = [np.array(tick) for tick in runs[0].spikes]
    spikes[7] = np.setxor1d(spikes[7], [3]).astype(np.int32)
    broken = dataclasses.replace(runs[2], spikes=spikes)
    with pytest.raises(DeviceError, match=r"spikes of tick 7 on 4 x 8 .*at neurons \[3\]"):
        bench_mesh.require_same_spikes(runs[0].spikes, [*runs, broken])


def test_the_network_keeps_going_at_five_percent() -> None:
    """At full size, in the golden model; nearly all neurons take part."""
    network = bench_mesh.recurrent_network(bench_mesh.NEURONS)
    spikes = bench_mesh.golden_spikes(network, bench_mesh.SETTLING + bench_mesh.TICKS)
    counts = np.array([len(tick) for tick in spikes[bench_mesh.SETTLING :]])
    assert 0.045 < counts.mean() / bench_mesh.NEURONS < 0.055
    assert counts.min() > 0.02 * bench_mesh.NEURONS
    assert len(np.unique(np.concatenate(spikes))) > 0.9 * bench_mesh.NEURONS


@pytest.mark.slow
def test_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command at a small size: tables, JSON, CSV and picture."""
    for name, value in {
        "LOADED": SQUARE,
        "LOADS": (0.1, 1.0),
        "NEURONS": 32,
        "LANES": 2,
        "SETTLING": 5,
        "TICKS": TICKS,
    }.items():
        monkeypatch.setattr(bench_mesh, name, value)
    table = tmp_path / "mesh.csv"
    assert cli.run(["bench", "mesh", "--csv", str(table), "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "speed-up, 4 cores" in printed
    assert "latency in cycles" in printed
    found = json.loads((tmp_path / "out" / "mesh.json").read_text())
    values = {row["name"]: row["value"] for row in found["rows"]}
    assert values["latency per hop, unloaded"] == 2
    assert table.read_text().splitlines()[1].startswith('"latency per hop, unloaded",2.0,cycles,')
    assert [set(point) for point in found["load"]] == [{"offered", "accepted", "latency"}] * 2
    assert (tmp_path / "out" / "mesh.png").read_bytes().startswith(b"\x89PNG")
