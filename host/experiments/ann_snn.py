"""Digits by networks of ReLU that become integrate-and-fire neurons: accuracy against ticks.

Two networks of torch, one of dense layers and one of convolutions, are trained in float and
converted by `axonloop.host.conversion`; thresholds are balanced on the training part. The emulator
shows the whole test part to the chip, and `--device` the first samples of it, which must make the
same spikes and membranes. Settings were chosen on the validation part with seeds 11 to 13.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

import numpy as np
import torch
from torch import nn

from axonloop.host.console import Progress
from axonloop.host.conversion import ConvertedNetwork, convert_torch
from axonloop.host.data import CLASSES, PIXELS, SIDE, WHITE, Part, split_digits
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import BLUE, INK, ORANGE, Picture, legend, styled
from axonloop.host.processing import one_thread
from axonloop.models.checks import require

TICKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
SHOWN = (16, 64)
"""Ticks of the rows."""
BITS = (8, 16)
EPOCHS, BATCH, RATE, DECAY = 40, 64, 1e-3, 1e-4
CHECKED, CHECKED_TICKS = 5, (16, 32)
"""Samples, and ticks, that every device is compared on."""
PAPERS = {"dense": "98.6 % (MNIST, Diehl et al. 2015)", "convolutions": "99.1 % (the same)"}


def network_of(kind: str) -> nn.Sequential:
    """64-128-128-10, or two convolutions with average pooling and a readout."""
    if kind == "dense":
        return nn.Sequential(
            *(nn.Linear(PIXELS, 128), nn.ReLU(), nn.Dropout(0.2)),
            *(nn.Linear(128, 128), nn.ReLU(), nn.Dropout(0.2)),
            nn.Linear(128, CLASSES),
        )
    return nn.Sequential(
        nn.Unflatten(1, (1, SIDE, SIDE)),
        *(nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.AvgPool2d(2)),
        *(nn.Flatten(), nn.Linear(64, CLASSES)),
    )


def images_of(part: Part) -> torch.Tensor:
    """Pixels in 0..1."""
    return torch.tensor(part.images / WHITE, dtype=torch.float32)


@one_thread()
def train(kind: str, part: Part, seed: int) -> nn.Sequential:
    """A network trained by backpropagation, in evaluation."""
    labels = torch.tensor(part.labels.astype(np.int64))
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network, images = network_of(kind), images_of(part)
        adam = torch.optim.Adam(network.parameters(), RATE, weight_decay=DECAY)
        for _ in range(EPOCHS):
            for batch in torch.split(torch.randperm(len(part)), BATCH):
                adam.zero_grad()
                loss = nn.functional.cross_entropy(network(images[batch]), labels[batch])
                torch.autograd.backward(loss)
                adam.step()
    return network.eval()


@one_thread()
def measure(order: Order, progress: Progress) -> Metrics:
    """Both networks, both widths, all seeds."""
    digits = split_digits()
    networks, checks = dict[str, Any](), dict[str, Any]()
    part = digits.train.join(digits.validation).first(order.limit)
    test = digits.test.first(order.limit)
    total = len(PAPERS) * len(order.seeds)
    for kind in PAPERS:
        found: dict[str, Any] = {"ann": [], "snn": {bits: [] for bits in BITS}, "spikes": []}
        for number, seed in enumerate(order.seeds):
            progress("networks", len(networks) * len(order.seeds) + number, total)
            module = train(kind, part, seed)
            for bits in BITS:
                net = convert_torch(module, images_of(part), weight_bits=bits)
                if bits == BITS[0]:
                    right = net.float_logits(images_of(test)).argmax(1) == test.labels
                    found["ann"].append(float(right.mean()))
                    counts = net.run(images_of(test), SHOWN[0]).spikes
                    found["spikes"].append(float(sum(c.sum() for c in counts.values()) / len(test)))
                curve = net.run(images_of(test), TICKS).accuracy(test.labels)
                found["snn"][bits].append(list(curve.values()))
                if not checks:
                    checks = checked(net, test, ("golden", str(order.device)))
        networks[kind] = found
    return {"ticks": TICKS, "networks": networks, "checks": checks, "rows": _rows(networks, checks)}


def checked(net: ConvertedNetwork, test: Part, devices: Sequence[str]) -> dict[str, Any]:
    """The spike hash of the first samples on each device; ValueError unless all are the same."""
    images = images_of(test.first(CHECKED))
    known = net.run(images, CHECKED_TICKS)
    for device in dict.fromkeys(devices):
        other = net.run(images, CHECKED_TICKS, device)
        same = other.spike_hash == known.spike_hash and np.array_equal(other.logits, known.logits)
        require(same, f"spikes and membranes on {device}", "those of batched", other.spike_hash)
    return {
        "devices": ["batched", *dict.fromkeys(devices)],
        "samples": len(images),
        "ticks": CHECKED_TICKS[-1],
        "spike_hash": known.spike_hash,
    }


def _rows(networks: dict[str, Any], checks: dict[str, Any]) -> list[ResultRow]:
    rows = []
    for kind, found in networks.items():
        for bits in BITS:
            for ticks in SHOWN:
                chip = [curve[TICKS.index(ticks)] for curve in found["snn"][bits]]
                what = f"{kind}, {bits} bits, {ticks} ticks"
                rows.append(ResultRow(what, PAPERS[kind], percent(found["ann"]), percent(chip)))
    for kind, found in networks.items():
        what = f"{kind}, spikes of a sample in {SHOWN[0]} ticks"
        rows.append(ResultRow(what, "", "", f"{mean(found['spikes']):,.0f}"))
    text = f"{checks['samples']} samples on {', '.join(checks['devices'])}"
    return [*rows, ResultRow("the same spikes and membranes", "", "", text)]


@styled
def draw(metrics: Metrics) -> Picture:
    """What is lost against ticks, mean over the seeds and their range."""
    picture = Picture(9.5, 3.9)
    panels = picture.subplots(1, len(metrics["networks"]), sharey=True)
    for axes, (kind, found) in zip(panels, metrics["networks"].items(), strict=True):
        for (bits, curves), colour in zip(found["snn"].items(), (BLUE, ORANGE), strict=True):
            accuracy = 100 * np.array(curves)
            low, high = accuracy.min(axis=0), accuracy.max(axis=0)
            axes.fill_between(metrics["ticks"], low, high, color=colour, alpha=0.2, lw=0)
            style = {"color": colour, "markersize": 3, "label": f"chip, {bits}-bit weights"}
            axes.plot(metrics["ticks"], accuracy.mean(axis=0), "o-", **style)
        ann = 100 * mean(found["ann"])
        axes.axhline(ann, color=INK, linestyle="--", linewidth=0.9, label="ReLU network, float")
        axes.set_xscale("log", base=2)
        axes.set_xticks((1, 2, 4, 8, 16, 32, 64, 128), (1, 2, 4, 8, 16, 32, 64, 128))
        axes.set(xlabel="ticks", title=kind)
        axes.grid(axis="y")
    panels[0].set_ylabel("test accuracy (%)")
    legend(panels[-1])
    return picture
