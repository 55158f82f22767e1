"""Contrastive divergence from spikes that chance moves: a small Boltzmann machine.

Visible and hidden neurons are joined in both directions. Either every learned synapse drops half of
its spikes (Neftci et al. 2016), or all thresholds vary (stochastic neurons: Neftci 2018, equation
3); nothing else in a tick is random. Steps of the weights are rounded stochastically. Both
directions and the biases learn by the rule of Neftci et al. 2014:

    dW_ij = M (S_i Q_j + S_j Z_i)

For a pattern, fixed strong synapses hold the visible neurons to it: M = 0 while the hidden ones
settle, then M = 1. The clamp goes: M = 0 while the network drifts, then M = -1. Measured are
completion (one half clamped; every pixel of the other must come right) and what the network shows
when nothing is clamped, against the same network without noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from axonloop.host.console import Progress
from axonloop.host.devices import weight_hash
from axonloop.host.experiments.contrastive.boltzmann import (
    BLANK_OUT,
    KICKS,
    KINDS,
    PICTURES,
    PIXELS,
    SIDE,
    THRESHOLD,
    Machine,
    Noise,
    network_of,
    patterns,
    program_of,
)
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.order import Metrics, Order
from axonloop.host.pictures import ORANGE, Picture, styled
from axonloop.host.training import open_copies, telling

CHANCE = {"completion": 0.5 ** (PIXELS // 2), "free": len(PICTURES) * 0.5**PIXELS}
"""Pixels by the toss of a coin."""
CONSTANT = 1 / len(PICTURES)
"""What a network reaches that always shows the same pattern and hears no clamp."""
NOTE = (
    f"Coins would complete {100 * CHANCE['completion']:.1f} % and show a pattern in "
    f"{100 * CHANCE['free']:.2f} % of the readings; a network that shows one pattern whatever is "
    f"clamped completes {100 * CONSTANT:.0f} %. The papers learn MNIST, so there is no figure of "
    "theirs for these patterns."
)


def learned(device: str, seed: int, progress: Progress, noise: Noise = BLANK_OUT) -> dict[str, Any]:
    """Build a chip, score it, let it learn, score it again."""
    program = program_of(network_of(seed, noise))
    with open_copies(device, program.config, [seed]) as chip:
        chip.load_weights(program.weights[None])
        machine = Machine(chip, program, seed)
        before = machine.scores()
        machine.loop.run(telling(machine.loop, progress))
        after, (weights,) = machine.scores(), chip.weights()
    joined = program.plan.network.projections
    ways = [program.weights_of(projection, weights) for projection in joined[:2]]
    return {
        "before": vars(before),
        "after": vars(after),
        "symmetry": float(np.corrcoef(ways[0].ravel(), ways[1].T.ravel())[0, 1]),
        "weight_hash": weight_hash(weights, program.geometry),
        "spike_hash": machine.loop.chains[0].hexdigest(),
    }


def measure(order: Order, progress: Progress) -> Metrics:
    """All seeds on the device, with each kind of noise."""
    found = {
        kind.name: [learned(str(order.device), seed, progress, kind) for seed in order.seeds]
        for kind in KINDS
    }
    rows = []
    for what, key in (("half completed right", "completion"), ("patterns, running free", "free")):
        for name, runs in found.items():
            for when in ("before", "after"):
                text = percent([run[when][key] for run in runs])
                rows.append(ResultRow(f"{what}: {name}, {when} learning", "", "", text))
    for name, runs in found.items():
        kinds_shown = [str(np.count_nonzero(run["after"]["shown"])) for run in runs]
        text = f"{', '.join(kinds_shown)} of {len(PICTURES)}"
        rows.append(ResultRow(f"different patterns, running free: {name}", "", "", text))
    for kind in (BLANK_OUT, THRESHOLD):
        text = ", ".join(f"{run['symmetry']:.2f}" for run in found[kind.name])
        what = f"correlation of the two directions' weights: {kind.name}"
        rows.append(ResultRow(what, "", "", text))
    return {"runs": found, "rows": rows, "note": NOTE}


@styled
def draw(metrics: Metrics) -> Picture:
    """The patterns, and what the first chip makes of their upper halves before and after."""
    run = next(iter(metrics["runs"].values()))[0]
    sheets = (
        ("patterns", patterns()),
        ("before", np.array(run["before"]["rates"])),
        ("after", np.array(run["after"]["rates"])),
    )
    picture = Picture(7.6, 4.4)
    axes = picture.subplots(len(sheets), len(PICTURES))
    for line, (name, sheet) in zip(axes, sheets, strict=True):
        for place, image in zip(line, sheet, strict=True):
            shown = place.imshow(image.reshape(SIDE, SIDE), cmap="Blues", vmin=0, vmax=1)
            place.axhline(SIDE / 2 - 0.5, color=ORANGE, linewidth=1)
            place.set(xticks=[], yticks=[])
        line[0].set_ylabel(name)
    picture.colorbar(shown, ax=axes, label="spikes per tick", shrink=0.7)
    for place, times in zip(axes[-1], run["after"]["shown"], strict=True):
        place.set_xlabel(f"free: {times} of {3 * KICKS}")
    picture.suptitle("Upper half clamped: rates of the visible neurons")
    return picture
