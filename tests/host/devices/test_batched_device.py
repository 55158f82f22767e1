"""The batched emulator behind the devices' interface: lockstep, training, checkpoints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from axonloop.host.configuration import ObjectiveSettings, RunSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import Device, GoldenDevice, open_device, weight_hash
from axonloop.host.devices.batched import BatchedDevice
from axonloop.host.runs import load_checkpoint
from axonloop.host.runs.checkpoint import save_checkpoint
from axonloop.host.training import Trainer, chip_config, lone_trainer
from axonloop.host.verification.verify import verify
from axonloop.models.config import CoreConfig, Mesh, Row
from axonloop.models.protocol import Counter
from axonloop.sim.stimulus import GEOMETRIES

pytestmark = pytest.mark.usefixtures("each_way")

DIGITS = split_digits()
TINY = Settings(
    task=TaskSettings(limit=6, ticks=16, tune=True),
    objective=ObjectiveSettings(burn_in=5),
    run=RunSettings(epochs=2),
)


@pytest.mark.parametrize(
    ("mesh", "names", "ticks"),
    [(Mesh(), ("small", "one-lane", "odd-widths", "narrow", "wide-weights", "few-bits",
      "terms-blank", "terms-odd"), 480),
     (Mesh(2, 2), ("small", "plain", "terms"), 120)],
    ids=["1x1", "2x2"],
)  # fmt: skip
@pytest.mark.parametrize("seed", [3])
def test_batched_and_golden_agree_in_lockstep(
    mesh: Mesh, names: tuple[str, ...], ticks: int, seed: int
) -> None:
    report = verify(["golden", "batched"], ticks, seed, names, mesh=mesh)
    assert report.trace_hashes["golden"] == report.trace_hashes["batched"]
    assert report.weight_hashes["golden"] == report.weight_hashes["batched"]
    assert report.counters["updates"] > 0


def test_a_snapshot_holds_the_synapses_of_groups_that_a_row_lost() -> None:
    """configure leaves them; `restore` refused them, as `load_weights` does."""
    config = GEOMETRIES["small"]
    wide = CoreConfig(config, rows=(Row(groups=config.groups, plastic=True),) * config.axons)
    narrow = replace(wide, rows=(Row(groups=1, plastic=True),) * config.axons)
    golden, batched = GoldenDevice(wide), BatchedDevice(wide)
    rng = np.random.default_rng(1)
    weights = rng.integers(-3, 4, (config.axons, config.neurons))
    for device in (golden, batched):
        device.load_weights(weights)
        device.configure(narrow)
    here, there = golden.snapshot(), batched.snapshot()
    golden.restore(there)
    batched.restore(here)
    spikes = rng.integers(0, config.axons, 9)
    assert golden.tick(spikes).tolist() == batched.tick(spikes).tolist()
    for device in (golden, batched):
        assert device.read_weights().tolist() == weights.tolist()
        with pytest.raises(ValueError, match="outside of the groups of row 0, must be"):
            device.load_weights(weights)


def hashes(run: Trainer) -> tuple[str, str]:
    weights = run.device.read_weights()
    return weight_hash(weights, run.device.config.geometry), run.spike_hashes()[0]


@pytest.mark.parametrize(
    "settings",
    [TINY, TINY.changed({"network": {"layers": (24, 24), "mesh": "2x1"}})],
    ids=["one-layer", "mesh"],
)
def test_training_is_the_same_and_goes_on_on_the_other(settings: Settings, tmp_path: Path) -> None:
    """Every third sample, the run moves to the other device with its checkpoint."""
    config = chip_config(settings)
    whole, moving = (lone_trainer(GoldenDevice(config), settings, DIGITS) for _ in range(2))
    whole.run()
    path, kinds = tmp_path / "checkpoint.npz", [BatchedDevice, GoldenDevice]

    class Moved(Exception):
        """The run is to go on elsewhere."""

    def move() -> None:
        if moving.position.sample % 3 == 0:
            save_checkpoint(path, moving.state())
            raise Moved

    used: list[type[Device]] = []
    while True:
        try:
            moving.run(move)
            break
        except Moved:
            used.append(kinds[len(used) % 2])
            moving = lone_trainer(used[-1](config), settings, DIGITS)
            moving.restore(load_checkpoint(path))
    assert len(used) == 4
    assert hashes(moving) == hashes(whole)
    assert moving.position == whole.position
    assert moving.device.counters() == whole.device.counters()


def test_doubled_spikes_and_errors_count_as_on_any_device() -> None:
    config = CoreConfig(GEOMETRIES["small"])
    devices = [GoldenDevice(config), BatchedDevice(config)]
    for device in devices:
        device.send_spikes(np.array([3, 3, 4]), delay=1)
        device.tick(np.array([5, 5, 5]))
        device.tick(np.array([4]))
        device.send_errors(np.array([1, 1, 2]), np.array([5, -5, 0]))
    golden, batched = (device.counters() for device in devices)
    assert golden == batched
    assert (golden[Counter.COLLISIONS], golden[Counter.ERRORS]) == (4, 3)


@pytest.mark.parametrize("name", ["batched", "batched:cpu"])
def test_batched_by_name(name: str) -> None:
    with open_device(name, CoreConfig(GEOMETRIES["small"])) as device:
        assert isinstance(device, BatchedDevice)
        assert device.name == "batched"


def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match="^device must be cpu: no GPU here, not 'cuda'$"):
        open_device("batched:cuda", CoreConfig(GEOMETRIES["small"]))
