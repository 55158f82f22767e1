"""`bench gpu` on the CPU: all of it but the GPU, and what it says where there is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from axonloop.host.bench import gpu, gpu_conformance
from axonloop.host.bench.gpu_conformance import ALL, FEW, SharedPair
from axonloop.host.bench.sides import ChipInference, ChipLearning, make_task
from axonloop.host.catalogue import pages_of
from axonloop.host.cli import app as cli
from axonloop.host.verification import soak
from axonloop.models.protocol import Counter
from axonloop.sim.batched.tensors import learning, synapses
from axonloop.sim.stimulus import CONVOLUTIONS, GEOMETRIES
from tests.support.commands import refused

CPU = torch.device("cpu")
TINY = gpu.Scale(((2, 3), (3, 2)), (3, 3), 1 << 12, replace(FEW, ticks=8))


@pytest.fixture
def gpu_way(monkeypatch: pytest.MonkeyPatch, torch_alone: None) -> None:
    """Torch takes the way of a GPU."""
    for module in (learning, synapses):
        monkeypatch.setattr(module, "chooses", lambda device: False)


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("gpu_way")
def test_all_is_compared_and_timed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpu, "SMALL", TINY)
    folder = tmp_path / "results"
    folder.mkdir()
    file = folder / "gpu.json"
    assert cli.run(["bench", "gpu", "--device", "batched:cpu", "--json", str(file)]) == 0
    metrics = json.loads(file.read_text())
    rows = {row["name"]: row for row in metrics["rows"]}
    compared = [row for name, row in rows.items() if name.startswith("conformance, ")]
    assert [row["value"] for row in compared] == [0, 0, 0, 0], compared
    assert all(row["bar"] == "0" and "trace hash" in row["unit"] for row in compared)
    for kept in metrics["conformance"].values():
        assert len(kept["trace_hash"]) == len(kept["weight_hash"]) == 64
        assert kept["ticks"] > 0
    for title in ("inference, batch 2", "learning, batch 3"):
        assert rows[f"{title}: axonloop"]["bar"].startswith("at most 1.25 x torch")
        assert rows[f"{title}: axonloop"]["ratio"] > 0
        assert rows[f"{title}: floor"]["value"] > 0
    dense = [rows[f"inference, batch {copies}: dense-equivalent"] for copies in (2, 3)]
    assert [row["bar"] for row in dense] == ["", "at least 1"]
    ours = rows["inference, batch 3: axonloop"]["value"]
    weights = 256 * 512 + 512 * 512 + 512 * 10
    assert dense[1]["value"] == pytest.approx(weights * 3 * 2 / ours * 1e3 / 1e12)
    assert rows["population of 3: ticks of a chip"]["value"] > 0
    assert metrics["gpu"]["torch"] == f"torch {torch.__version__}"
    assert metrics["machine"].startswith("no GPU, torch ")
    assert metrics["device"] == "batched:cpu"
    assert "conformance, one copy, one core" in capsys.readouterr().out
    page = pages_of(folder, tmp_path / "results.md")[tmp_path / "results.md"]
    assert f"Machine: {metrics['machine']}." in page
    assert "| inference, batch 3: axonloop |" in page


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("cuda", [None, "12.8"])
def test_without_a_gpu_it_says_what_is_missing(
    cuda: str | None,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(torch.version, "cuda", cuda)
    file = tmp_path / "gpu.json"
    said = refused(capsys, "bench", "gpu", "--full", "--json", str(file))
    assert said.startswith("GPUs must be one or more (torch ")
    assert said.endswith("), not 0")
    assert ("is for CUDA 12.8" if cuda else "is built for CPUs alone") in said
    assert not file.exists()


@pytest.mark.parametrize("name", ["golden", "batched", "rtl"])
def test_other_devices_are_refused(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = refused(capsys, "bench", "gpu", "--device", name)
    assert said.startswith("device of bench gpu must be batched:cuda, or batched:cpu to try it")


def test_a_gpu_is_described_and_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[torch.device] = []
    card = SimpleNamespace(name="A card", total_memory=80e9)
    monkeypatch.setattr(torch.version, "cuda", "12.8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda device: card)
    monkeypatch.setattr(torch.cuda, "synchronize", waited.append)
    device = gpu.gpu_of("batched:cuda")
    assert device == torch.device("cuda", 1)
    about = gpu.about_gpu(device)
    assert (about["name"], about["memory"], about["cuda"]) == ("A card", "80 GB", "CUDA 12.8")
    clock = gpu.clock_of(device)
    assert clock() <= clock()
    assert waited == [device, device]
    assert gpu_conformance.arithmetic_of(device) == "auto"


def test_the_full_size_takes_every_geometry_and_a_thousand_chips() -> None:
    assert set(ALL.geometries) == set(GEOMETRIES) | set(CONVOLUTIONS)
    shards = gpu_conformance.shards(ALL)
    assert [shard.name for shard in shards] == [name for name, *_ in soak.targets()]
    assert shards[0].devices() == {"torch": 64, "golden": 16}
    assert [copies for copies, _ in gpu.FULL.batches] == [128, 1024, 8192]
    assert gpu.FULL.population[0] == 1000


def test_a_difference_and_a_failure_are_figures() -> None:
    def fail() -> dict[str, object]:
        raise RuntimeError("tick 3: no such operation")

    figure, kept = gpu_conformance._found("x", fail)
    assert (figure.name, figure.value, figure.bar) == ("conformance, x", 1.0, "0")
    assert "tick 3: no such operation" in figure.unit
    assert kept == {"failed": "tick 3: no such operation"}


@pytest.mark.parametrize("what", ["membrane", "weights", "counters"])
def test_copies_that_differ_are_found(what: str) -> None:
    rng = np.random.default_rng(0)
    pair = SharedPair("small", CPU, rng)
    pair.step(rng)
    engine = pair.chips[0].engine
    if what == "counters":
        engine.counters()[5, 0, Counter.SPIKES] += 1
    elif what == "weights":
        weights = pair.chips[0].read_weights()
        weights[weights > 0] -= 1
        pair.chips[0].load_weights(weights)
    else:
        state = next(values for region, values in engine.state.items() if region.key == what)
        state[5, 3] += 7
    with pytest.raises(RuntimeError, match=r"^tick 1: \w+\[.*\] is .* and on the CPU "):
        pair.step(rng)


@pytest.mark.parametrize("error", ["memory", "copies", "other"])
def test_what_does_not_fit_is_told_and_the_rest_goes_on(error: str) -> None:
    bench = gpu.GpuBench(CPU, TINY, lambda title: None)
    raised = {
        "memory": torch.OutOfMemoryError("no"),
        "copies": ValueError("copies must be at most 3 in 5 free bytes (...), not 9"),
        "other": ValueError("something else"),
    }[error]

    def work(title: str, task: object) -> list[gpu.Figure]:
        raise raised

    if error == "other":
        with pytest.raises(ValueError, match="something else"):
            bench.fitting("t", work, 2, 1)
    else:
        (figure,) = bench.fitting("t", work, 2, 1)
        assert (figure.name, figure.value) == ("t: left out", 2)


def test_the_floor_counts_weights_visits_and_state() -> None:
    bench = gpu.GpuBench(CPU, TINY, lambda title: None)
    bench.speed = 1e6  # a byte takes a microsecond: a millisecond is 1,000 of them
    task, ticks = make_task(2, 5), 5
    state = gpu.state_bytes(task) * 2
    weights = gpu.synapses_of(task)
    inference = bench.floor("x", ChipInference(task))
    assert inference.value == pytest.approx((weights + state) * (ticks + 2) / 1e3)
    for shared, memories in ((True, 1), (False, 2)):
        ours = ChipLearning(task, shared=shared)
        moved = 1e3 * bench.floor("x", ours).value
        visits = ours.chip.counters()[:memories, Counter.VISITS].sum()
        assert visits > 0
        assert moved == pytest.approx((memories * weights + state) * ticks + 2 * int(visits))


def test_chips_of_a_population_part() -> None:
    """They begin alike; their seeds and errors differ."""
    ours = ChipLearning(make_task(3, 20), shared=False)
    ours.prepare()
    ours.run()
    first, *others = ours.chip.read_weights()
    assert all(not torch.equal(first, own) for own in others)
