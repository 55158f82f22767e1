"""What a run tells of its network."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from axonloop.host.configuration import NetworkSettings, Settings, TaskSettings
from axonloop.host.data import split_digits
from axonloop.host.devices import GoldenDevice
from axonloop.host.network import explain, measured_traffic, predicted_traffic
from axonloop.host.runs.network_report import rates_of, write_account
from axonloop.host.training import chip_config, lone_trainer
from axonloop.models.protocol import PORT_COUNTERS

SETTINGS = Settings(
    network=NetworkSettings(layers=(16, 8), mesh="2x1", lanes=4), task=TaskSettings(limit=6)
)


def test_the_traffic_of_a_chip_that_ran_a_single_tick(tmp_path: Path) -> None:
    device = GoldenDevice(chip_config(SETTINGS))
    trainer = lone_trainer(device, SETTINGS, split_digits())
    program, layers = trainer.program, trainer.layers
    no_synapse = device.config.geometry.no_synapse
    strong = np.where(program.weights == no_synapse, no_synapse, 100)
    device.load_weights(strong.astype(np.int32))
    device.tick(np.arange(program.config.axons, dtype=np.int32))
    text = tmp_path / "network.txt"
    write_account(text, tmp_path / "mesh.png", program, layers, device, "local")
    counts = device.counter_table()[:, np.array(PORT_COUNTERS)]
    traffic = {
        "predicted": predicted_traffic(program, rates_of(program, layers)[0]),
        "measured": measured_traffic(program, counts, 1),
    }
    assert counts.any()
    assert text.read_text().startswith(f"{explain(program, traffic)}\n")
    assert (tmp_path / "mesh.png").stat().st_size > 0
