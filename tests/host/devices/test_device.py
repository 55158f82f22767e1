"""What a new device takes: the abstract methods, and an entry point of its package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonloop.host.configuration import (
    NetworkSettings,
    ObjectiveSettings,
    RunSettings,
    Settings,
    TaskSettings,
)
from axonloop.host.data import split_digits
from axonloop.host.devices import (
    Device,
    DeviceKind,
    GoldenDevice,
    check_device_name,
    open_device,
    weight_hash,
)
from axonloop.host.devices.rtl import patience
from axonloop.host.training import chip_config, lone_trainer
from axonloop.models.config import ChipConfig, Geometry
from axonloop.models.config.terms import MAX_ETA_SHIFT
from axonloop.models.cycles import learn_cycles
from axonloop.models.protocol import MODEL_COUNTERS

TINY = Settings(
    network=NetworkSettings(layers=(16,)),
    task=TaskSettings(ticks=12, limit=4),
    objective=ObjectiveSettings(burn_in=3),
    run=RunSettings(epochs=1),
)


def by_model(name: str) -> Callable[..., Any]:
    """The method `name`, answered by the golden model that the device holds."""
    return lambda self, *args, **more: getattr(self.model, name)(*args, **more)


def create(self: Any, config: ChipConfig) -> None:
    self.config, self.model = config, GoldenDevice(config)


METHODS = {name: by_model(name) for name in Device.__abstractmethods__}
NewDevice: Any = type("NewDevice", (Device,), {"name": "new", "__init__": create, **METHODS})
"""A device that has the abstract methods and nothing else."""
KIND = DeviceKind(lambda suffix, config, record: NewDevice(config), ("", "SPEED"))


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed package with the device as an entry point."""
    (tmp_path / "new.py").write_text(f"from {__name__} import KIND\n")
    info = tmp_path / "new-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: new\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[axonloop.devices]\nnew = new:KIND\n")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("package")
def test_a_device_of_another_package_trains_as_the_golden_model_does() -> None:
    hashes = []
    for name in ("golden", "new", "new:fast"):
        with open_device(name, chip_config(TINY)) as device:
            trainer = lone_trainer(device, TINY, split_digits())
            trainer.run()
            weights = weight_hash(device.read_weights(), device.config.geometry)
            hashes.append((trainer.spike_hashes()[0], weights))
    assert hashes[0] == hashes[1] == hashes[2]


def test_what_a_new_device_tells_of_itself() -> None:
    with NewDevice(chip_config(TINY)) as device:
        telemetry = device.telemetry
        assert telemetry is device.telemetry
        assert (telemetry.link_use, telemetry.line_counters()) == (None, {})
        assert (telemetry.recorded, telemetry.chip_seconds) == (False, 0.0)
        assert tuple(device.counters()) == MODEL_COUNTERS


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", ["", "gold", "golden:", "golden:cpu", "batched:gpu", "serial"])
def test_no_device_of_this_name(name: str) -> None:
    with pytest.raises(ValueError, match=r"device must be one of golden, .*, replay:FILE, new, no"):
        check_device_name(name)


@pytest.mark.parametrize("name", ["batched:cpu", "gates:ice40", "serial:", "replay:a:b"])
def test_names_of_devices(name: str) -> None:
    assert check_device_name(name) == name


def test_patience_outlasts_reading_all_weights_and_the_longest_learning() -> None:
    geometry = Geometry(axons=512, neurons=512)
    slowest = learn_cycles(geometry, 512, eta_shift=MAX_ETA_SHIFT)
    assert patience(geometry) >= 4 * 512 * 512 + 2 * slowest + 100_000
