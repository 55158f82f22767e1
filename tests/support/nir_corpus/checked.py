"""Every graph of the corpus on the chip beside its writer's own simulator."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from axonloop.host.nir import ImportedGraph, import_nir
from axonloop.host.nir.simulator import simulate

FOLDER = Path(__file__).parents[2] / "host" / "nir" / "corpus"
TOOLS = ("snntorch", "norse", "sinabs", "spikingjelly", "rockpool")
BROKEN = {
    "rockpool-bias-of-neurons": "exports without the neurons' bias",
    "rockpool-recurrent": "exports without the recurrent weights",
    "sinabs-tau-syn": "exports without tau_syn",
}
"""Graphs that are not what their writer runs, and why: nobody can see it in the file."""


@dataclass(frozen=True)
class Graph:
    """A file of the corpus and its recording."""

    name: str

    @property
    def tool(self) -> str:
        """The writer, which is the dialect too."""
        return self.name.partition("-")[0]

    @property
    def recording(self) -> dict[str, np.ndarray]:
        """Inputs, and the writer's spikes, membranes and outputs."""
        with np.load(FOLDER / f"{self.name}.npz") as arrays:
            return {name: arrays[name] for name in arrays.files}

    def imported(self, **more: Any) -> ImportedGraph:
        """The graph on the chip; ValueError for what it cannot hold."""
        options = json.loads(str(self.recording["options"])) | {"ticks": 100} | more
        with TemporaryDirectory() as folder:
            path = Path(folder) / "graph.nir"
            path.write_bytes(gzip.decompress((FOLDER / f"{self.name}.nir.gz").read_bytes()))
            return import_nir(path, self.tool, **options)


def graphs() -> list[Graph]:
    """All graphs, in the order of their names, tool by tool."""
    names = sorted(path.name.removesuffix(".nir.gz") for path in FOLDER.glob("*.nir.gz"))
    return [Graph(name) for tool in TOOLS for name in names if name.startswith(f"{tool}-")]


def unwritten() -> dict[str, str]:
    """Graphs that their tool's exporter refuses, and its words."""
    found = {}
    for tool in TOOLS:
        for name, why in json.loads((FOLDER / f"{tool}.json").read_text())["refused"].items():
            found[f"{tool}-{name}"] = why
    return found


@dataclass(frozen=True)
class Agreement:
    """A graph on a chip of some width, or the line that refuses it.

    `spikes`: the share of neuron-ticks with the writer's spikes; `bound`, `membrane`: the stated
    and the measured largest error of a membrane, in thresholds. `float_spikes`,
    `float_membrane`: the same shares and distances of the float simulator, which show whether
    the steps are the writer's at all.
    """

    refused: str = ""
    spikes: float = 0.0
    bound: float = 0.0
    membrane: float = 0.0
    within: bool = True
    float_spikes: float = 0.0
    float_membrane: float = 0.0


def agreement(graph: Graph, weight_bits: int) -> Agreement:
    """Import a graph, run it on the golden model, and compare."""
    try:
        found = graph.imported(weight_bits=weight_bits)
    except ValueError as error:
        return Agreement(str(error))
    recording = graph.recording
    compared = found.compare(recording["inputs"])
    chip = found.run(recording["inputs"])
    equal, total, worst = 0, 0, 0.0
    for name in found.steps:
        spikes = recording[f"spikes/{name}"]
        own = chip.spikes[name][found.offsets[name] :][: len(spikes)]
        equal, total = equal + int((own == spikes).sum()), total + spikes.size
    worst = max(compared.layers, key=lambda layer: layer.membrane / layer.bound)
    within = all(layer.membrane <= layer.bound for layer in compared.layers)
    return Agreement(
        "", equal / total, worst.bound, worst.membrane, within, *_float(graph, found, recording)
    )


def _float(
    graph: Graph, found: ImportedGraph, recording: dict[str, np.ndarray]
) -> tuple[float, float]:
    """The float simulator beside the writer: share of spikes, largest distance of membranes.

    Membranes are compared where it hears and resets by the writer's spikes.
    """
    inputs, steps = found.inputs_of(recording["inputs"]), len(recording["inputs"])
    alone = found.simulate(recording["inputs"])
    given, late = {}, frozenset({n for n, s in found.steps.items() if s.reset == "late"})
    equal = total = 0
    for name, offset in found.offsets.items():
        spikes = recording[f"spikes/{name}"].astype(np.int64)
        given[name] = np.pad(spikes, ((offset, found.latency - offset), (0, 0)))
        equal += int((alone.spikes[name][offset:][:steps] == spikes).sum())
        total += spikes.size
    if found.reading.reset == "zero" and graph.tool == "snntorch":
        late = frozenset(found.steps)  # its membranes are those before the reset
    trace = simulate(found.graph, found.reading, found.offsets, inputs, given, late)
    far = 0.0
    for name, offset in found.offsets.items():
        node, size = found.graph.nodes[name], trace.spikes[name].shape[1]
        rest = np.broadcast_to(np.ravel(node.v_reset), size)
        threshold = np.broadcast_to(np.ravel(node.v_threshold), size)
        theirs = (recording[f"membranes/{name}"] - rest) / (threshold - rest)
        far = max(far, float(np.abs(trace.membranes[name][offset:][:steps] - theirs).max()))
    for output, sums in trace.outputs.items():
        if "outputs" in recording:
            far = max(far, float(np.abs(sums.reshape(steps, -1) - recording["outputs"]).max()))
    return equal / total, far
