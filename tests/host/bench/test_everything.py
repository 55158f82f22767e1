"""`bench all`: the figures of every bench, in one table."""

from __future__ import annotations

from dataclasses import asdict
from types import SimpleNamespace

import pytest

from axonloop.host.bench import Figure, everything
from axonloop.host.catalogue import CATALOGUE
from axonloop.host.console import Progress, progress_bars
from axonloop.host.order import Metrics, Order


def test_every_bench_of_the_catalogue_but_that_of_gpus_is_run() -> None:
    apart = ("all", "gpu")
    others = {name: entry for name, entry in CATALOGUE["bench"].items() if name not in apart}
    assert {name: entry.load() for name, entry in others.items()} == everything.MODULES


def test_figures_stand_in_order_beside_their_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = {name: Figure(f"of {name}", 1.0, "s", "") for name in ("one", "two")}

    def bench(name: str) -> SimpleNamespace:
        def measure(order: Order, progress: Progress) -> Metrics:
            return {"rows": [figures[name]], "more": []}

        return SimpleNamespace(measure=measure)

    monkeypatch.setattr(everything, "MODULES", {name: bench(name) for name in figures})
    with progress_bars() as progress:
        found = everything.measure(Order(), progress)
    assert found == {"rows": [{"bench": name} | asdict(figures[name]) for name in figures]}
