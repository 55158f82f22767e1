"""A network of torch as stages: all that is linear up to a ReLU, as one matrix and one bias."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

from axonloop.host.processing import one_thread

Floats = NDArray[np.float64]
_RELU = ("relu",)
_INSTEAD = {
    "maxpool": "AvgPool2d in its place, and training with it,",
    "adaptivemaxpool": "AdaptiveAvgPool2d in its place, and training with it,",
    "softmax": "leaving it out (the largest logit stays the largest)",
    "logsoftmax": "leaving it out (the largest logit stays the largest)",
    "layernorm": "BatchNorm, which is linear once trained,",
    "groupnorm": "BatchNorm, which is linear once trained,",
    "rnn": "a spiking network through import_torch or import_nir",
    "lstm": "a spiking network through import_torch or import_nir",
    "gru": "a spiking network through import_torch or import_nir",
    **dict.fromkeys(
        [
            "relu6",
            "leakyrelu",
            "prelu",
            "rrelu",
            "elu",
            "selu",
            "celu",
            "gelu",
            "silu",
            "mish",
            "softplus",
            "hardtanh",
        ],
        "ReLU, and training with it,",
    ),
    **dict.fromkeys(
        ["sigmoid", "tanh", "hardsigmoid", "logsigmoid"], "ReLU, and training with it,"
    ),
}
"""What would do where a node is not linear, by its name without marks and dimensions."""
_ROWS = 512
"""Rows of the identity that go through a stage at a time."""


@dataclass(frozen=True, eq=False)
class Stage:
    """`y = x @ weights + biases`, and then ReLU where it is `rectified`.

    `weights` float64 `(inputs, outputs)`, `biases` `(outputs,)`.
    """

    weights: Floats
    biases: Floats
    rectified: bool

    def apply(self, x: Floats) -> Floats:
        """The stage on samples `(samples, inputs)`."""
        y = x @ self.weights + self.biases
        return np.maximum(y, 0) if self.rectified else y


@one_thread()
def read_stages(module: nn.Module, shape: Sequence[int]) -> list[Stage]:
    """The stages of a module that takes samples of `shape`, as it is in evaluation.

    Linear layers, convolutions, average pooling, BatchNorm, Dropout and views may lie between
    ReLUs, in one chain. Raises ValueError for all else, with the node and what would do.
    """
    graph = _traced(module)
    nodes = [node for node in graph.graph.nodes if node.op not in ("placeholder", "output")]
    (start,) = _placeholders(graph)
    reader, own, stages = fx.Interpreter(graph), tuple(shape), list[Stage]()
    part: list[fx.Node] = []
    for node in nodes:
        if _kind(graph, node) in _RELU:
            stage, own = _stage(reader, start, part, own, rectified=True)
            _require_chain(node, part[-1] if part else start)
            stages.append(stage)
            start, part = node, []
        else:
            _require_linear_kind(graph, node)
            part.append(node)
    if part:
        stages.append(_stage(reader, start, part, own, rectified=False)[0])
    if not stages:
        raise ValueError("module must be one with a Linear or a convolution, not an empty one")
    return stages


def _traced(module: nn.Module) -> fx.GraphModule:
    own = copy.deepcopy(module).eval().double()
    try:
        return fx.symbolic_trace(own)
    except Exception as error:  # whatever a forward function may do with what is no tensor
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"forward of {type(module).__name__} must be a chain of layers without branches on "
            f"values, not one that torch.fx cannot trace ({reason}); an nn.Sequential would do"
        ) from error


def _placeholders(graph: fx.GraphModule) -> list[fx.Node]:
    found = [node for node in graph.graph.nodes if node.op == "placeholder"]
    if len(found) != 1:
        names = ", ".join(node.name for node in found)
        raise ValueError(f"inputs of the module must be one tensor, not {len(found)} ({names})")
    return found


def _kind(graph: fx.GraphModule, node: fx.Node) -> str:
    """What a node does, in small letters without marks and dimensions: maxpool, linear, view."""
    target: Any = node.target
    if node.op == "call_module":
        name = type(graph.get_submodule(str(target))).__name__
    else:
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
    word = name.lower().replace("_", "")
    return word[:-2] if word.endswith(("1d", "2d", "3d")) else word


def _require_linear_kind(graph: fx.GraphModule, node: fx.Node) -> None:
    remedy = _INSTEAD.get(_kind(graph, node))
    if remedy:
        raise ValueError(f"{_named(graph, node)} must be linear or ReLU; {remedy} would do")


def _named(graph: fx.GraphModule, node: fx.Node) -> str:
    if node.op == "call_module":
        return f"{type(graph.get_submodule(str(node.target))).__name__} {str(node.target)!r}"
    return f"{getattr(node.target, '__name__', node.target)} {node.name!r}"


def _require_chain(node: fx.Node, before: fx.Node) -> None:
    good = node.all_input_nodes == [before]
    if not good:
        heard = ", ".join(other.name for other in node.all_input_nodes)
        raise ValueError(
            f"input of {node.name!r} must be what {before.name!r} gives, not {heard}; a chain "
            "without branches would do"
        )


def _stage(
    reader: fx.Interpreter,
    start: fx.Node,
    part: list[fx.Node],
    shape: tuple[int, ...],
    rectified: bool,
) -> tuple[Stage, tuple[int, ...]]:
    """The matrix of some nodes, by what they make of the identity; and the shape of its output."""

    def outputs(x: torch.Tensor) -> torch.Tensor:
        reader.env = {start: x}
        for node in part:
            _require_known(node, reader.env, start)
            reader.env[node] = reader.run_node(node)
        return torch.as_tensor(reader.env[part[-1] if part else start])

    size = int(np.prod(shape))
    with torch.no_grad():
        try:
            zero = outputs(torch.zeros(1, *shape, dtype=torch.float64))
        except RuntimeError as error:
            reason = " ".join(str(error).split())
            raise ValueError(
                f"inputs must be of the module's shape, not {shape}: {reason}"
            ) from error
        identity = torch.eye(size, dtype=torch.float64).reshape(size, *shape)
        parts = torch.split(identity, _ROWS)
        rows = [(outputs(some) - zero).reshape(len(some), -1) for some in parts]
        stage = Stage(torch.cat(rows).numpy(), zero.reshape(-1).numpy(), rectified)
        trial = torch.rand(4, *shape, dtype=torch.float64) * 4 - 2
        found = outputs(trial).reshape(4, -1).numpy()
    wanted = trial.reshape(4, -1).numpy() @ stage.weights + stage.biases
    worst = float(np.abs(found - wanted).max())
    if worst > 1e-9 * (1 + float(np.abs(wanted).max())):
        names = ", ".join(node.name for node in part)
        raise ValueError(
            f"what lies between two ReLUs must be linear, not {names}, which is off by {worst:.3g}"
        )
    return stage, tuple(zero.shape[1:])


def _require_known(node: fx.Node, known: dict[fx.Node, Any], start: fx.Node) -> None:
    for other in node.all_input_nodes:
        if other not in known:
            raise ValueError(
                f"inputs of {node.name!r} must be made of {start.name!r}, not of {other.name!r} "
                "before it; a chain without branches would do"
            )
