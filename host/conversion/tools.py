"""Modules of spiking tools through the NIR exporter of each; plain ones of ReLU by conversion."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import torch
from torch import nn

from axonloop.host.conversion.converted import ConvertedNetwork
from axonloop.host.conversion.converter import convert_torch
from axonloop.host.nir import ImportedGraph, import_nir
from axonloop.models.checks import require

PLAIN = "torch"
"""The name of what has no neurons of a tool."""
Said = tuple[str, Any]
"""An option of `import_nir`, and what a neuron asks it to be."""


@dataclass(frozen=True)
class Tool:
    """A tool's exporter, `function` of `home`, and what its files do not say.

    `said(neuron)` gives the options of `import_nir` that a neuron needs. `ready(module, sample)`
    makes a copy of a module one that the exporter takes.
    """

    home: str
    function: str
    said: Callable[[nn.Module], Iterator[Said]]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    ready: Callable[[nn.Module, torch.Tensor], None] = lambda module, sample: None


def _snntorch(neuron: nn.Module) -> Iterator[Said]:
    mechanism = getattr(neuron, "reset_mechanism", None)
    if mechanism is not None:
        delayed = mechanism != "subtract" or getattr(neuron, "reset_delay", True)
        require(delayed, "reset_delay", "True where reset_mechanism is subtract", False)
        yield "reset", None if mechanism == "subtract" else mechanism


def _norse(neuron: nn.Module) -> Iterator[Said]:
    method = getattr(getattr(neuron, "p", None), "reset_method", None)
    if method is not None:
        subtracts = "subtract" in getattr(method, "__name__", "")
        yield "reset", "subtract" if subtracts else None


def _sinabs(neuron: nn.Module) -> Iterator[Said]:
    if hasattr(neuron, "spike_fn"):
        single = "Single" in str(getattr(neuron.spike_fn, "__name__", neuron.spike_fn))
        yield "spikes", 1 if single else None
        subtracts = "Subtract" in type(neuron.reset_fn).__name__
        good = subtracts or single
        require(good, "reset_fn", "MembraneSubtract, or with SingleSpike", str(neuron.reset_fn))
        yield "reset", None if subtracts else "zero"
    if hasattr(neuron, "norm_input") and type(neuron).__name__.startswith("LIF"):
        yield "norm_input", None if neuron.norm_input else False


def _nothing(neuron: nn.Module) -> Iterator[Said]:
    return iter(())


def _one_value_each(module: nn.Module, sample: torch.Tensor) -> None:
    """Give every neuron of snntorch its own constants: its exporter takes no lone numbers."""

    def spread(neuron: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        kept: tuple[dict[str, Any], ...] = (neuron._buffers, neuron._parameters)
        for held in kept:
            for name in ("alpha", "beta", "threshold"):
                value = held.get(name)
                if value is not None and value.ndim == 0:
                    full = torch.full(inputs[0].shape[1:], float(value))
                    held[name] = nn.Parameter(full) if held is neuron._parameters else full

    hooks = [
        part.register_forward_pre_hook(spread)
        for part in module.modules()
        if type(part).__module__.startswith("snntorch.") and hasattr(part, "beta")
    ]
    module(sample)
    for hook in hooks:
        hook.remove()


TOOLS = {
    "snntorch": Tool(
        "snntorch.export_nir", "export_to_nir", _snntorch, {"ignore_dims": [0]}, _one_value_each
    ),
    "norse": Tool("norse.torch", "to_nir", _norse),
    "sinabs": Tool("sinabs.nir", "to_nir", _sinabs),
    "spikingjelly": Tool("spikingjelly.activation_based.nir_exchange", "export_to_nir", _nothing),
}
"""The tools whose modules are taken, by the package of their neurons."""


def import_torch(
    module: nn.Module, sample_input: torch.Tensor, tool: str | None = None, **options: Any
) -> ImportedGraph | ConvertedNetwork:
    """A module of snntorch, norse, sinabs or spikingjelly on the chip, or a plain ReLU network.

    `tool`: one of these or torch; None: that which its neurons are of. Spiking modules are written
    by the tool's own NIR exporter, which runs them once on `sample_input`, `(1, *shape)`, and go
    through `import_nir` with `options`; how neurons reset, which files do not say, is read from
    the module. Without spiking neurons `convert_torch` takes `sample_input`, `(samples, *shape)`
    of the training part, as its calibration, and `options`. Raises ValueError for a module of
    several tools, a tool that is not installed, and for what exporter, chip or conversion refuse.
    """
    require(isinstance(module, nn.Module), "module", "a torch.nn.Module", type(module).__name__)
    chosen = tool or tool_of(module)
    require(chosen in (*TOOLS, PLAIN), "tool", f"one of {', '.join(TOOLS)}, {PLAIN}", chosen)
    if chosen == PLAIN:
        return convert_torch(module, sample_input, **options)
    own = TOOLS[chosen]
    asked = _said(module, chosen) | options
    try:
        export = getattr(import_module(own.home), own.function)
    except ImportError as error:
        raise ValueError(
            f"{chosen} and nirtorch must be installed to read its modules ({error}); "
            "pip install 'axonloop[nir,peers]' does it"
        ) from error
    try:
        with torch.no_grad():
            copied = _copied(module)
            own.ready(copied, sample_input)
            graph = export(copied, sample_input, **own.arguments)
    except Exception as error:  # exporters raise whatever they meet
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise ValueError(
            f"module must be one that {chosen}'s NIR exporter writes, not one at which it says "
            f"{reason[:300]}"
        ) from error
    return import_nir(graph, dialect=chosen, **asked)


def _copied(module: nn.Module) -> nn.Module:
    """A copy, so that hidden states stay; those that training left in a graph are detached."""
    memo: dict[int, Any] = {}
    for part in module.modules():
        for value in (*vars(part).values(), *part._buffers.values()):
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                memo[id(value)] = value.detach().clone()
    return copy.deepcopy(module, memo)


def tool_of(module: nn.Module) -> str:
    """The tool of a module's neurons, by their packages; "torch" if there is none."""
    packages = {type(part).__module__.partition(".")[0] for part in module.modules()}
    found = sorted(packages & set(TOOLS))
    require(len(found) < 2, "module", "of one tool; tool=NAME says which exporter to take", found)
    return found[0] if found else PLAIN


def _said(module: nn.Module, tool: str) -> dict[str, Any]:
    """What all neurons say alike beyond their files; ValueError where they differ."""
    asked: dict[str, set[Any]] = {}
    for part in module.modules():
        if type(part).__module__.partition(".")[0] == tool:
            for option, value in TOOLS[tool].said(part):
                asked.setdefault(option, set()).add(value)
    for option, values in asked.items():
        wanted = f"the same in all neurons ({tool} files do not say it)"
        require(len(values) == 1, option, wanted, sorted(map(str, values)))
    return {option: value for option, (value,) in asked.items() if value is not None}
