"""What the corpora of all tools share: random weights and inputs, and files."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nir
import numpy as np
import torch

STEPS = 80


@dataclass
class Written:
    """A graph as a tool's exporter made it, and what the tool's own simulator did with inputs.

    `inputs`: `(steps, *shape)`. `spikes`, `membranes`: `(steps, neurons)` by the graph's node.
    `outputs`: `(steps, neurons)` of a readout. `options`: what an importer must be told that the
    file does not say.
    """

    graph: Any
    inputs: np.ndarray
    spikes: dict[str, np.ndarray]
    membranes: dict[str, np.ndarray]
    outputs: np.ndarray | None = None
    options: dict[str, Any] = field(default_factory=dict)


def seed(number: int) -> None:
    """Start torch's random numbers."""
    torch.manual_seed(number)


def spike_trains(*shape: int, rate: float = 0.3, steps: int = STEPS, most: int = 1) -> torch.Tensor:
    """Random spikes `(steps, *shape)`; with `most` above 1, counts."""
    if most > 1:
        return torch.randint(0, most + 1, (steps, *shape)).float()
    return (torch.rand(steps, *shape) < rate).float()


def excited(layer: Any, gain: float = 1.0, mean: float = 0.0) -> Any:
    """A layer whose default weights are `gain` times as large, and shifted by `mean`."""
    with torch.no_grad():
        layer.weight.mul_(gain).add_(mean)
        layer.weight.requires_grad_(False)
        if layer.bias is not None:
            layer.bias.requires_grad_(False)
    return layer


def save(path: Path, written: Written) -> None:
    """Write `path`.nir.gz and `path`.npz.

    nir.write 1.0.8 fails at parameters without a shape and at convolutions of unknown input
    shape, which the exporters make: the first become NumPy scalars, the second get a shape that
    means nothing to an importer that follows the graph.
    """
    _mend(written.graph)
    with TemporaryDirectory() as folder:
        plain = Path(folder) / "graph.nir"
        nir.write(plain, written.graph)
        path.with_suffix(".nir.gz").write_bytes(gzip.compress(plain.read_bytes(), 9, mtime=0))
    arrays = {"inputs": written.inputs.astype(np.uint8), "options": json.dumps(written.options)}
    arrays |= {f"spikes/{name}": s.astype(np.uint8) for name, s in written.spikes.items()}
    arrays |= {f"membranes/{name}": m.astype(np.float32) for name, m in written.membranes.items()}
    if written.outputs is not None:
        arrays["outputs"] = written.outputs.astype(np.float32)
    np.savez_compressed(path.with_suffix(".npz"), **arrays)


def _mend(graph: Any) -> None:
    for key, node in graph.nodes.items():
        if node is None:
            raise ValueError(f"the exporter writes nothing for layer {key}")
        if isinstance(node, nir.NIRGraph):
            _mend(node)
        for name, value in vars(node).items():
            if isinstance(value, torch.Tensor):
                value = value.detach().numpy()
            if isinstance(value, np.ndarray) and value.ndim == 0:
                value = value[()]
            if name == "input_shape" and value is None:
                value = (1, 1)
            setattr(node, name, value)
        if isinstance(node, nir.Flatten) and node.input_type["input"] is None:
            node.input_type = {"input": np.array([1])}
