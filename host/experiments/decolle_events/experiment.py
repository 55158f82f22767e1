"""DECOLLE on events: convolutions that learn locally on the chip (Kaiser et al. 2020).

Every layer has a readout of its own, random and fixed, and its own error events, which the chip's
kernels learn from at all positions. Beside it the same network in float, as the paper has it:
exact errors and AdaMax. A batch of samples learns at once on the emulator; the chip's bits.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from axonloop.host.console import Progress
from axonloop.host.data import open_data
from axonloop.host.experiments.decolle_events.float import EventDescent, descended
from axonloop.host.experiments.decolle_events.kept import kept
from axonloop.host.experiments.decolle_events.task import EventTask, sizes
from axonloop.host.experiments.rows import ResultRow, percent
from axonloop.host.files import read_json, write_json
from axonloop.host.order import Metrics, Order
from axonloop.host.training import OwnNetwork, batch_trainer
from axonloop.models.checks import require

SIDES = ("float", "chip")


def measured(task: EventTask, paper: str, order: Order, progress: Progress) -> Metrics:
    """The task's network with all seeds, on the chip and in float, `jobs` of them at a time.

    `paper` is what the paper has for the last layer. What is finished lies in the order's folder,
    and is not repeated.
    """
    order.folder.mkdir(parents=True, exist_ok=True)
    tasks = [
        (task, order.folder, order.data, order.limit, seed, side)
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
        "epochs": task.epochs,
        "channels": [own.channels for own in task.layers],
        "runs": found,
        "rows": layer_rows(task, paper, found),
        **({"note": note} if before else {}),
    }


def _file(folder: Path, seed: int, side: str) -> Path:
    """What is kept of a run."""
    return folder / f"{side}-{seed}.json"


def layer_rows(task: EventTask, paper: str, runs: list[dict[str, Any]]) -> list[ResultRow]:
    """What each layer of both sides reaches, and how much depth and integers change.

    `paper` is what the paper has for the last layer.
    """
    floats, chip = ([run["test"] for run in runs if run["side"] == side] for side in SIDES)
    names = enumerate(zip(task.layers, sizes(task.network(1)), strict=True), 1)
    last = len(task.layers)
    rows = [
        ResultRow(
            f"layer {k}: {own.channels} channels, {neurons:,} neurons, {weights:,} weights",
            paper if k == last else "worse the nearer to the input (a picture)",
            percent([own[k - 1] for own in floats]),
            percent([own[k - 1] for own in chip]),
        )
        for k, (own, (neurons, weights)) in names
    ]
    gained = [[own[-1] - own[0] for own in side] for side in (floats, chip)]
    rows.append(
        ResultRow(f"layer {last} above layer 1", "above 0", *(percent(own) for own in gained))
    )
    behind = [theirs[-1] - own[-1] for theirs, own in zip(floats, chip, strict=True)]
    rows.append(ResultRow(f"layer {last} of the chip below float", "", "", percent(behind)))
    return rows


def run(order: tuple[EventTask, Path, str, int | None, int, str]) -> dict[str, Any]:
    """One seed on one side: accuracies of all layers, in 0..1, behind each epoch and in the end.

    The order names the task, the folder of what is finished, that of the data, limit, seed, side.
    """
    task, kept, folder, limit, seed, side = order
    file = _file(kept, seed, side)
    about = {"data": folder, "limit": limit, "seed": seed, "side": side, "epochs": task.epochs}
    if file.exists():
        found: dict[str, Any] = read_json(file)
        own = {name: found.get(name) for name in about}
        require(own == about, f"{file.name} in the folder", "of the same order", own)
        return found
    found = about | _trained(task, folder, limit, seed, side)
    write_json(file, found)
    return found


def _trained(
    task: EventTask, folder: str, limit: int | None, seed: int, side: str
) -> dict[str, Any]:
    with open_data(task.description(folder, limit)) as opened:
        data = kept(opened)
        settings = task.settings(seed, data.description).fitted(data)
        batch = min(task.batch, len(data.train))
        trainer = batch_trainer(settings, data, batch, OwnNetwork(task.network(seed)))
        if side == "float":
            test, curve = descended(
                trainer, EventDescent(task.epochs, batch, task.anneal, task.rate)
            )
            return {"test": test, "validation": curve}
        trainer.run()
        (score, *_) = trainer.final_each()
        return {
            "test": list(score.layers),
            "validation": [own["layer_accuracies"] for own in trainer.position.history],
            "weight_hash": trainer.weight_hashes()[0],
            "counters": trainer.copies.counters()[0],
        }
