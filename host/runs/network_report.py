"""What a run's network cost: where it lies, what its links carried, what its learning moved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from axonloop.host.devices import Device
from axonloop.host.files import write_text
from axonloop.host.network import (
    LearningChannel,
    Program,
    explain,
    learning_channel,
    measured_traffic,
    predicted_traffic,
)
from axonloop.host.processing import Layers
from axonloop.models.protocol import PORT_COUNTERS, Counter


def rates_of(program: Program, layers: Layers) -> tuple[dict[str, float], dict[str, float]]:
    """Spikes and error events per neuron and tick of every layer, as counted in training."""
    sizes = [len(program.neurons[layer.name]) * max(1, layers.ticks) for layer in layers.layers]
    names = [layer.name for layer in layers.layers]
    spikes, errors = (
        {name: count / size for name, count, size in zip(names, counts, sizes, strict=True)}
        for counts in (layers.spikes, layers.errors)
    )
    return spikes, errors


def channel_of(program: Program, layers: Layers, strategy: str) -> LearningChannel:
    """The learning channel with the events that were counted."""
    return learning_channel(program.plan.network, strategy, *rates_of(program, layers))


def channel_metrics(channel: LearningChannel) -> dict[str, Any]:
    """What metrics.json holds of a channel: events and bytes per tick of every edge."""
    edges = [
        {
            "variable": edge.variable.symbol,
            "of": edge.variable.owner,
            "from": edge.variable.home,
            "to": edge.variable.used_in,
            "events_per_tick": edge.events,
            "bytes_per_tick": edge.bytes_per_tick,
        }
        for edge in channel.edges
    ]
    return {
        "strategy": channel.strategy,
        "bytes_per_tick": channel.bytes_per_tick,
        "edges": edges,
    }


def write_account(
    text: Path, picture: Path, program: Program, layers: Layers, device: Device, strategy: str
) -> None:
    """Placement, traffic and channel as a text; for several cores the mesh as a picture.

    Predicted traffic spreads the spikes of training evenly over the neurons of a layer; measured
    is what the routers counted over the whole run. Where a population that does not learn sends
    spikes too, which nobody counts, there is neither.
    """
    spikes, _ = rates_of(program, layers)
    table = device.counter_table()
    ticks = max(1, int(table[0, Counter.TICKS]))
    several = program.config.mesh.cores > 1 and set(spikes) == set(program.neurons)
    traffic = (
        {
            "predicted": predicted_traffic(program, spikes),
            "measured": measured_traffic(program, table[:, np.array(PORT_COUNTERS)], ticks),
        }
        if several
        else None
    )
    parts = explain(program, traffic)
    write_text(text, f"{parts}\n{channel_of(program, layers, strategy).text()}\n")
    if traffic is not None:
        from axonloop.host.network import draw_mesh
        from axonloop.host.pictures import save

        save(draw_mesh(program, traffic), picture)
