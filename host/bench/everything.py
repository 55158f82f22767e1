"""`axonloop bench all`: every bench that needs no GPU, one after the other, in one table."""

from __future__ import annotations

from dataclasses import asdict

from axonloop.host.bench import batched, convolution, core, link, mesh, node
from axonloop.host.bench.figure import BENCHED
from axonloop.host.console import Progress
from axonloop.host.order import Metrics, Order

MODULES = {
    "core": core,
    "batched": batched,
    "convolution": convolution,
    "link": link,
    "node": node,
    "mesh": mesh,
}
"""The benches, by their names on the command line."""
TABLES = {"rows": BENCHED}


def measure(order: Order, progress: Progress) -> Metrics:
    """The figures of all benches, each with the name of its bench."""
    rows = [
        {"bench": name} | asdict(figure)
        for name, module in MODULES.items()
        for figure in module.measure(order, progress)["rows"]
    ]
    return {"rows": rows}
