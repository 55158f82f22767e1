"""DECOLLE on events: three convolutions that learn locally on the chip (Kaiser et al. 2020).

Digits that a camera sees in three saccades, as of N-MNIST: generated ones, or the real set. Every
layer has a readout of its own, random and fixed, and its own error events, which the chip's
kernels learn from at all positions. Beside it the same network in float, as the paper has it:
exact errors and AdaMax. A batch of samples learns at once on the emulator; the chip's bits.

All settings were chosen on the validation part with seed 11, AdaMax's rate with seeds 1 to 3; the
test part is scored at the end.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from axonloop.host.console import Progress
from axonloop.host.data import open_data
from axonloop.host.experiments.decolle_events.float import EventDescent, descended
from axonloop.host.experiments.decolle_events.network import (
    CHANNELS,
    description_of,
    network_of,
    settings_of,
    sizes,
)
from axonloop.host.experiments.decolle_events.picture import draw as draw
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.files import read_json, write_json
from axonloop.host.order import Metrics, Order
from axonloop.host.training import OwnNetwork, batch_trainer
from axonloop.models.checks import require

BATCH, EPOCHS, ANNEAL, RATE = 32, 6, 2, 4e-3
SIDES = ("float", "chip")
PAPER = "99.0 % (N-MNIST; 64, 128, 128 channels, kernels of 7)"


def measure(order: Order, progress: Progress) -> Metrics:
    """The network with all seeds, on the chip and in float, `jobs` of them at a time.

    What is finished lies in the order's folder, and is not repeated.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        (order.folder, order.data, order.limit, seed, side)
        for seed in order.seeds
        for side in SIDES
    ]
    before = sum(_file(order.folder, seed, side).exists() for *_, seed, side in tasks)
    found: list[dict[str, Any]] = []
    # Torch's threads do not survive a fork.
    with ProcessPoolExecutor(order.jobs, mp_context=get_context("spawn")) as pool:
        for each in pool.map(run, tasks):
            found.append(each)
            progress("runs", len(found), len(tasks))
    note = f"{before} of its {len(tasks)} runs were finished before; the seconds are without them."
    return {
        "epochs": EPOCHS,
        "channels": list(CHANNELS),
        "runs": found,
        "rows": _rows(found),
        **({"note": note} if before else {}),
    }


def _file(folder: Path, seed: int, side: str) -> Path:
    """What is kept of a run."""
    return folder / f"{side}-{seed}.json"


def _rows(runs: list[dict[str, Any]]) -> list[ResultRow]:
    floats, chip = ([run["test"] for run in runs if run["side"] == side] for side in SIDES)
    names = enumerate(zip(CHANNELS, sizes(network_of(1)), strict=True), 1)
    rows = [
        ResultRow(
            f"layer {k}: {channels} channels, {neurons:,} neurons, {weights:,} weights",
            PAPER if k == len(CHANNELS) else "worse the nearer to the input (a picture)",
            percent([own[k - 1] for own in floats]),
            percent([own[k - 1] for own in chip]),
        )
        for k, (channels, (neurons, weights)) in names
    ]
    gained = [[own[-1] - own[0] for own in side] for side in (floats, chip)]
    rows.append(ResultRow("layer 3 above layer 1", "above 0", *(percent(own) for own in gained)))
    behind = [theirs[-1] - own[-1] for theirs, own in zip(floats, chip, strict=True)]
    rows.append(ResultRow("layer 3 of the chip below float", "", "", percent(behind)))
    return rows


def run(task: tuple[Path, str, int | None, int, str]) -> dict[str, Any]:
    """One seed on one side: accuracies of all layers, in 0..1, behind each epoch and in the end.

    The task names the folder of what is finished, that of the data, the limit, seed and side.
    """
    kept, folder, limit, seed, side = task
    file = _file(kept, seed, side)
    about = {"data": folder, "limit": limit, "seed": seed, "side": side, "epochs": EPOCHS}
    if file.exists():
        found: dict[str, Any] = read_json(file)
        own = {name: found.get(name) for name in about}
        require(own == about, f"{file.name} in the folder", "of the same order", own)
        return found
    found = about | _trained(folder, limit, seed, side)
    write_json(file, found)
    return found


def _trained(folder: str, limit: int | None, seed: int, side: str) -> dict[str, Any]:
    with open_data(description_of(folder, limit)) as data:
        settings = settings_of(seed, EPOCHS, ANNEAL, data.description).fitted(data)
        batch = min(BATCH, len(data.train))
        trainer = batch_trainer(settings, data, batch, OwnNetwork(network_of(seed)))
        if side == "float":
            test, curve = descended(trainer, EventDescent(EPOCHS, batch, ANNEAL, RATE))
            return {"test": test, "validation": curve}
        trainer.run()
        (score, *_) = trainer.final_each()
        return {
            "test": list(score.layers),
            "validation": [own["layer_accuracies"] for own in trainer.position.history],
            "weight_hash": trainer.weight_hashes()[0],
            "counters": trainer.copies.counters()[0],
        }
