"""What gradients cost: backpropagation through time, RTRL and its sparse kin, measured.

A recurrent network of n neurons with n inputs runs T ticks with an error at every tick (Zenke &
Neftci 2021, section II). For each way to its gradient:

    kept        bytes that must be held, besides weights and the neurons' state: what autograd saved
                for the way back at its fullest, or what an online rule keeps from tick to tick
    multiplies  of the whole gradient, forward pass included, per tick
    seconds     the same on the processor, the median of some runs

Multiplies are counted as they happen, by the shapes that torch's kernels are called with.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from axonloop.host.console import Progress
from axonloop.host.experiments.rows import ResultRow
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, GREY, INK, ORANGE, Picture, styled
from axonloop.host.processing import one_thread
from axonloop.models.reference import (
    AxonTraces,
    Lif,
    Online,
    Rtrl,
    SynapseTraces,
    bptt_gradient,
    online_gradient,
)

RULES: dict[str, Callable[[Lif], Online] | None] = {
    "BPTT": None,
    "RTRL": Rtrl,
    "per-synapse traces": SynapseTraces,
    "per-axon traces": AxonTraces,
}
PAPER = {
    "BPTT": ("n T", "n^2"),
    "RTRL": ("n^3", "n^4"),
    "per-synapse traces": ("n^2", "n^2"),
    "per-axon traces": ("n", "n^2"),
}
"""How memory, and multiplies per tick, grow (with n^2 weights, of which each is updated)."""
TICKS, NEURONS = (16, 32, 64, 128, 256, 512), (8, 16, 32, 64)
FULL_TICKS, FULL_NEURONS = (*TICKS, 1024, 2048), (*NEURONS, 128)
FIXED_TICKS, FIXED_NEURONS = 64, 16
SHAPES = {"kept": "bytes kept", "multiplies": "multiplies per tick", "seconds": "seconds per tick"}


class Multiplies(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the products of all operations inside of it in `count`."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.count = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__.rstrip("_")
        if name in ("mul", "div", "addcmul"):
            self.count += result.numel()
        elif name in ("mm", "bmm", "mv", "dot"):
            self.count += result.numel() * args[0].shape[-1]
        elif name in ("addmm", "addmv"):
            self.count += result.numel() * args[1].shape[-1]
        elif name == "pow":
            self.count += result.numel() * (abs(int(args[1])) - (args[1] > 0))
        return result


def network_of(neurons: int, ticks: int) -> tuple[Lif, Tensor]:
    """A network and its input `(ticks, inputs)`, float32."""
    random = torch.Generator().manual_seed(neurons)
    scale = 1.5 / neurons**0.5
    weights, recurrent = (
        torch.randn((neurons, neurons), generator=random) * share for share in (scale, scale / 2)
    )
    return Lif(weights, recurrent), (torch.rand((ticks, neurons), generator=random) < 0.1).float()


def _loss(_: int, spikes: Tensor) -> Tensor:
    return spikes.square().sum() / 2


def gradient(rule: str, network: Lif, raster: Tensor) -> Tensor:
    """The gradient by one of RULES."""
    online = RULES[rule]
    if online is None:
        return bptt_gradient(network, raster, _loss)
    return online_gradient(online(network), raster, _loss)


def kept_bytes(rule: str, network: Lif, raster: Tensor) -> int:
    """Bytes that the rule holds at its fullest."""
    online = RULES[rule]
    if online is not None:
        return sum(kept.nbytes for kept in online(network).kept())
    saved: dict[int, Tensor] = {}
    parameters = {network.weights.data_ptr()}
    if network.recurrent is not None:
        parameters.add(network.recurrent.data_ptr())

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in parameters:
            saved[tensor.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        gradient(rule, network, raster)
    return sum(tensor.nbytes for tensor in saved.values())


def cost(rule: str, neurons: int, ticks: int, repeats: int) -> dict[str, Any]:
    """What a rule costs at one size."""
    network, raster = network_of(neurons, ticks)
    with Multiplies() as multiplies:
        gradient(rule, network, raster)
    times = []
    for _ in range(repeats):
        start = process_time()
        gradient(rule, network, raster)
        times.append(process_time() - start)
    return {
        "rule": rule,
        "neurons": neurons,
        "ticks": ticks,
        "kept": kept_bytes(rule, network, raster),
        "multiplies": multiplies.count / ticks,
        "seconds": median(times) / ticks,
    }


def growth(points: list[dict[str, Any]], along: str, what: str) -> float:
    """The exponent of `what` along an axis: the slope of the upper half in log-log."""
    upper = sorted(points, key=lambda point: float(point[along]))[len(points) // 2 - 1 :]
    x, y = (np.log([point[name] for point in upper]) for name in (along, what))
    return float(np.polyfit(x, y, 1)[0])


@one_thread()
def measure(order: Order, progress: Progress) -> Metrics:
    """Both sweeps of all rules, and the exponents."""
    ticks, neurons = (FULL_TICKS, FULL_NEURONS) if order.full else (TICKS, NEURONS)
    sizes = {"ticks": [(FIXED_NEURONS, t) for t in ticks]}
    sizes["neurons"] = [(n, FIXED_TICKS) for n in neurons]
    total = len(RULES) * (len(ticks) + len(neurons))
    sweeps: dict[str, list[dict[str, Any]]] = {along: [] for along in sizes}
    for rule in RULES:
        for along, every in sizes.items():
            for size in every:
                sweeps[along].append(cost(rule, *size, repeats=5 if order.full else 3))
                progress("train", sum(map(len, sweeps.values())), total)
    exponents = {
        rule: {
            along: {what: growth(_of(points, rule), along, what) for what in SHAPES}
            for along, points in sweeps.items()
        }
        for rule in RULES
    }
    return {"sweeps": sweeps, "exponents": exponents, "rows": rows(sweeps, exponents)}


def _of(points: list[dict[str, Any]], rule: str) -> list[dict[str, Any]]:
    return [point for point in points if point["rule"] == rule]


def rows(sweeps: dict[str, list[dict[str, Any]]], exponents: dict[str, Any]) -> list[ResultRow]:
    """Growth beside what theory says, and the largest size along the neurons."""
    found = []
    for rule, (memory, work) in PAPER.items():
        most = max(_of(sweeps["neurons"], rule), key=lambda point: int(point["neurons"]))
        by_n, by_t = exponents[rule]["neurons"], exponents[rule]["ticks"]
        at = f"n = {most['neurons']}, T = {most['ticks']}"
        kept = f"n^{by_n['kept']:.2f} T^{by_t['kept']:.2f}, {most['kept']:,} bytes at {at}"
        done = f"n^{by_n['multiplies']:.2f}, {most['multiplies']:,.0f} at n = {most['neurons']}"
        found += [
            ResultRow(f"{rule}: memory", memory, kept),
            ResultRow(f"{rule}: multiplies per tick", work, done),
        ]
    return found


_COLOURS = dict(zip(RULES, (GREY, ORANGE, INK, BLUE), strict=True))


@styled
def draw(metrics: Metrics) -> Picture:
    """Cost against ticks and against neurons, both logarithmic."""
    picture = Picture(11, 6.6)
    axes = picture.subplots(2, 3)
    fixed = {"ticks": f"{FIXED_NEURONS} neurons", "neurons": f"{FIXED_TICKS} ticks"}
    for line, (along, points) in zip(axes, metrics["sweeps"].items(), strict=True):
        for place, (what, name) in zip(line, SHAPES.items(), strict=True):
            for rule, colour in _COLOURS.items():
                own = _of(points, rule)
                values = [[point[key] for point in own] for key in (along, what)]
                place.plot(*values, "o-", color=colour, label=rule, markersize=4)
            place.set(xscale="log", yscale="log", xlabel=along, title=f"{name}, {fixed[along]}")
            sizes = sorted({point[along] for point in points})
            place.set_xticks(sizes, [str(size) for size in sizes])
            place.xaxis.minorticks_off()
    handles, labels = axes[0, 0].get_legend_handles_labels()
    picture.legend(handles, labels, loc="outside lower center", ncols=len(labels))
    return picture
